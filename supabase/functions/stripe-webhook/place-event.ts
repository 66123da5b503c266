import { DELETION_EVENTS, HANDLED_EVENTS, isHandledEvent } from "../_shared/handled-events.ts";
import { OBJECT_KINDS } from "../_shared/object-kinds.ts";
import { type Projection, ProjectionError } from "../_shared/projections/projection.ts";
import type { StripeEvent } from "./request.ts";

/** What is to be done with an event, decided without looking at the database. */
export type Placement =
  | { action: "ignore" }
  | { action: "quarantine" }
  | { action: "apply"; projection: Projection }
  | { action: "retry"; failure: string };

/** Finds the event's type in the table, checks that it shows what the type says, and projects it. */
export function placeEvent(event: StripeEvent): Placement {
  if (event.isConnect || !isHandledEvent(event.type)) return { action: "ignore" };
  const kind = HANDLED_EVENTS[event.type];
  if (event.object.kind !== kind || event.object.id === null) return { action: "quarantine" };
  if (DELETION_EVENTS.has(event.type)) {
    return { action: "apply", projection: { id: event.object.id, deleted: true } };
  }
  try {
    return { action: "apply", projection: OBJECT_KINDS[kind].project(event.snapshot) };
  } catch (error) {
    if (error instanceof ProjectionError) return { action: "retry", failure: error.message };
    throw error;
  }
}
