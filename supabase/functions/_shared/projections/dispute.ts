import { z } from "zod";
import { optionalReference, optionalTime, projectWith, reference, time } from "./fields.ts";

/**
 * Without the evidence, which is full of personal data.
 * @see https://docs.stripe.com/api/disputes/object
 */
export const projectDispute = projectWith(
  z.object({
    id: z.string(),
    payment_intent: optionalReference,
    charge: reference,
    amount: z.number().int(),
    currency: z.string(),
    status: z.string(),
    reason: z.string(),
    evidence_details: z.object({ due_by: optionalTime }).nullish(),
    created: time,
  }),
  ({ payment_intent, charge, evidence_details, created, ...columns }) => ({
    ...columns,
    payment_id: payment_intent,
    charge_id: charge,
    evidence_due_by: evidence_details?.due_by ?? null,
    created_at: created,
  }),
);
