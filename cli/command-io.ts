/** What a command may touch of the process it runs in. */
export interface CommandIo {
  /** The repository's root. */
  readonly root: string;
  readonly now: () => Date;
  readonly colour: boolean;
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
}

/** 0 fine, 1 a finding or a failure, 2 wrong usage. */
export type ExitCode = 0 | 1 | 2;

/** Colours only on a terminal, and never when `NO_COLOR` is set to anything (no-color.org). */
export function wantsColour(isTerminal: boolean, noColor: string | undefined): boolean {
  return isTerminal && (noColor === undefined || noColor === "");
}
