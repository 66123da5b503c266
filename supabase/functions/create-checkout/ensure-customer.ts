import type Stripe from "stripe";
import type { Caller } from "../_shared/authenticate.ts";
import { isSavedError } from "../_shared/stripe-failure.ts";
import type { CheckoutCustomer, CheckoutStore } from "./store.ts";

/**
 * The user's Stripe customer. Any number of parallel first checkouts make one: they all send the
 * same body under the same idempotency key, and Stripe answers with the same customer.
 *
 * Where that key cannot be relied on (older than Stripe's memory of 24 h, or its saved answer is a
 * 500), customers made since are listed first: one of them may be ours.
 */
export async function ensureCustomer(
  stripe: Stripe,
  store: Pick<CheckoutStore, "renewCustomerCreation">,
  caller: Caller,
  customer: CheckoutCustomer,
): Promise<string> {
  if (customer.id !== null) return customer.id;
  const found = customer.lookup_since === null
    ? null
    : await findCustomer(stripe, caller.userId, customer.lookup_since);
  if (found !== null) return found;
  try {
    return await createCustomer(stripe, caller, customer.creation_key);
  } catch (error) {
    if (!isSavedError(error)) throw error;
    const renewed = await store.renewCustomerCreation(caller.userId, customer.creation_key);
    if (renewed.id !== null) return renewed.id;
    return await findCustomer(stripe, caller.userId, renewed.lookup_since ?? 0) ??
      await createCustomer(stripe, caller, renewed.creation_key);
  }
}

async function createCustomer(
  stripe: Stripe,
  caller: Caller,
  creationKey: string,
): Promise<string> {
  // the body must be the same for every caller of this key, so the e-mail follows separately
  const customer = await stripe.customers.create(
    { metadata: { user_id: caller.userId } },
    { idempotencyKey: creationKey },
  );
  if (caller.email !== null) {
    await stripe.customers.update(customer.id, { email: caller.email }, {
      idempotencyKey: `${creationKey}_email`,
    }).catch(() => undefined); // where receipts go is a convenience, the checkout is not
  }
  return customer.id;
}

/** Lists, not searches: search lags behind. */
async function findCustomer(stripe: Stripe, userId: string, since: number): Promise<string | null> {
  for await (const customer of stripe.customers.list({ created: { gte: since }, limit: 100 })) {
    if (customer.metadata["user_id"] === userId) return customer.id;
  }
  return null;
}
