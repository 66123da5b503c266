import { z } from "zod";
import { country, optionalReference, projectWith, time } from "./fields.ts";

const method = z.object({ country });

/**
 * A charge for its countries: where the card was issued, and the billing address, of which nothing but
 * the country is kept.
 * @see https://docs.stripe.com/api/charges/object
 */
export const projectCharge = projectWith(
  z.object({
    id: z.string(),
    payment_intent: optionalReference,
    customer: optionalReference,
    amount: z.number().int(),
    currency: z.string(),
    paid: z.boolean(),
    payment_method_details: z.object({
      card: method.nullish(),
      card_present: method.nullish(),
      sepa_debit: method.nullish(),
    }).nullish(),
    billing_details: z.object({ address: z.object({ country }).nullish() }).nullish(),
    created: time,
  }),
  (
    {
      payment_intent,
      customer,
      payment_method_details: details,
      billing_details,
      created,
      ...columns
    },
  ) => ({
    ...columns,
    payment_id: payment_intent,
    customer_id: customer,
    card_country: details?.card?.country ?? details?.card_present?.country ??
      details?.sepa_debit?.country ?? null,
    billing_country: billing_details?.address?.country ?? null,
    created_at: created,
  }),
);
