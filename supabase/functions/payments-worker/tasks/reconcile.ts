import type Stripe from "stripe";
import { errorCode } from "../error-code.ts";
import type { ReconcileMode, ReconcilePlace, ReconcileRun, WorkerStore } from "../store.ts";
import type { Task, TaskRun } from "../task.ts";
import { compareEvents } from "./reconcile-events.ts";
import { scanObjects } from "./reconcile-objects.ts";

const LEASE_SECONDS = 600;
/** Then it pauses, and the next run goes on: the platform ends a request at 150 s. */
const BUDGET_MS = 60_000;

export interface ReconcileDependencies {
  stripe: Stripe;
  store: WorkerStore;
  accountId: () => Promise<string>;
  /** Whether events here are live ones. */
  livemode: boolean;
  now: () => number;
}

/** How far a part of the work came: `next` is where to go on, null when all of it is done. */
export interface Step {
  found: number;
  /** What could not be taken in and held up nothing else. */
  failed: number;
  next: ReconcilePlace | null;
}

export type Work = (
  deps: ReconcileDependencies,
  run: ReconcileRun,
  taskRun: TaskRun,
) => Promise<Step>;

const WORK: Record<ReconcileMode, Work> = {
  scan: scanObjects,
  hourly: compareEvents,
  nightly: compareEvents,
};

/**
 * Finds what Stripe never told us: hourly by the events since the cursor, nightly by all events of 30
 * days, and by all objects where events do not reach back far enough. A run counts only if all of it
 * succeeded.
 */
export function reconcileTask(deps: ReconcileDependencies): Task {
  return async (run) => {
    const startedAt = deps.now();
    const totals = { done: 0, failed: 0 };
    // named by the caller, only the events are compared at once: a scan costs a call for each page
    for (const mode of ["scan", "hourly", "nightly"] as const) {
      const forced = run.forced && mode === "hourly";
      const outcome = await reconcile(deps, mode, forced, run);
      totals.done += outcome.found;
      if (outcome.failed) totals.failed++;
    }
    return { ...totals, ms: deps.now() - startedAt };
  };
}

async function reconcile(
  deps: ReconcileDependencies,
  mode: ReconcileMode,
  forced: boolean,
  taskRun: TaskRun,
): Promise<{ found: number; failed: boolean }> {
  const begun = await deps.store.beginReconcile(mode, forced, LEASE_SECONDS);
  if (!begun.due) return { found: 0, failed: false };
  const startedAt = deps.now();
  let { run } = begun;
  let found = 0;
  try {
    for (;;) {
      const step = await WORK[mode](deps, run, taskRun);
      found += step.found;
      const failed = run.failed + step.failed;
      if (step.next === null) {
        if (failed > 0) throw new RangeError("some could not be taken in");
        break;
      }
      run = { ...run, failed, place: step.next };
      if (deps.now() - startedAt > BUDGET_MS) {
        await deps.store.pauseReconcile(mode, run);
        return { found, failed: false };
      }
    }
    await deps.store.finishReconcile(mode, run, { found });
    return { found, failed: false };
  } catch (error) {
    taskRun.log("warn", "reconcile failed", { task: mode, detail: errorCode(error) });
    await deps.store.failReconcile(mode, run).catch(() => undefined);
    return { found, failed: true };
  }
}
