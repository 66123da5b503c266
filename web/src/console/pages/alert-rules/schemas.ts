import * as z from "zod/mini";

const ruleSchema = z.object({
  rule: z.string(),
  severity: z.string(),
  title: z.string(),
  runbook: z.string(),
  enabled: z.boolean(),
  threshold: z.nullable(z.number()),
  window_seconds: z.nullable(z.number()),
});

export type Rule = z.infer<typeof ruleSchema>;

/** What `staff_list_alert_rules` answers. */
export const rulesSchema = z.object({ rules: z.array(ruleSchema) });
