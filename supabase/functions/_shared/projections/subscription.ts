import { z } from "zod";
import {
  optionalInteger,
  optionalReference,
  optionalText,
  optionalTime,
  projectWith,
  reference,
  time,
} from "./fields.ts";
import { ProjectionError } from "./projection.ts";

const itemSchema = z.object({
  id: z.string(),
  price: z.object({
    id: z.string(),
    product: reference,
    currency: z.string(),
    unit_amount: optionalInteger,
    recurring: z.object({ interval: z.string(), interval_count: z.number().int() }).nullish(),
  }),
  quantity: optionalInteger,
  current_period_start: optionalTime,
  current_period_end: optionalTime,
});

const subscriptionSchema = z.object({
  id: z.string(),
  customer: reference,
  status: z.string(),
  currency: optionalText,
  cancel_at_period_end: z.boolean(),
  cancel_at: optionalTime,
  canceled_at: optionalTime,
  ended_at: optionalTime,
  trial_end: optionalTime,
  latest_invoice: optionalReference,
  created: time,
  // on the subscription itself until API version 2025-03-31 (basil), on its items since
  current_period_start: optionalTime,
  current_period_end: optionalTime,
  items: z.object({ data: z.array(itemSchema), has_more: z.boolean().nullish() }),
});

/**
 * The subscription with all its items. The period is the earliest item's.
 * @see https://docs.stripe.com/api/subscriptions/object
 */
export const projectSubscription = projectWith(subscriptionSchema, (subscription) => {
  // a part of the items would look like the removal of the rest
  if (subscription.items.has_more === true) throw new ProjectionError("items.has_more");
  const items = subscription.items.data.map((item) => ({
    id: item.id,
    price_id: item.price.id,
    product_id: item.price.product,
    quantity: item.quantity,
    currency: item.price.currency,
    unit_amount: item.price.unit_amount,
    recurring_interval: item.price.recurring?.interval ?? null,
    recurring_interval_count: item.price.recurring?.interval_count ?? null,
    current_period_start: item.current_period_start ?? subscription.current_period_start,
    current_period_end: item.current_period_end ?? subscription.current_period_end,
  }));
  const soonest = items.toSorted(byPeriodEnd)[0];
  return {
    id: subscription.id,
    customer_id: subscription.customer,
    status: subscription.status,
    currency: subscription.currency,
    cancel_at_period_end: subscription.cancel_at_period_end,
    cancel_at: subscription.cancel_at,
    canceled_at: subscription.canceled_at,
    ended_at: subscription.ended_at,
    current_period_start: soonest?.current_period_start ?? subscription.current_period_start,
    current_period_end: soonest?.current_period_end ?? subscription.current_period_end,
    trial_end: subscription.trial_end,
    latest_invoice_id: subscription.latest_invoice,
    created_at: subscription.created,
    items,
  };
});

/** ISO 8601 in UTC sorts as text; items without a period come last. */
function byPeriodEnd(
  first: { current_period_end: string | null },
  second: { current_period_end: string | null },
): number {
  return (first.current_period_end ?? "~").localeCompare(second.current_period_end ?? "~");
}
