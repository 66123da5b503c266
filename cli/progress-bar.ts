import type { CommandIo } from "./command-io.ts";

const QUIET_MS = 2_000;
const REDRAW_MS = 100;
const WIDTH = 30;

/** Draws how far something has come, once it has taken two seconds, and only on a terminal. */
export interface ProgressBar {
  /** @param done of `total`, in any unit */
  update(done: number, total: number, what: string): void;
  /** Takes it off the screen. */
  clear(): void;
}

export function createProgressBar({ now, error, terminal }: CommandIo): ProgressBar {
  const startedAt = now().getTime();
  let drawnAt = 0;
  return {
    update(done, total, what) {
      const at = now().getTime();
      if (terminal !== true || at - startedAt < QUIET_MS || at - drawnAt < REDRAW_MS) return;
      drawnAt = at;
      const share = total === 0 ? 1 : Math.min(1, done / total);
      const filled = Math.round(share * WIDTH);
      const bar = `${"█".repeat(filled)}${"░".repeat(WIDTH - filled)}`;
      error(`\r\x1b[K${bar} ${Math.floor(share * 100)} %  ${what}`);
    },
    clear() {
      if (drawnAt > 0) error("\r\x1b[K");
    },
  };
}
