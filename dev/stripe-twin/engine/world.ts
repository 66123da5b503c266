import type { SequenceName } from "../event-sequences.ts";
import type { TwinClock } from "./clock.ts";
import { Deliveries, type DeliveryTarget } from "./deliveries.ts";
import { type Payloads, planSequence } from "./emit.ts";
import { EventLog } from "./event-log.ts";
import { Faults } from "./faults.ts";
import { IdempotencyKeys } from "./idempotency.ts";
import type { Ids } from "./ids.ts";
import type { Scope } from "./scope.ts";
import { Store } from "./store.ts";

/** Stripe's API version of the installed SDK. */
export const apiVersion = "2026-10-28.endive";

/** A webhook endpoint given from outside, not made through the API. */
export interface FixedEndpoint {
  url: string;
  secret: string;
  /** The secret before a roll; while it is given, deliveries carry a signature with each. */
  previousSecret?: string;
  enabledEvents: string[] | ["*"];
  apiVersion?: string;
}

/** Everything that lives behind the HTTP surface. */
export class World {
  store = new Store();
  readonly clock: TwinClock;
  readonly ids: Ids;
  readonly faults: Faults;
  readonly events: EventLog;
  readonly deliveries: Deliveries;
  readonly idempotency = new IdempotencyKeys();
  /** Secrets of endpoints made through the API, by id; Stripe shows them once. */
  readonly endpointSecrets = new Map<string, string>();
  baseUrl = "";
  #fixed: FixedEndpoint[] = [];

  constructor(clock: TwinClock, ids: Ids, log: (line: string) => void) {
    this.clock = clock;
    this.ids = ids;
    this.faults = new Faults(() => ids.random());
    this.events = new EventLog(clock, ids, apiVersion);
    this.deliveries = new Deliveries(clock, ids, this.faults, log);
  }

  setFixedEndpoints(endpoints: FixedEndpoint[]): void {
    this.#fixed = endpoints;
  }

  /** Every endpoint that events go to now. */
  targets(): DeliveryTarget[] {
    const fixed = this.#fixed.map((item, index) => ({
      id: `we_fixed_${index + 1}`,
      url: item.url,
      secrets: item.previousSecret === undefined
        ? [item.secret]
        : [item.secret, item.previousSecret],
      enabledEvents: item.enabledEvents,
      apiVersion: item.apiVersion ?? null,
    }));
    const made = this.store.webhookEndpoints.newestFirst().reverse().filter((item) =>
      item.status === "enabled"
    );
    return [
      ...fixed,
      ...made.map((item) => ({
        id: item.id,
        url: item.url,
        secrets: [this.endpointSecrets.get(item.id) ?? ""],
        enabledEvents: item.enabled_events,
        apiVersion: item.api_version,
      })),
    ];
  }

  /** A scope for one request, or for what happens without one (time passing, a control). */
  scope(request: { id: string | null; idempotencyKey: string | null }): Scope {
    const { store, clock, ids, baseUrl } = this;
    const emit = <Name extends SequenceName>(name: Name, payloads: Payloads<Name>): void => {
      for (const planned of planSequence(name, payloads)) {
        const event = this.events.add(planned, {
          id: request.id,
          idempotency_key: request.idempotencyKey,
        });
        this.deliveries.send(event, this.targets());
      }
    };
    return { store, clock, ids, baseUrl, apiVersion, emit };
  }

  /** Back to an empty account, real time and no faults; endpoints given from outside stay. */
  reset(): void {
    this.store = new Store();
    this.endpointSecrets.clear();
    this.events.clear();
    this.deliveries.clear();
    this.idempotency.clear();
    this.faults.clear();
    this.clock.reset();
  }
}
