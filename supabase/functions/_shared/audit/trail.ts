import { z } from "zod";

/** A signed text as it is stored; the signature in base64. */
export const signedSchema = z.object({ statement: z.string(), signature: z.string() });
export type Signed = z.infer<typeof signedSchema>;

const entrySchema = z.object({
  index: z.number(),
  /** Hex. */
  leaf: z.string(),
  id: z.string(),
  occurred_at: z.string(),
  /** Null: there is no such row. */
  payload: z.string().nullable(),
  columns_match: z.boolean().nullable(),
});

/** A seal with its entries and the rows these name. */
export const storedSealSchema = signedSchema.extend({
  epoch: z.number(),
  number: z.number(),
  month: z.string(),
  count: z.number(),
  root: z.string(),
  key_id: z.string(),
  sealed_at: z.string(),
  entries: z.array(entrySchema),
});

const straySchema = z.object({ id: z.string(), occurred_at: z.string(), seals: z.number() });
const rowPlaceSchema = z.object({ id: z.string(), occurred_at: z.string() });
const eventPlaceSchema = z.object({ id: z.string(), created: z.string() });

export const strayPageSchema = z.object({
  rows: z.number(),
  last: rowPlaceSchema.nullable(),
  strays: z.array(straySchema),
});

export const untoldPageSchema = z.object({
  rows: z.number(),
  last: eventPlaceSchema.nullable(),
  untold: z.array(z.object({ id: z.string(), occurred_at: z.string() })),
});

export type SealEntry = z.infer<typeof entrySchema>;
export type StoredSeal = z.infer<typeof storedSealSchema>;
export type RowPlace = z.infer<typeof rowPlaceSchema>;
export type EventPlace = z.infer<typeof eventPlaceSchema>;
export type StrayPage = z.infer<typeof strayPageSchema>;
export type UntoldPage = z.infer<typeof untoldPageSchema>;

/** Where a trail is read from, in pages. The worker asks by procedures, the operator's command by SQL. */
export interface TrailSource {
  readSeals(after: number, maxRows: number): Promise<StoredSeal[]>;
  findStrayRows(after: RowPlace, limit: number, now: string): Promise<StrayPage>;
  findUntoldEvents(after: EventPlace, limit: number, now: string): Promise<UntoldPage>;
}

/** What is wrong, in a word; docs/audit.md explains each. */
export const FINDING_KINDS = {
  row_changed: "the row is not what was sealed",
  row_missing: "the row was deleted after it was sealed",
  row_lost: "the row was gone when it was to be sealed",
  row_unsealed: "the row is in no seal, though it is older than five minutes",
  row_sealed_twice: "the row is in two seals",
  row_misdated: "the row's time cannot be when it was written",
  entries_changed: "the entries are not those of the signed root",
  seal_changed: "the seal's columns are not what was signed",
  seal_unreadable: "the seal's statement cannot be read",
  seal_signature: "the seal's signature is not one of the listed keys'",
  seals_missing: "seals were dropped",
  seal_repeated: "the seal's number was used before",
  chain_broken: "the seal is not chained to the one before it",
  epoch_undeclared: "the seal opens an epoch that nobody declared",
  epoch_invalid: "the declared restore is not signed, or not about this chain",
  purge_invalid: "the purge record is not signed",
  head_missing: "a newer seal was seen before: the trail went back",
  head_forked: "another seal of this number was seen before: the trail was forked",
  report_invalid: "the last report is not signed by a listed key",
  event_untold: "the event was processed and has no audit row",
} as const;

export type FindingKind = keyof typeof FINDING_KINDS;

export const findingSchema = z.object({
  kind: z.custom<FindingKind>(isFindingKind),
  /** The seal it is about. */
  seal: z.number().optional(),
  /** The last of several seals. */
  until: z.number().optional(),
  index: z.number().optional(),
  /** Of a row or an event. */
  id: z.string().optional(),
  detail: z.string().optional(),
});

/** One thing that is wrong, and where. */
export interface Finding {
  readonly kind: FindingKind;
  readonly seal?: number | undefined;
  readonly until?: number | undefined;
  readonly index?: number | undefined;
  readonly id?: string | undefined;
  readonly detail?: string | undefined;
}

function isFindingKind(kind: unknown): kind is FindingKind {
  return typeof kind === "string" && kind in FINDING_KINDS;
}

/** A seal that was seen: enough to recognise it, and to notice when it is gone. */
export const headSchema = z.object({
  epoch: z.number(),
  number: z.number(),
  /** Of the statement, hex. */
  hash: z.string(),
});
export type Head = z.infer<typeof headSchema>;
