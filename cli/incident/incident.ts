import { z } from "zod";

const moment = z.string().nullable();
const text = z.string().nullable();

export const listedSchema = z.object({
  id: z.uuid(),
  kind: z.string(),
  severity: z.string(),
  title: z.string(),
  opened_at: z.string(),
  aware_at: z.string(),
  notify_due_at: z.string(),
  personal_data: z.boolean().nullable(),
  authority_notified_at: moment,
  closed_at: moment,
  /** Whether the authority is still to be told. */
  clock_runs: z.boolean(),
});
export type Listed = z.infer<typeof listedSchema>;

export const incidentSchema = z.looseObject({
  ...listedSchema.shape,
  detected_at: z.string(),
  opened_by: z.string(),
  nature: text,
  people_categories: text,
  people_count: z.number().nullable(),
  record_categories: text,
  record_count: z.number().nullable(),
  likely_consequences: text,
  measures: text,
  contact: text,
  authority_reference: text,
  reason_if_late: text,
  no_notice_reason: text,
  root_cause: text,
  told_otherwise: text,
  follow_ups: z.array(z.object({ what: z.string(), owner: z.string(), due: z.string() })),
  closed_by: text,
  first_contained_at: moment,
  notices: z.looseObject({ affected: z.number(), delivered: z.number() }),
});
export type Incident = z.infer<typeof incidentSchema>;

export const entrySchema = z.object({
  at: z.string(),
  source: z.string(),
  what: z.string(),
  who: z.string().nullable(),
  reason: z.string().nullable(),
  detail: z.record(z.string(), z.unknown()),
});
export type Entry = z.infer<typeof entrySchema>;
