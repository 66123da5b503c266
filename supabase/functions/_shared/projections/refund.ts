import { z } from "zod";
import { optionalReference, optionalText, projectWith, time } from "./fields.ts";

/** @see https://docs.stripe.com/api/refunds/object */
export const projectRefund = projectWith(
  z.object({
    id: z.string(),
    payment_intent: optionalReference,
    charge: optionalReference,
    amount: z.number().int(),
    currency: z.string(),
    status: optionalText,
    reason: optionalText,
    failure_reason: optionalText,
    created: time,
  }),
  ({ payment_intent, charge, created, ...columns }) => ({
    ...columns,
    payment_id: payment_intent,
    charge_id: charge,
    created_at: created,
  }),
);
