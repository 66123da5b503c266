import * as z from "zod/mini";
import { moment, optionalMoment } from "../../../billing/moment.ts";

/** What `staff_find_user_billing` answers: docs/schemas/billing-summary.schema.json, and the hold. */
export const billingSchema = z.object({
  on_hold: z.boolean(),
  billing: z.object({
    has_customer: z.boolean(),
    subscriptions: z.array(z.object({
      id: z.string(),
      status: z.string(),
      cancel_at_period_end: z.nullable(z.boolean()),
      current_period_end: optionalMoment,
      created_at: moment,
      items: z.array(z.object({
        price_id: z.nullable(z.string()),
        quantity: z.nullable(z.number()),
        currency: z.nullable(z.string()),
        unit_amount: z.nullable(z.number()),
        recurring_interval: z.nullable(z.string()),
      })),
    })),
    payments: z.array(z.object({
      id: z.string(),
      amount: z.number(),
      currency: z.string(),
      status: z.string(),
      created_at: moment,
    })),
    entitlements: z.array(z.string()),
  }),
});

export type CustomerBilling = z.infer<typeof billingSchema>;
