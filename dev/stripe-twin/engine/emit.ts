import type Stripe from "stripe";
import { eventSequences, type SequenceName } from "../event-sequences.ts";
import { previousAttributes } from "./previous-attributes.ts";
import type { Stored } from "./stored.ts";

type EventType = Stripe.Event.Type;

/** The object that an event of this type carries. */
type ObjectOf<Type extends EventType> = Stored<
  Extract<Stripe.Event, { type: Type }>["data"]["object"]
>;

/** What goes into an event's `data`. */
export interface Payload<Type extends EventType = EventType> {
  object: ObjectOf<Type>;
  previous?: Record<string, unknown>;
}

type Named<Name extends SequenceName> = (typeof eventSequences)[Name]["events"][number];
type Always<Event> = Event extends `${string}?` ? never : Event extends EventType ? Event : never;
type Sometimes<Event> = Event extends `${infer Type}?` ? (Type extends EventType ? Type : never)
  : never;
type OneOrMore<Item> = Item | readonly Item[];

/**
 * The payloads of one row of the table, by event type: those the row always sends are required, the others optional.
 * A list gives one payload for each time the type stands in the row (or, after `?`, for each object concerned).
 */
export type Payloads<Name extends SequenceName> =
  & { [Type in Always<Named<Name>>]: OneOrMore<Payload<Type>> }
  & { [Type in Sometimes<Named<Name>>]?: OneOrMore<Payload<Type>> | undefined };

/** One event to be made. */
export interface PlannedEvent {
  type: EventType;
  object: object;
  previous: Record<string, unknown> | undefined;
}

/** Payload of a `created` event and its like. */
export function made<Item>(object: Item): { object: Item } {
  return { object };
}

/** Payload of an object that may not exist. */
export function optionally<Item>(object: Item | null | undefined): { object: Item } | undefined {
  return object === null || object === undefined ? undefined : { object };
}

/** Payload of an `updated` event: the object as it is now and what changed. */
export function changed<Item extends object>(
  before: object,
  after: Item,
): { object: Item; previous: Record<string, unknown> } {
  return { object: after, previous: previousAttributes(before, after) };
}

/** The events of a row in the table's order, filled with their payloads. */
export function planSequence<Name extends SequenceName>(
  name: Name,
  payloads: Payloads<Name>,
): PlannedEvent[] {
  const given = new Map<string, Payload[]>();
  for (const [type, value] of Object.entries<OneOrMore<Payload> | undefined>(payloads)) {
    if (value !== undefined) given.set(type, isList(value) ? [...value] : [value]);
  }
  const planned: PlannedEvent[] = [];
  for (const entry of eventSequences[name].events) {
    const { type, optional } = readEntry(entry);
    const waiting = given.get(type) ?? [];
    // An optional type may concern several objects (every subscription of a deleted customer).
    const now = optional ? waiting.splice(0) : waiting.splice(0, 1);
    if (now.length === 0 && !optional) {
      throw new Error(`The sequence "${name}" lacks a payload for ${type}`);
    }
    for (const payload of now) {
      planned.push({ type, object: payload.object, previous: payload.previous });
    }
  }
  const left = [...given].find(([, waiting]) => waiting.length > 0);
  if (left !== undefined) {
    throw new Error(`The sequence "${name}" has too many payloads for ${left[0]}`);
  }
  return planned;
}

function isList(value: OneOrMore<Payload>): value is readonly Payload[] {
  return Array.isArray(value);
}

/** Splits the table's `type?` into the type and whether it is optional. */
function readEntry(entry: string): { type: EventType; optional: boolean } {
  const optional = entry.endsWith("?");
  const name = optional ? entry.slice(0, -1) : entry;
  if (!isEventType(name)) throw new Error(`The table names an unknown event: ${name}`);
  return { type: name, optional };
}

const known: ReadonlySet<string> = new Set(
  Object.values(eventSequences).flatMap((row) => row.events.map((entry) => entry.replace("?", ""))),
);

function isEventType(name: string): name is EventType {
  return known.has(name);
}
