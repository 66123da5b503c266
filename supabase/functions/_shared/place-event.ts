import { handledEvent } from "./handled-events.ts";
import { isObjectKind, OBJECT_KINDS } from "./object-kinds.ts";
import { type Projection, ProjectionError } from "./projections/projection.ts";
import type { StripeEvent } from "./stripe-event.ts";

/** The mirrored object an event is about. */
export interface Target {
  kind: string;
  id: string;
}

/** What is to be done with an event, decided without looking at the database. */
export type Placement =
  | { action: "ignore" }
  | { action: "quarantine" }
  | { action: "mark"; target: Target }
  | { action: "apply"; target: Target; projection: Projection }
  | { action: "retry"; target: Target; failure: string };

/** Finds the event's type in the table, checks that it shows what the type says, and projects it. */
export function placeEvent(event: StripeEvent): Placement {
  if (event.isConnect) return { action: "ignore" };
  if (event.snapshot === undefined) return placeThinEvent(event);
  const handled = handledEvent(event.type);
  if (handled === undefined) return { action: "ignore" };

  const id = handled.idAt === undefined
    ? event.object.id
    : referenceAt(event.snapshot, handled.idAt);
  if (event.object.kind !== (handled.shows ?? handled.kind) || id === null) {
    return { action: "quarantine" };
  }
  const target = { kind: handled.kind, id };
  if (handled.use === "mark") return { action: "mark", target };
  if (handled.use === "deletion") {
    return { action: "apply", target, projection: { id, deleted: true } };
  }
  try {
    const projection = OBJECT_KINDS[handled.kind].project(event.snapshot);
    return { action: "apply", target, projection };
  } catch (error) {
    // whatever the snapshot did to the projection, the event is kept
    const failure = error instanceof ProjectionError ? error.message : "cannot project";
    return { action: "retry", target, failure };
  }
}

/** A thin event shows nothing: its object is fetched, if it is of a kind that is mirrored. */
function placeThinEvent({ object: { kind, id } }: StripeEvent): Placement {
  if (kind === null || id === null || !isObjectKind(kind)) return { action: "ignore" };
  return { action: "mark", target: { kind, id } };
}

function referenceAt(snapshot: object, field: string): string | null {
  const value: unknown = Reflect.get(snapshot, field);
  if (typeof value === "string") return value;
  if (
    typeof value === "object" && value !== null && "id" in value && typeof value.id === "string"
  ) {
    return value.id;
  }
  return null;
}
