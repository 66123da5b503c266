import type Stripe from "stripe";
import { isMissing } from "../_shared/stripe-failure.ts";

const LIVE = ["active", "trialing", "past_due", "unpaid", "paused"];

/**
 * Cancels a subscription if Stripe itself shows that it is the newer of two live ones of one customer
 * for one product. Whoever holds a signing secret or a function's key can make up an older one here,
 * but not there.
 */
export async function cancelDuplicate(
  stripe: Stripe,
  id: string,
  otherId: string,
): Promise<"done" | "not_needed" | "not_confirmed"> {
  const [duplicate, other] = await Promise.all([find(stripe, id), find(stripe, otherId)]);
  if (duplicate === null || other === null) return "not_confirmed";
  if (!LIVE.includes(duplicate.status) || !LIVE.includes(other.status)) return "not_needed";
  const products = productsOf(other);
  const isDuplicate = duplicate.customer === other.customer && duplicate.created >= other.created &&
    productsOf(duplicate).some((product) => products.includes(product));
  if (!isDuplicate) return "not_confirmed";
  await stripe.subscriptions.cancel(id);
  return "done";
}

async function find(stripe: Stripe, id: string): Promise<Stripe.Subscription | null> {
  try {
    return await stripe.subscriptions.retrieve(id);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

function productsOf(subscription: Stripe.Subscription): string[] {
  return subscription.items.data.map(({ price: { product } }) =>
    typeof product === "string" ? product : product.id
  );
}
