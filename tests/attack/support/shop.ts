// What the attacks on the checkout look at, in our tables and at Stripe.
import type Stripe from "stripe";
import type postgres from "postgres";
import { checkoutBody, nowSeconds, stripeClient, twin } from "../../support/payments.ts";
import { callFunction, type SignedInUser } from "../../support/stack.ts";

export const CARD = "4242424242424242";

/** Changes of a checkout's body that ask for this subscription. */
export function subscriptionTo(price: string) {
  return { mode: "subscription", items: [{ price, quantity: 1 }] };
}

export const BADGE = { mode: "payment", items: [{ price: "badge_once", quantity: 1 }] };

/** Asks for a checkout; `url` is another instance of the function than the stack's. */
export function askForCheckout(
  user: SignedInUser,
  changes: Record<string, unknown>,
  url?: string,
): Promise<Response> {
  const body = checkoutBody(changes);
  if (url === undefined) return callFunction("create-checkout", body, user);
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${user.accessToken}` },
    body: JSON.stringify(body),
  });
}

/** A file's users are made by the file: older customers are none of theirs. */
const createdSince = nowSeconds() - 60;

/** All customers Stripe has of a user. */
export async function customersAtStripe(userId: string): Promise<string[]> {
  const all = await stripeClient().customers.list({ created: { gte: createdSince }, limit: 100 })
    .autoPagingToArray({ limit: 10_000 });
  return all.filter(({ metadata }) => metadata["user_id"] === userId).map(({ id }) => id);
}

/** All sessions Stripe has of a user, whichever customer they are under. */
export async function sessionsAtStripe(userId: string): Promise<Stripe.Checkout.Session[]> {
  const perCustomer = await Promise.all(
    (await customersAtStripe(userId)).map((customer) =>
      stripeClient().checkout.sessions.list({ customer, limit: 100 })
    ),
  );
  return perCustomer.flatMap(({ data }) => data);
}

/** The sessions of a user that can still be paid. */
export async function payableSessions(userId: string): Promise<string[]> {
  const sessions = await sessionsAtStripe(userId);
  return sessions.filter(({ status }) => status === "open").map(({ id }) => id);
}

/** Runs `act` while Stripe delivers nothing. */
export async function withoutDeliveries<T>(act: () => Promise<T>): Promise<T> {
  await twin("faults", { delivery: { drop: 1 } });
  try {
    return await act();
  } finally {
    await twin("faults", {});
  }
}

/** The user's reservations, oldest first. */
export function reservationsOf(sql: postgres.Sql, userId: string) {
  return sql`
    select id, state, session_id from payments_private.checkout_reservations
    where user_id = ${userId} order by created_at`;
}
