import type Stripe from "stripe";
import type { PlannedEvent } from "./emit.ts";
import type { TwinClock } from "./clock.ts";
import type { Ids } from "./ids.ts";

/** An event as it was made; `data` is the JSON text of that moment. */
export interface LoggedEvent {
  id: string;
  type: Stripe.Event.Type;
  created: number;
  data: string;
  apiVersion: string;
  request: { id: string | null; idempotency_key: string | null };
  /** Endpoints that asked for it and have not answered 2xx. */
  pending: Set<string>;
  /** Endpoints that have refused or missed it for good. */
  failed: Set<string>;
}

const keepSeconds = 30 * 24 * 60 * 60;

/** Every event the twin made. `/v1/events` reaches back 30 days, as at Stripe. */
export class EventLog {
  readonly #events: LoggedEvent[] = [];
  readonly #byId = new Map<string, LoggedEvent>();
  readonly #clock: TwinClock;
  readonly #ids: Ids;
  readonly #apiVersion: string;

  constructor(clock: TwinClock, ids: Ids, apiVersion: string) {
    this.#clock = clock;
    this.#ids = ids;
    this.#apiVersion = apiVersion;
  }

  add(planned: PlannedEvent, request: LoggedEvent["request"]): LoggedEvent {
    const data = planned.previous === undefined
      ? { object: planned.object }
      : { object: planned.object, previous_attributes: planned.previous };
    const event: LoggedEvent = {
      id: this.#ids.make("evt", 24),
      type: planned.type,
      created: this.#clock.now(),
      data: JSON.stringify(data),
      apiVersion: this.#apiVersion,
      request,
      pending: new Set(),
      failed: new Set(),
    };
    this.#events.push(event);
    this.#byId.set(event.id, event);
    return event;
  }

  /** Any event, however old (a redelivery may want one that the API no longer shows). */
  find(id: string): LoggedEvent | undefined {
    return this.#byId.get(id);
  }

  /** One event, if the API still shows it. */
  findVisible(id: string): LoggedEvent | undefined {
    const event = this.#byId.get(id);
    return event !== undefined && event.created >= this.#clock.now() - keepSeconds
      ? event
      : undefined;
  }

  /** What the API shows, newest first. */
  visible(): LoggedEvent[] {
    const horizon = this.#clock.now() - keepSeconds;
    return this.#events.filter((event) => event.created >= horizon).reverse();
  }

  /** Every event in the order in which it was made. */
  all(): readonly LoggedEvent[] {
    return this.#events;
  }

  clear(): void {
    this.#events.length = 0;
    this.#byId.clear();
  }
}

/** The event object as Stripe sends it now; `pending_webhooks` falls as deliveries succeed. */
export function renderEvent(
  event: LoggedEvent,
  apiVersion: string = event.apiVersion,
): Record<string, unknown> {
  const data: unknown = JSON.parse(event.data);
  return {
    id: event.id,
    object: "event",
    api_version: apiVersion,
    created: event.created,
    data,
    livemode: false,
    pending_webhooks: event.pending.size,
    request: event.request,
    type: event.type,
  };
}
