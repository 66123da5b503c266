import type { SequenceName } from "../event-sequences.ts";
import type { TwinClock } from "./clock.ts";
import type { Payloads } from "./emit.ts";
import type { Ids } from "./ids.ts";
import type { Store } from "./store.ts";

/** What the code of a resource works with: one for each request, so that events name the request that made them. */
export interface Scope {
  readonly store: Store;
  readonly clock: TwinClock;
  readonly ids: Ids;
  /** Where people and clients reach the twin, without a slash at the end. */
  readonly baseUrl: string;
  readonly apiVersion: string;
  /** Makes the events of one row of the table and hands them to delivery. */
  emit<Name extends SequenceName>(name: Name, payloads: Payloads<Name>): void;
}
