import { z } from "zod";

/** What an archive holds after its manifest and signature, in this order: what judges comes before what is judged. */
export const PARTS = [
  "epochs.ndjson",
  "purges.ndjson",
  "seals.ndjson",
  "rows.ndjson",
  "events.ndjson",
] as const;
export type Part = (typeof PARTS)[number];

export const MANIFEST = "manifest.json";
export const SIGNATURE = "manifest.sig";

const moment = z.iso.datetime({ precision: 3 });
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().min(0);

const fileSchema = z.strictObject({ name: z.enum(PARTS), bytes: count, sha256: hash });
export type FileRecord = z.infer<typeof fileSchema>;

/** What an export is about; a row has to be in the times, and touch one of the subjects if there are any. */
export const scopeSchema = z.strictObject({
  incident: z.uuid().nullable(),
  from: moment.nullable(),
  until: moment,
  users: z.array(z.uuid()),
  /** `type` null: of any type. */
  resources: z.array(z.strictObject({ type: z.string().nullable(), id: z.string() })),
});
export type Scope = z.infer<typeof scopeSchema>;

export const manifestSchema = z.strictObject({
  format: z.literal("payments evidence v1"),
  id: z.uuid(),
  generated_at: moment,
  by: z.string(),
  reason: z.string(),
  scope: scopeSchema,
  /** Legal holds that were placed with the export. */
  holds: z.array(z.uuid()),
  /** The record that says this export began: its hash binds the archive to the chain of custody. */
  custody: z.strictObject({ number: count, record_sha256: hash }),
  counts: z.strictObject({
    rows: count,
    /** Rows that were in no seal yet: nothing but this manifest's signature speaks for them. */
    unsealed: count,
    events: count,
    seals: count,
    epochs: count,
    purges: count,
  }),
  /** The newest seal at the time; null where there was none. */
  head: z.strictObject({ epoch: count, number: count, hash }).nullable(),
  /** Ids of the public keys that were listed when it was made; the keys come from elsewhere. */
  keys: z.array(z.strictObject({ id: z.string(), sha256: hash })),
  software: z.strictObject({ name: z.string(), version: z.string() }),
  files: z.array(fileSchema).length(PARTS.length),
});

/** What an archive says of itself. */
export type Manifest = z.infer<typeof manifestSchema>;

/** The text that is hashed, and whose hash is signed. */
export function writeManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}
