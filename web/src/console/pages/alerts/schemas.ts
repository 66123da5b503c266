import * as z from "zod/mini";
import { moment, optionalMoment } from "../../../billing/moment.ts";

const alertSchema = z.object({
  id: z.string(),
  rule: z.string(),
  subject: z.string(),
  severity: z.string(),
  title: z.string(),
  runbook: z.string(),
  first_seen_at: moment,
  last_seen_at: moment,
  occurrences: z.number(),
  acknowledged_at: optionalMoment,
  acknowledged_by: z.nullable(z.string()),
  resolved_at: optionalMoment,
  resolved_by: z.nullable(z.string()),
  detail: z.record(z.string(), z.json()),
  delivery: z.nullable(z.string()),
});

export type Alert = z.infer<typeof alertSchema>;

/** What `staff_list_alerts` answers. */
export const alertsSchema = z.object({ alerts: z.array(alertSchema) });
