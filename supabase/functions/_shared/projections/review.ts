import { z } from "zod";
import { optionalReference, optionalText, projectWith, time } from "./fields.ts";

/**
 * Without the address, location and session of the person under review.
 * @see https://docs.stripe.com/api/radar/reviews/object
 */
export const projectReview = projectWith(
  z.object({
    id: z.string(),
    charge: optionalReference,
    payment_intent: optionalReference,
    open: z.boolean(),
    reason: z.string(),
    opened_reason: optionalText,
    closed_reason: optionalText,
    created: time,
  }),
  ({ charge, payment_intent, created, ...columns }) => ({
    ...columns,
    charge_id: charge,
    payment_id: payment_intent,
    created_at: created,
  }),
);
