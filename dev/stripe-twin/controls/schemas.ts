import { z } from "zod";

const answer = z.enum(["complete", "fail"]);

/** Bodies of the controls that take one, by path. The JSON schema in docs/ is made from these. */
export const controlSchemas = {
  "POST /_twin/checkout_sessions/:id/pay": z.strictObject({
    card: z.string().regex(/^[\d\s-]{12,24}$/).describe("One of Stripe's test card numbers"),
    email: z.email().optional(),
    name: z.string().max(150).optional(),
    country: z.string().regex(/^[A-Z]{2}$/).optional(),
    three_d_secure: answer.optional().describe(
      "The customer's answer where the card asks for 3-D Secure",
    ),
  }),
  "POST /_twin/checkout_sessions/:id/expire": z.strictObject({}),
  "POST /_twin/subscriptions/:id/renew": z.strictObject({}),
  "POST /_twin/subscriptions/:id/fail_renewal": z.strictObject({}),
  "POST /_twin/subscriptions/:id/cancel": z.strictObject({
    at_period_end: z.boolean().optional(),
  }),
  "POST /_twin/charges/:id/refund": z.strictObject({
    amount: z.int().min(1).optional().describe("Minor units; all that is left without it"),
    reason: z.enum(["duplicate", "fraudulent", "requested_by_customer"]).optional(),
  }),
  "POST /_twin/charges/:id/dispute": z.strictObject({
    reason: z.string().max(50).optional(),
    inquiry: z.boolean().optional(),
  }),
  "POST /_twin/charges/:id/early_fraud_warning": z.strictObject({
    fraud_type: z.string().max(50).optional(),
  }),
  "POST /_twin/events/:id/redeliver": z.strictObject({
    endpoint: z.string().optional().describe(
      "One endpoint's id; every endpoint that asked for the type without it",
    ),
  }),
  "POST /_twin/clock": z.strictObject({ now: z.int().min(0).max(32_503_680_000) }),
  "POST /_twin/reset": z.strictObject({}),
} as const;
