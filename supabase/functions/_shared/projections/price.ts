import { z } from "zod";
import { optionalInteger, optionalText, projectWith, reference, time } from "./fields.ts";

/** @see https://docs.stripe.com/api/prices/object */
export const projectPrice = projectWith(
  z.object({
    id: z.string(),
    product: reference,
    active: z.boolean(),
    currency: z.string(),
    unit_amount: optionalInteger,
    type: z.string(),
    recurring: z.object({
      interval: z.string(),
      interval_count: z.number().int(),
      usage_type: optionalText,
    }).nullish(),
    billing_scheme: z.string(),
    custom_unit_amount: z.unknown().optional(),
    transform_quantity: z.unknown().optional(),
    lookup_key: optionalText,
    created: time,
  }),
  (price) => ({
    id: price.id,
    product_id: price.product,
    active: price.active,
    currency: price.currency,
    // a price the customer chooses has no amount of its own
    unit_amount: price.custom_unit_amount ? null : price.unit_amount,
    type: price.type,
    recurring_interval: price.recurring?.interval ?? null,
    recurring_interval_count: price.recurring?.interval_count ?? null,
    recurring_usage_type: price.recurring?.usage_type ?? null,
    billing_scheme: price.billing_scheme,
    transforms_quantity: Boolean(price.transform_quantity),
    lookup_key: price.lookup_key,
    created_at: price.created,
  }),
);
