import { z } from "zod";
import { optionalInteger, optionalReference, optionalText, projectWith, time } from "./fields.ts";

/**
 * Brand, last four digits and expiry; no fingerprint, no billing details.
 * @see https://docs.stripe.com/api/payment_methods/object
 */
export const projectPaymentMethod = projectWith(
  z.object({
    id: z.string(),
    customer: optionalReference,
    type: z.string(),
    card: z.object({
      brand: optionalText,
      last4: optionalText,
      exp_month: optionalInteger,
      exp_year: optionalInteger,
    }).nullish(),
    created: time,
  }),
  ({ id, customer, type, card, created }) => ({
    id,
    customer_id: customer,
    type,
    card_brand: card?.brand ?? null,
    card_last4: card?.last4 ?? null,
    card_exp_month: card?.exp_month ?? null,
    card_exp_year: card?.exp_year ?? null,
    created_at: created,
  }),
);
