import type Stripe from "stripe";
import { fetchEntitlements } from "../_shared/fetch-entitlements.ts";
import { type Fetched, OBJECT_KINDS, type ObjectKindName } from "../_shared/object-kinds.ts";
import { type Projection, ProjectionError } from "../_shared/projections/projection.ts";
import { stripeDate } from "../_shared/stripe-date.ts";

const NEWEST = 20;

/** A projection and the kind it is of; keys are those of `payments.record_sync`. */
export type FetchedObject = { kind: ObjectKindName; projection: Projection };

/**
 * What a customer's billing page shows, fresh from Stripe: all subscriptions that live, the newest of
 * everything else. `asOf` is the earliest answer's time.
 */
export async function fetchBilling(
  stripe: Stripe,
  customer: string,
): Promise<{ asOf: number; objects: FetchedObject[] }> {
  const newest = { customer, limit: NEWEST };
  const [subscriptions, sessions, payments, invoices, entitlements] = await Promise.all([
    stripe.subscriptions.list({ customer, status: "all", limit: 100 }),
    stripe.checkout.sessions.list(newest),
    stripe.paymentIntents.list(newest),
    stripe.invoices.list(newest),
    fetchEntitlements(stripe, customer),
  ]);
  const answers: Fetched[] = [subscriptions, sessions, payments, invoices, entitlements];
  return {
    asOf: Math.min(...answers.map(stripeDate)),
    objects: [
      ...projectAll("subscription", subscriptions.data),
      ...projectAll("checkout.session", sessions.data),
      ...projectAll("payment_intent", payments.data),
      ...projectAll("invoice", invoices.data),
      ...projectAll("entitlements.active_entitlement_summary", [entitlements]),
    ],
  };
}

/** What cannot be projected from a list keeps its row as it is; the refresh fetches it by id. */
function projectAll(kind: ObjectKindName, objects: readonly unknown[]): FetchedObject[] {
  return objects.flatMap((object) => {
    try {
      return [{ kind, projection: OBJECT_KINDS[kind].project(object) }];
    } catch (error) {
      if (error instanceof ProjectionError) return [];
      throw error;
    }
  });
}
