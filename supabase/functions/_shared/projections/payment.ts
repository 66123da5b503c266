import { z } from "zod";
import {
  optionalInteger,
  optionalReference,
  optionalText,
  optionalTime,
  projectWith,
  time,
} from "./fields.ts";

/**
 * A PaymentIntent without its client secret, receipt address, description and shipping details.
 * @see https://docs.stripe.com/api/payment_intents/object
 */
export const projectPayment = projectWith(
  z.object({
    id: z.string(),
    customer: optionalReference,
    amount: z.number().int(),
    amount_received: optionalInteger,
    currency: z.string(),
    status: z.string(),
    last_payment_error: z.object({ code: optionalText, decline_code: optionalText }).nullish(),
    created: time,
    canceled_at: optionalTime,
  }),
  ({ customer, amount_received, last_payment_error, created, ...columns }) => ({
    ...columns,
    customer_id: customer,
    amount_received: amount_received ?? 0,
    failure_code: last_payment_error?.code ?? null,
    decline_code: last_payment_error?.decline_code ?? null,
    created_at: created,
  }),
);
