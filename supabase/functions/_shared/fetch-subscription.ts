import type Stripe from "stripe";
import type { Fetched } from "./object-kinds.ts";

/** A subscription with all its items, also those that its own list leaves out. */
export async function fetchSubscription(stripe: Stripe, id: string): Promise<Fetched> {
  const subscription = await stripe.subscriptions.retrieve(id);
  if (!subscription.items.has_more) return subscription;
  const items = await stripe.subscriptionItems.list({ subscription: id, limit: 100 })
    .autoPagingToArray({ limit: 1000 });
  const whole = { ...subscription, items: { data: items, has_more: false } };
  return { ...whole, lastResponse: subscription.lastResponse };
}
