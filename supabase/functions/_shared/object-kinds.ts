import type Stripe from "stripe";
import { fetchEntitlements } from "./fetch-entitlements.ts";
import { fetchSubscription } from "./fetch-subscription.ts";
import { projectCharge } from "./projections/charge.ts";
import { projectCheckoutSession } from "./projections/checkout-session.ts";
import { projectCustomer } from "./projections/customer.ts";
import { projectDispute } from "./projections/dispute.ts";
import { projectEarlyFraudWarning } from "./projections/early-fraud-warning.ts";
import { projectEntitlements } from "./projections/entitlements.ts";
import { projectInvoice } from "./projections/invoice.ts";
import { projectPayment } from "./projections/payment.ts";
import { projectPaymentMethod } from "./projections/payment-method.ts";
import { projectPrice } from "./projections/price.ts";
import { projectProduct } from "./projections/product.ts";
import type { Project } from "./projections/projection.ts";
import { projectRefund } from "./projections/refund.ts";
import { projectReview } from "./projections/review.ts";
import { projectSubscription } from "./projections/subscription.ts";

/** Something fetched, together with Stripe's own time of the answer. */
export interface Fetched {
  lastResponse: { headers: HeadersInit };
}

/** One page of a list, newest objects first. */
export interface FetchedPage extends Fetched {
  data: { id: string }[];
  has_more: boolean;
}

/** Where a list begins; `starting_after` is the last id of the page before. */
export interface PageRequest {
  limit: number;
  starting_after?: string;
}

interface ObjectKind {
  project: Project;
  /** GET by id. At Stripe that is read-after-write, which the refresh relies on (docs/adr/0003). */
  fetch: (stripe: Stripe, id: string) => Promise<Fetched>;
  /** Lists all objects there are; absent where Stripe lists them only below something else. */
  list?: (stripe: Stripe, page: PageRequest) => Promise<FetchedPage>;
}

/** The Stripe objects that are mirrored, by the name in their own `object` field. */
const KINDS = {
  charge: {
    project: projectCharge,
    fetch: (stripe, id) => stripe.charges.retrieve(id),
    list: (stripe, page) => stripe.charges.list(page),
  },
  "checkout.session": {
    project: projectCheckoutSession,
    fetch: (stripe, id) => stripe.checkout.sessions.retrieve(id),
    list: (stripe, page) => stripe.checkout.sessions.list(page),
  },
  customer: {
    project: projectCustomer,
    fetch: (stripe, id) => stripe.customers.retrieve(id),
    list: (stripe, page) => stripe.customers.list(page),
  },
  dispute: {
    project: projectDispute,
    fetch: (stripe, id) => stripe.disputes.retrieve(id),
    list: (stripe, page) => stripe.disputes.list(page),
  },
  "entitlements.active_entitlement_summary": {
    project: projectEntitlements,
    fetch: fetchEntitlements,
  },
  invoice: {
    project: projectInvoice,
    fetch: (stripe, id) => stripe.invoices.retrieve(id),
    list: (stripe, page) => stripe.invoices.list(page),
  },
  payment_intent: {
    project: projectPayment,
    fetch: (stripe, id) => stripe.paymentIntents.retrieve(id),
    list: (stripe, page) => stripe.paymentIntents.list(page),
  },
  payment_method: {
    project: projectPaymentMethod,
    fetch: (stripe, id) => stripe.paymentMethods.retrieve(id),
  },
  price: {
    project: projectPrice,
    fetch: (stripe, id) => stripe.prices.retrieve(id),
    list: (stripe, page) => stripe.prices.list(page),
  },
  product: {
    project: projectProduct,
    fetch: (stripe, id) => stripe.products.retrieve(id),
    list: (stripe, page) => stripe.products.list(page),
  },
  "radar.early_fraud_warning": {
    project: projectEarlyFraudWarning,
    fetch: (stripe, id) => stripe.radar.earlyFraudWarnings.retrieve(id),
    list: (stripe, page) => stripe.radar.earlyFraudWarnings.list(page),
  },
  refund: {
    project: projectRefund,
    fetch: (stripe, id) => stripe.refunds.retrieve(id),
    list: (stripe, page) => stripe.refunds.list(page),
  },
  // Stripe lists open reviews only
  review: { project: projectReview, fetch: (stripe, id) => stripe.reviews.retrieve(id) },
  subscription: {
    project: projectSubscription,
    fetch: fetchSubscription,
    list: (stripe, page) => stripe.subscriptions.list({ ...page, status: "all" }),
  },
} as const satisfies Record<string, ObjectKind>;

export type ObjectKindName = keyof typeof KINDS;

export const OBJECT_KINDS: Readonly<Record<ObjectKindName, ObjectKind>> = KINDS;

/** Narrows a kind that came from outside. */
export function isObjectKind(name: string): name is ObjectKindName {
  return Object.hasOwn(OBJECT_KINDS, name);
}
