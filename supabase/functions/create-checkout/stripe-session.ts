import type Stripe from "stripe";
import { isDefiniteRefusal, isSavedError } from "../_shared/stripe-failure.ts";
import type { CheckoutStore, Reservation } from "./store.ts";

/** Everything Stripe is asked, as a function of the reservation, so that asking again is safe. */
export function sessionParameters(
  reservation: Reservation,
  customerId: string,
  userId: string,
): Stripe.Checkout.SessionCreateParams {
  const metadata = { user_id: userId, reservation_id: reservation.id };
  return {
    mode: reservation.mode,
    customer: customerId,
    client_reference_id: userId,
    line_items: reservation.items.map(({ price, quantity }) => ({ price, quantity })),
    success_url: reservation.success_url,
    cancel_url: reservation.cancel_url,
    expires_at: reservation.expires_at,
    metadata,
    ...(reservation.locale === null ? {} : { locale: reservation.locale }),
    ...(reservation.mode === "subscription"
      ? { subscription_data: { metadata } }
      : { payment_intent_data: { metadata } }),
  };
}

/**
 * Makes the reservation's session, or finds it: the same key gets the same session. Where the key's
 * saved answer is a server error, the session is looked for in the customer's list before another key
 * is used.
 */
export async function createSession(
  stripe: Stripe,
  store: Pick<CheckoutStore, "renewKey">,
  reservation: Reservation,
  customerId: string,
  userId: string,
): Promise<Stripe.Checkout.Session> {
  const parameters = sessionParameters(reservation, customerId, userId);
  const create = (idempotencyKey: string) =>
    stripe.checkout.sessions.create(parameters, { idempotencyKey });
  try {
    return await create(reservation.stripe_idempotency_key);
  } catch (error) {
    if (!isSavedError(error)) throw error;
    const found = await findSession(stripe, reservation, customerId);
    if (found !== null) return found;
    return await create((await store.renewKey(reservation)).stripe_idempotency_key);
  }
}

const CLOCK_DIFFERENCE_SECONDS = 300;

async function findSession(
  stripe: Stripe,
  reservation: Reservation,
  customerId: string,
): Promise<Stripe.Checkout.Session | null> {
  const gte = reservation.created_at - CLOCK_DIFFERENCE_SECONDS;
  const sessions = stripe.checkout.sessions.list({
    customer: customerId,
    created: { gte },
    limit: 100,
  });
  for await (const session of sessions) {
    if (session.metadata?.["reservation_id"] === reservation.id) return session;
  }
  return null;
}

/** Closes a session that stands in the way and returns Stripe's last word on it. */
export async function closeSession(
  stripe: Stripe,
  sessionId: string,
): Promise<Stripe.Response<Stripe.Checkout.Session>> {
  try {
    return await stripe.checkout.sessions.expire(sessionId);
  } catch (error) {
    // not open any more: expired by itself, or paid a moment ago
    if (!isDefiniteRefusal(error)) throw error;
    return await stripe.checkout.sessions.retrieve(sessionId);
  }
}
