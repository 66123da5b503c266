import { runInBackground } from "./background.ts";
import type { Config } from "./config.ts";

const MIN_INTERVAL_MS = 1000;
const TIMEOUT_MS = 5000;

/**
 * Asks payments-worker to run its refresh, at most once a second from one isolate, without waiting.
 * It may be cut off at any moment, so it only speeds things up: the schedule comes all the same.
 */
export function createWorkerWaker(config: Config, now: () => number): () => void {
  let wokenAt = 0;
  return () => {
    if (now() - wokenAt < MIN_INTERVAL_MS) return;
    wokenAt = now();
    const woken = fetch(`${config.supabaseUrl}/functions/v1/payments-worker`, {
      method: "POST",
      headers: { apikey: config.workerKey, "content-type": "application/json" },
      body: '{"tasks":["refresh"]}',
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).then((response) => response.body?.cancel(), () => undefined);
    runInBackground(woken);
  };
}
