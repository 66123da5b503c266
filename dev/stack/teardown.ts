import type { Log } from "./log.ts";

/** Undoes what a start did, last thing first. */
export interface Teardown {
  add(what: string, undo: () => void | Promise<void>): void;
  /** Runs once, however often it is called; one failure does not keep the rest from running. */
  run(): Promise<void>;
}

export function createTeardown(log: Log): Teardown {
  const steps: { what: string; undo: () => void | Promise<void> }[] = [];
  let running: Promise<void> | undefined;
  const undoAll = async () => {
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
      try {
        await step.undo();
      } catch (error) {
        log(`could not stop ${step.what}: ${String(error)}`);
      }
    }
  };
  return {
    add(what, undo) {
      steps.push({ what, undo });
    },
    run: () => running ??= undoAll(),
  };
}

/** A teardown of its own that takes one place in another one's order, fixed now. */
export function nestTeardown(outer: Teardown, what: string, log: Log): Teardown {
  const inner = createTeardown(log);
  outer.add(what, () => inner.run());
  return inner;
}
