import type { DomainEvent, WorkerStore } from "../store.ts";
import { drain, type Task, type TaskRun } from "../task.ts";

const BATCH = 20;
const LEASE_SECONDS = 60;
const TIMEOUT_MS = 10_000;

export interface NotifyDependencies {
  store: WorkerStore;
  /** Where the host application listens, and the key it verifies with; null where nobody does. */
  sink: { url: string; sign: SignMessage } | null;
  fetch: typeof fetch;
  now: () => number;
}

/** The `webhook-signature` header of one message. */
export type SignMessage = (id: string, timestamp: number, body: string) => Promise<string>;

/**
 * Delivers domain events to the host application, each until it answers 2xx. Delivery is at least
 * once; `webhook-id` is the same each time, so that the host's effect can be exactly once.
 *
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function notifyTask(deps: NotifyDependencies): Task {
  return (run) => {
    if (deps.sink === null) return Promise.resolve({ done: 0, failed: 0, ms: 0 });
    return drain({
      claim: () => deps.store.claimOutbox(BATCH, LEASE_SECONDS),
      handle: (event) => deliver(deps, event, run),
      now: deps.now,
      batch: BATCH,
      parallel: 5,
      budgetMs: 20_000,
    });
  };
}

async function deliver(
  deps: NotifyDependencies,
  event: DomainEvent,
  { log }: TaskRun,
): Promise<boolean> {
  const error = await post(deps, event);
  if (error !== null) log("warn", "domain event not taken", { event_id: event.id, detail: error });
  const state = await deps.store.finishOutbox(event, error);
  return state === "delivered";
}

/** Null: taken; otherwise why not, in a word. */
async function post(
  { sink, fetch, now }: NotifyDependencies,
  event: DomainEvent,
): Promise<string | null> {
  if (sink === null) return "no_sink";
  const body = JSON.stringify({
    type: event.type,
    timestamp: event.created_at,
    data: { ...event.data, object_id: event.object_id, user_id: event.user_id },
  });
  const timestamp = Math.floor(now() / 1000);
  try {
    const response = await fetch(sink.url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "webhook-id": event.id,
        "webhook-timestamp": String(timestamp),
        "webhook-signature": await sink.sign(event.id, timestamp, body),
      },
      body,
      redirect: "error", // a signed message goes where it was configured to go
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
    return response.ok ? null : `status_${response.status}`;
  } catch (error) {
    return error instanceof Error ? error.name : "unknown";
  }
}
