/**
 * A projection is what of a Stripe object may be stored: ids, amounts, statuses, times. Its keys are
 * the columns of the object's table. Nothing else of an event reaches the database (docs/adr/0005).
 */
export type ProjectionValue = string | number | boolean | null;
export type Projection = Record<string, ProjectionValue | Record<string, ProjectionValue>[]>;

/** What a projection function makes of an object. */
export type Project = (object: unknown) => Projection;

/** The object is not shaped as Stripe documents it; the event is kept and retried, never dropped. */
export class ProjectionError extends Error {
  constructor(readonly path: string) {
    super(`cannot project ${path}`);
    this.name = "ProjectionError";
  }
}
