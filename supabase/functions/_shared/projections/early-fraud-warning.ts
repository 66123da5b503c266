import { z } from "zod";
import { optionalReference, projectWith, reference, time } from "./fields.ts";

/** @see https://docs.stripe.com/api/radar/early_fraud_warnings/object */
export const projectEarlyFraudWarning = projectWith(
  z.object({
    id: z.string(),
    charge: reference,
    payment_intent: optionalReference,
    fraud_type: z.string(),
    actionable: z.boolean(),
    created: time,
  }),
  ({ charge, payment_intent, created, ...columns }) => ({
    ...columns,
    charge_id: charge,
    payment_id: payment_intent,
    created_at: created,
  }),
);
