import type { Config } from "./config.ts";

const MIN_INTERVAL_MS = 1000;
const TIMEOUT_MS = 5000;

/** Supabase's edge runtime; absent in plain Deno. */
interface EdgeRuntime {
  waitUntil(promise: Promise<unknown>): void;
}

/**
 * Asks payments-worker to run its refresh, at most once a second from one isolate, without waiting.
 * It may be cut off at any moment, so it only speeds things up: the schedule comes all the same.
 *
 * @see https://supabase.com/docs/guides/functions/background-tasks
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
    edgeRuntime()?.waitUntil(woken);
  };
}

function edgeRuntime(): EdgeRuntime | undefined {
  const runtime: unknown = Reflect.get(globalThis, "EdgeRuntime");
  return isEdgeRuntime(runtime) ? runtime : undefined;
}

function isEdgeRuntime(value: unknown): value is EdgeRuntime {
  return typeof value === "object" && value !== null && "waitUntil" in value &&
    typeof value.waitUntil === "function";
}
