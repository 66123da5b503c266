import * as z from "zod/mini";
import { moment, optionalMoment } from "../../../billing/moment.ts";

const brief = z.object({
  id: z.string(),
  kind: z.string(),
  severity: z.string(),
  title: z.string(),
  opened_at: moment,
  aware_at: moment,
  notify_due_at: moment,
  personal_data: z.nullable(z.boolean()),
  authority_notified_at: optionalMoment,
  closed_at: optionalMoment,
  clock_runs: z.boolean(),
});

export type IncidentBrief = z.infer<typeof brief>;

/** What `staff_list_incidents` answers. */
export const incidentsSchema = z.object({ incidents: z.array(brief) });

/** What `staff_open_incident` answers. */
export const openedSchema = z.object({ incident: z.string() });

const text = z.nullable(z.string());

const incident = z.extend(brief, {
  detected_at: moment,
  opened_by: z.string(),
  nature: text,
  people_categories: text,
  people_count: z.nullable(z.number()),
  record_categories: text,
  record_count: z.nullable(z.number()),
  likely_consequences: text,
  measures: text,
  contact: text,
  authority_reference: text,
  reason_if_late: text,
  no_notice_reason: text,
  root_cause: text,
  told_otherwise: text,
  follow_ups: z.array(z.object({ what: z.string(), owner: z.string(), due: z.string() })),
  notices: z.object({
    affected: z.number(),
    pending: z.number(),
    delivered: z.number(),
    dead: z.number(),
    not_queued: z.number(),
  }),
});

export type Incident = z.infer<typeof incident>;

const entry = z.object({
  at: moment,
  source: z.string(),
  what: z.string(),
  who: z.nullable(z.string()),
  reason: z.nullable(z.string()),
  detail: z.record(z.string(), z.json()),
});

export type TimelineEntry = z.infer<typeof entry>;

/** What `staff_show_incident` answers; null for an unknown one. */
export const incidentSchema = z.object({
  incident: z.nullable(incident),
  timeline: z.nullable(z.array(entry)),
});
