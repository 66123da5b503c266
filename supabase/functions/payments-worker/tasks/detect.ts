import type { WorkerStore } from "../store.ts";
import type { Task } from "../task.ts";

export interface DetectDependencies {
  store: WorkerStore;
  now: () => number;
}

/**
 * Adds up the requests that the functions have flushed and looks at what no single transaction notices:
 * bursts of bad signatures, a pipeline that is behind, keys that are old, what is unusual for the hour.
 */
export function detectTask({ store, now }: DetectDependencies): Task {
  return async () => {
    const startedAt = now();
    const done = await store.detect();
    return { done, failed: 0, ms: now() - startedAt };
  };
}
