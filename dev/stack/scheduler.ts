import type { Log } from "./log.ts";

/** Calls the worker in place of pg_cron and pg_net. */
export interface Scheduler {
  stop(): Promise<void>;
}

export interface SchedulerOptions {
  functionsUrl: string;
  workerKey: string;
  intervalMs: number;
  log: Log;
}

/** POSTs to payments-worker at an interval, never twice at once. A failure is logged when it first appears, not at each turn. */
export function startScheduler(options: SchedulerOptions): Scheduler {
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  let lastFailure: string | undefined;

  const turn = async () => {
    const failure = await callWorker(options, stopping.signal);
    if (failure !== undefined && failure !== lastFailure && !stopping.signal.aborted) {
      options.log(`scheduler: payments-worker ${failure}`);
    }
    lastFailure = failure;
  };
  const timer = setInterval(() => {
    running ??= turn().finally(() => running = undefined);
  }, options.intervalMs);
  return {
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await running;
    },
  };
}

/** What went wrong, or undefined. */
async function callWorker(
  options: SchedulerOptions,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const response = await fetch(`${options.functionsUrl}/payments-worker`, {
      method: "POST",
      headers: { apikey: options.workerKey, "content-type": "application/json" },
      body: "{}",
      signal,
    });
    await response.body?.cancel();
    return response.ok ? undefined : `answered ${response.status}`;
  } catch (error) {
    return `could not be reached: ${String(error)}`;
  }
}
