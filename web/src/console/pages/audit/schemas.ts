import * as z from "zod/mini";
import { moment, optionalMoment } from "../../../billing/moment.ts";

const rowSchema = z.object({
  id: z.string(),
  occurred_at: moment,
  actor_type: z.string(),
  actor_id: z.nullable(z.string()),
  action: z.string(),
  outcome: z.string(),
  resource_type: z.nullable(z.string()),
  resource_id: z.nullable(z.string()),
  request_id: z.nullable(z.string()),
  key_fingerprint: z.nullable(z.string()),
  reason: z.nullable(z.string()),
  detail: z.record(z.string(), z.json()),
  seal_number: z.nullable(z.number()),
});

export type AuditRow = z.infer<typeof rowSchema>;

/** What `staff_search_audit` answers. */
export const rowsSchema = z.object({ rows: z.array(rowSchema) });

/** What `staff_audit_status` answers. */
export const statusSchema = z.object({
  now: moment,
  unsealed: z.object({ rows: z.number(), oldest_at: optionalMoment }),
  seal: z.nullable(z.object({ number: z.number(), sealed_at: moment, key_id: z.string() })),
  anchor: z.nullable(z.object({ number: z.number(), anchored_at: moment })),
  verification: z.nullable(z.object({ finished_at: moment, findings: z.number() })),
  is_late: z.boolean(),
});

export type AuditStatus = z.infer<typeof statusSchema>;

/** What `staff_prove_audit_row` answers; the proof is handed on as it came. */
export const proofSchema = z.object({
  proof: z.object({
    version: z.literal(1),
    id: z.string(),
    payload: z.string(),
    index: z.number(),
    path: z.array(z.string()),
    seal: z.object({ statement: z.string(), signature: z.string() }),
  }),
});
