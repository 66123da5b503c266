import { alertText } from "../alert-text.ts";
import { errorCode } from "../error-code.ts";
import type { Alert, DomainEvent, Notice, WorkerStore } from "../store.ts";
import { allTasks, drain, type Task, type TaskRun } from "../task.ts";

/** No more is leased than is sent at once: who is leased and never sent would lose an attempt with the worker. */
const BATCH = 5;
const LEASE_SECONDS = 60;
const TIMEOUT_MS = 10_000;

/** Where something listens, and the key it verifies with; null for one that verifies nothing. */
export interface Sink {
  url: string;
  sign: SignMessage | null;
}

export interface NotifyDependencies {
  store: Pick<
    WorkerStore,
    | "checkIncidentClocks"
    | "claimAlerts"
    | "claimNotices"
    | "claimOutbox"
    | "finishAlert"
    | "finishNotice"
    | "finishOutbox"
  >;
  /** The host application, for domain events; null where nobody listens. */
  events: Sink | null;
  /** Who sends notices on to people; null where nobody does. */
  notices: Sink | null;
  /** Who wakes people up; null where nobody does. */
  alerts: Sink | null;
  fetch: typeof fetch;
  now: () => number;
}

/** The `webhook-signature` header of one message. */
export type SignMessage = (id: string, timestamp: number, body: string) => Promise<string>;

/** What is delivered: the id is the `webhook-id`, the same at each attempt. */
interface Message {
  id: string;
  body: Record<string, unknown>;
}

/** One outbox: how its rows are leased, told and ended. */
interface Outbox<Row> {
  sink: Sink | null;
  claim: (limit: number, leaseSeconds: number) => Promise<Row[]>;
  messageOf: (row: Row) => Message;
  finish: (row: Row, error: string | null) => Promise<"delivered" | "pending" | "dead" | "fenced">;
}

/**
 * Delivers alerts to who wakes people up, domain events to the host application and notices to who sends
 * them on, each until it is answered 2xx. Delivery is at least once; `webhook-id` is the same each time,
 * so that the effect can be exactly once. Also looks whether an incident's 72 hours are running out.
 *
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function notifyTask(deps: NotifyDependencies): Task {
  const { store } = deps;
  const events: Outbox<DomainEvent> = {
    sink: deps.events,
    claim: store.claimOutbox,
    messageOf: ({ id, type, created_at, data, object_id, user_id }) => ({
      id,
      body: { type, timestamp: created_at, data: { ...data, object_id, user_id } },
    }),
    finish: store.finishOutbox,
  };
  const notices: Outbox<Notice> = {
    sink: deps.notices,
    claim: store.claimNotices,
    messageOf: ({ id, created_at, incident_id, user_id, subject, body }) => ({
      id,
      body: {
        type: "incident.notice",
        timestamp: created_at,
        data: { incident_id, user_id, subject, body },
      },
    }),
    finish: store.finishNotice,
  };
  const alerts: Outbox<Alert> = {
    sink: deps.alerts,
    claim: store.claimAlerts,
    messageOf: (alert) => ({ id: alert.id, body: alertBody(alert, deps.alerts) }),
    finish: store.finishAlert,
  };
  // alerts first: they may be about the events' delivery
  return allTasks(
    clocksTask(deps),
    deliverAll(deps, alerts),
    deliverAll(deps, events),
    deliverAll(deps, notices),
  );
}

function clocksTask({ store, now }: NotifyDependencies): Task {
  return async () => {
    const startedAt = now();
    await store.checkIncidentClocks();
    return { done: 0, failed: 0, ms: now() - startedAt };
  };
}

/** Slack's incoming webhooks take `text`; so do those made after their model, beside what they ignore. */
function alertBody(alert: Alert, sink: Sink | null): Record<string, unknown> {
  const text = alertText(alert);
  if (sink?.sign === null) return { text };
  const { lease: _lease, attempt: _attempt, ...data } = alert;
  return { type: "alert.opened", timestamp: alert.first_seen_at, text, data };
}

function deliverAll<Row>(deps: NotifyDependencies, outbox: Outbox<Row>): Task {
  const { sink } = outbox;
  if (sink === null) return () => Promise.resolve({ done: 0, failed: 0, ms: 0 });
  const deliver = async (row: Row, { log }: TaskRun): Promise<boolean> => {
    const message = outbox.messageOf(row);
    const error = await post(deps, sink, message);
    if (error !== null) log("warn", "message not taken", { event_id: message.id, detail: error });
    try {
      return await outbox.finish(row, error) === "delivered";
    } catch (lost) {
      // leased until its time is over, then told again under the same id; the others go on
      log("error", "the end of a message is lost", {
        event_id: message.id,
        detail: errorCode(lost),
      });
      return false;
    }
  };
  return (run) =>
    drain({
      claim: () => outbox.claim(BATCH, LEASE_SECONDS),
      handle: (row) => deliver(row, run),
      now: deps.now,
      batch: BATCH,
      parallel: BATCH,
      budgetMs: 20_000,
    });
}

/** Null: taken; otherwise why not, in a word. */
async function post(
  { fetch, now }: NotifyDependencies,
  sink: Sink,
  message: Message,
): Promise<string | null> {
  const body = JSON.stringify(message.body);
  const timestamp = Math.floor(now() / 1000);
  try {
    const response = await fetch(sink.url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...await signatureHeaders(sink, message.id, timestamp, body),
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

async function signatureHeaders(
  { sign }: Sink,
  id: string,
  timestamp: number,
  body: string,
): Promise<Record<string, string>> {
  if (sign === null) return {};
  return {
    "webhook-id": id,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": await sign(id, timestamp, body),
  };
}
