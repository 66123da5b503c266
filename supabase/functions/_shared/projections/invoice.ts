import { z } from "zod";
import { optionalReference, optionalText, optionalTime, projectWith, time } from "./fields.ts";

/**
 * Amounts and dates; no names, addresses, links or line descriptions.
 * @see https://docs.stripe.com/api/invoices/object
 */
export const projectInvoice = projectWith(
  z.object({
    id: z.string(),
    customer: optionalReference,
    // until API version 2025-03-31 (basil); since then below `parent`
    subscription: optionalReference,
    parent: z.object({
      subscription_details: z.object({ subscription: optionalReference }).nullish(),
    }).nullish(),
    number: optionalText,
    status: optionalText,
    billing_reason: optionalText,
    currency: z.string(),
    total: z.number().int(),
    amount_due: z.number().int(),
    amount_paid: z.number().int(),
    amount_remaining: z.number().int(),
    period_start: optionalTime,
    period_end: optionalTime,
    due_date: optionalTime,
    created: time,
  }),
  ({ customer, subscription, parent, created, ...columns }) => ({
    ...columns,
    customer_id: customer,
    subscription_id: parent?.subscription_details?.subscription ?? subscription,
    created_at: created,
  }),
);
