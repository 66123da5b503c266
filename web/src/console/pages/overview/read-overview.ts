import * as z from "zod/mini";
import { moment, optionalMoment } from "../../../billing/moment.ts";

const rowSchema = z.object({
  at: moment,
  function_name: z.string(),
  requests: z.number(),
  ok: z.number(),
  failed: z.number(),
  buckets: z.array(z.number()),
});

/** What `staff_read_overview` answers. */
export const overviewSchema = z.object({
  now: moment,
  since: moment,
  step_seconds: z.number(),
  bounds_ms: z.array(z.number()),
  series: z.array(rowSchema),
  pipeline: z.array(z.object({
    at: moment,
    backlog_seconds: z.number(),
    open_alerts: z.number(),
  })),
  endings: z.array(z.object({ function_name: z.string(), code: z.string(), requests: z.number() })),
  backlog_seconds: z.number(),
  marks: z.number(),
  events: z.record(z.string(), z.number()),
  outbox: z.record(z.string(), z.number()),
  alerts: z.array(z.object({
    rule: z.string(),
    title: z.string(),
    severity: z.string(),
    open: z.number(),
    untaken: z.number(),
    first_seen_at: moment,
    last_seen_at: moment,
  })),
  incidents: z.object({ open: z.number(), notify_due_at: optionalMoment }),
  switches: z.record(z.string(), z.boolean()),
});

export type Overview = z.infer<typeof overviewSchema>;
/** The part of it that the charts draw. */
export type Measured = Pick<
  Overview,
  "now" | "since" | "step_seconds" | "bounds_ms" | "series" | "pipeline"
>;
export type OverviewRow = Overview["series"][number];
