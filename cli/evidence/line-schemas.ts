import { z } from "zod";

const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** A line of rows.ndjson: the row's exact text and how it is part of a seal. */
export const rowLineSchema = z.union([
  z.strictObject({
    id: z.uuid(),
    payload: z.string(),
    seal: z.int().min(1),
    index: z.int().min(0).max(999),
    /** From the leaf upwards. */
    path: z.array(hash).max(10),
  }),
  z.strictObject({ id: z.uuid(), payload: z.string(), unsealed: z.literal(true) }),
]);
export type RowLine = z.infer<typeof rowLineSchema>;

/** A line of seals.ndjson, epochs.ndjson or purges.ndjson. */
export const signedLineSchema = z.strictObject({
  statement: z.string().max(2000),
  signature: z.string().max(88),
});

/** What of a row's text is looked at. */
export const payloadSchema = z.object({ id: z.string(), occurred_at: z.iso.datetime() });

/** A line of events.ndjson: what is known of an event, without anything that was in it. */
export const eventLineSchema = z.strictObject({
  event_id: z.string(),
  created: z.string(),
  event_type: z.string(),
  object_kind: z.string().nullable(),
  object_id: z.string().nullable(),
  livemode: z.boolean(),
  api_version: z.string().nullable(),
  status: z.string(),
  attempts: z.int(),
  received_at: z.string(),
  processed_at: z.string().nullable(),
  body_sha256: hash,
  secret_fingerprint: z.string(),
  request_id: z.string(),
});

/** @returns null for what is no JSON of that shape */
export function readLine<T>(schema: z.ZodType<T>, text: string): T | null {
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
