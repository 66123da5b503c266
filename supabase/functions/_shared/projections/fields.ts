import { z } from "zod";
import { readCountry } from "../country.ts";
import { type Project, type Projection, ProjectionError } from "./projection.ts";

/** A reference to another object: its id, whether or not it was expanded. */
export const reference = z.union([
  z.string(),
  z.object({ id: z.string() }).transform((object) => object.id),
]);

/** An optional reference; absent in older API versions. */
export const optionalReference = reference.nullish().transform((id) => id ?? null);

/** Unix seconds → ISO 8601, as Postgres reads it. */
export const time = z.number().int().min(0).max(253_402_300_799).transform((seconds) =>
  new Date(seconds * 1000).toISOString()
);

export const optionalTime = time.nullish().transform((text) => text ?? null);
export const optionalText = z.string().nullish().transform((text) => text ?? null);
export const optionalInteger = z.number().int().nullish().transform((number) => number ?? null);

/** Two letters, or null: nothing that Stripe writes here may fail a projection. */
export const country = z.unknown().optional().transform((value) =>
  readCountry(typeof value === "string" ? value : null)
);

const deletedSchema = z.object({ id: z.string(), deleted: z.literal(true) });

/**
 * Builds a projection function from a schema: parse (unknown keys fall away), then rename. A deleted
 * object ({id, deleted: true}) projects to just that, whatever its kind.
 */
export function projectWith<T>(
  schema: z.ZodType<T>,
  toColumns: (object: T) => Projection,
): Project {
  return (object) => {
    const deleted = deletedSchema.safeParse(object);
    if (deleted.success) return { id: deleted.data.id, deleted: true };
    const parsed = schema.safeParse(object);
    if (parsed.success) return toColumns(parsed.data);
    throw new ProjectionError(parsed.error.issues[0]?.path.join(".") ?? "");
  };
}
