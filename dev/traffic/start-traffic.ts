import type { StackState } from "../stack/state.ts";
import type { Stoppable } from "../stack/run-until-signal.ts";
import { runTraffic } from "./run-traffic.ts";
import { BUSY_DAY } from "./storyline.ts";

const PAUSE_MS = 1_500;
const MOST_MS = 10 * 60_000;

/** Lets the day begin in the background. It ends by itself, or when it is stopped. */
export function startTraffic(
  state: StackState,
  seed: number,
  say: (line: string) => void,
): Stoppable {
  const stopping = new AbortController();
  const running = runTraffic(state, {
    seed,
    day: BUSY_DAY,
    pauseMs: PAUSE_MS,
    mostMs: MOST_MS,
    say,
    signal: stopping.signal,
  }).then(
    () => say("The day is over; the shop stays open until Ctrl-C."),
    (error: unknown) => {
      if (!stopping.signal.aborted) {
        say(`The day ended early: ${error instanceof Error ? error.message : String(error)}`);
      }
    },
  );
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
