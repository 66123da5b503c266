import type { Log } from "../_shared/log.ts";

/** What a task did, for the caller and the log. */
export interface TaskResult {
  done: number;
  failed: number;
  ms: number;
}

/** One run of a task. `forced`: the caller named it, so what is not due runs all the same. */
export interface TaskRun {
  requestId: string;
  log: Log;
  forced: boolean;
}

export type Task = (run: TaskRun) => Promise<TaskResult>;

/** Works through leased items, a few at a time, until none is left or the time is up. */
export async function drain<T>(options: {
  claim: () => Promise<T[]>;
  /** True: done; false: failed. It must not throw. */
  handle: (item: T) => Promise<boolean>;
  now: () => number;
  batch: number;
  parallel: number;
  budgetMs: number;
}): Promise<TaskResult> {
  const startedAt = options.now();
  let done = 0;
  let failed = 0;
  while (options.now() - startedAt < options.budgetMs) {
    const items = await options.claim();
    for (let index = 0; index < items.length; index += options.parallel) {
      const slice = items.slice(index, index + options.parallel);
      for (const succeeded of await Promise.all(slice.map(options.handle))) {
        if (succeeded) done++;
        else failed++;
      }
    }
    if (items.length < options.batch) break;
  }
  return { done, failed, ms: options.now() - startedAt };
}

/** Several tasks under one name, one after another. */
export function allTasks(...tasks: Task[]): Task {
  return async (run) => {
    const total = { done: 0, failed: 0, ms: 0 };
    for (const task of tasks) {
      const { done, failed, ms } = await task(run);
      total.done += done;
      total.failed += failed;
      total.ms += ms;
    }
    return total;
  };
}
