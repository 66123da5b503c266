import type { WorkerStore } from "../store.ts";
import type { Task } from "../task.ts";

/** Once a day: drops what has served its time. All of it happens in the database. */
export function purgeTask({ store, now }: { store: WorkerStore; now: () => number }): Task {
  return async ({ forced }) => {
    const startedAt = now();
    const { done } = await store.purge(forced);
    return { done, failed: 0, ms: now() - startedAt };
  };
}
