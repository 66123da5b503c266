import { z } from "zod";
import {
  country,
  optionalInteger,
  optionalReference,
  optionalText,
  projectWith,
  time,
} from "./fields.ts";

/**
 * Without the pay link, and of the customer details nothing but the country.
 * @see https://docs.stripe.com/api/checkout/sessions/object
 */
export const projectCheckoutSession = projectWith(
  z.object({
    id: z.string(),
    customer: optionalReference,
    mode: z.string(),
    status: optionalText,
    payment_status: z.string(),
    currency: optionalText,
    amount_total: optionalInteger,
    subscription: optionalReference,
    payment_intent: optionalReference,
    customer_details: z.object({ address: z.object({ country }).nullish() }).nullish(),
    expires_at: time,
    created: time,
  }),
  (session) => ({
    id: session.id,
    customer_id: session.customer,
    mode: session.mode,
    status: session.status,
    payment_status: session.payment_status,
    currency: session.currency,
    amount_total: session.amount_total,
    subscription_id: session.subscription,
    payment_id: session.payment_intent,
    customer_country: session.customer_details?.address?.country ?? null,
    expires_at: session.expires_at,
    created_at: session.created,
  }),
);
