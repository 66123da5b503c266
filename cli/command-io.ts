/** What a command may touch of the process it runs in. */
export interface CommandIo {
  /** The repository's root. */
  readonly root: string;
  readonly now: () => Date;
  readonly colour: boolean;
  /** Whether standard error is a terminal, where a progress bar can be drawn; no by default. */
  readonly terminal?: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Who sits at this machine: named in the audit trail unless `--as` says otherwise. */
  readonly operator: string;
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
}

/** 0 fine, 1 a finding or a failure, 2 wrong usage. */
export type ExitCode = 0 | 1 | 2;

/** Takes a command's exit code. */
export type Done = (code: ExitCode) => void;

/** The command cannot mean anything as it was written: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Colours only on a terminal, and never when `NO_COLOR` is set to anything (no-color.org). */
export function wantsColour(isTerminal: boolean, noColor: string | undefined): boolean {
  return isTerminal && (noColor === undefined || noColor === "");
}
