import type { WorkerStore } from "../store.ts";
import type { Task } from "../task.ts";

const BUDGET_MS = 20_000;

/**
 * Once a day: looks for card numbers in everything the database holds, a second at a time. What does
 * not fit into this run's time goes on with the next one. `failed` counts what it found.
 */
export function cardScanTask({ store, now }: { store: WorkerStore; now: () => number }): Task {
  return async ({ forced }) => {
    const startedAt = now();
    let scan = await store.scanForCards(forced);
    while (scan.due && !scan.finished && now() - startedAt < BUDGET_MS) {
      scan = await store.scanForCards(false);
    }
    const isOver = scan.due && scan.finished;
    return { done: isOver ? 1 : 0, failed: isOver ? scan.found : 0, ms: now() - startedAt };
  };
}
