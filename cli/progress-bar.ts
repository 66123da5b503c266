import type { CommandIo } from "./command-io.ts";

const QUIET_MS = 2_000;
const REDRAW_MS = 100;
/** Redrawn by itself, so that one long statement shows that it is at work. */
const TICK_MS = 500;
const WIDTH = 30;
const SPINNER = "|/-\\";

/** Draws how far something has come, once it has taken two seconds, and only on a terminal. */
export interface ProgressBar {
  /** @param done of `total`, in any unit; a total of 0 is one that nobody knows yet */
  update(done: number, total: number, what: string): void;
  /** Takes it off the screen. */
  clear(): void;
}

export function createProgressBar({ now, error, terminal }: CommandIo): ProgressBar {
  const startedAt = now().getTime();
  let [drawnAt, turns] = [0, 0];
  let state: { done: number; total: number; what: string } | undefined;
  let timer: ReturnType<typeof setInterval> | undefined;
  const draw = () => {
    const at = now().getTime();
    if (state === undefined || at - startedAt < QUIET_MS || at - drawnAt < REDRAW_MS) return;
    drawnAt = at;
    error(`\r\x1b[K${render(state, turns++)}`);
  };
  return {
    update(done, total, what) {
      if (terminal !== true) return;
      state = { done, total, what };
      timer ??= setInterval(draw, TICK_MS);
      draw();
    },
    clear() {
      clearInterval(timer);
      [state, timer] = [undefined, undefined];
      if (drawnAt > 0) error("\r\x1b[K");
    },
  };
}

function render(
  { done, total, what }: { done: number; total: number; what: string },
  turn: number,
) {
  if (total === 0) return `${SPINNER[turn % SPINNER.length]} ${what}`;
  const share = Math.min(1, done / total);
  const filled = Math.round(share * WIDTH);
  const bar = `${"█".repeat(filled)}${"░".repeat(WIDTH - filled)}`;
  return `${bar} ${Math.floor(share * 100)} %  ${what}`;
}
