import type Stripe from "stripe";
import { projectCheckoutSession } from "./projections/checkout-session.ts";
import { projectCustomer } from "./projections/customer.ts";
import { projectDispute } from "./projections/dispute.ts";
import { projectInvoice } from "./projections/invoice.ts";
import { projectPayment } from "./projections/payment.ts";
import { projectPrice } from "./projections/price.ts";
import { projectProduct } from "./projections/product.ts";
import type { Project } from "./projections/projection.ts";
import { projectRefund } from "./projections/refund.ts";
import { projectSubscription } from "./projections/subscription.ts";

/** A fetched object together with Stripe's own time of the answer. */
export interface FetchedObject {
  lastResponse: { headers: Record<string, string> };
}

interface ObjectKind {
  project: Project;
  /** GET by id. At Stripe that is read-after-write, which the refresh relies on (docs/adr/0003). */
  fetch: (stripe: Stripe, id: string) => Promise<FetchedObject>;
}

/** The Stripe objects that are mirrored, by the name in their own `object` field. */
export const OBJECT_KINDS = {
  "checkout.session": {
    project: projectCheckoutSession,
    fetch: (stripe, id) => stripe.checkout.sessions.retrieve(id),
  },
  customer: { project: projectCustomer, fetch: (stripe, id) => stripe.customers.retrieve(id) },
  dispute: { project: projectDispute, fetch: (stripe, id) => stripe.disputes.retrieve(id) },
  invoice: { project: projectInvoice, fetch: (stripe, id) => stripe.invoices.retrieve(id) },
  payment_intent: {
    project: projectPayment,
    fetch: (stripe, id) => stripe.paymentIntents.retrieve(id),
  },
  price: { project: projectPrice, fetch: (stripe, id) => stripe.prices.retrieve(id) },
  product: { project: projectProduct, fetch: (stripe, id) => stripe.products.retrieve(id) },
  refund: { project: projectRefund, fetch: (stripe, id) => stripe.refunds.retrieve(id) },
  subscription: {
    project: projectSubscription,
    fetch: (stripe, id) => stripe.subscriptions.retrieve(id),
  },
} as const satisfies Record<string, ObjectKind>;

export type ObjectKindName = keyof typeof OBJECT_KINDS;

/** Narrows a kind that came from outside. */
export function isObjectKind(name: string): name is ObjectKindName {
  return Object.hasOwn(OBJECT_KINDS, name);
}
