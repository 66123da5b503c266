import { changed, made, optionally } from "../engine/emit.ts";
import type { Scope } from "../engine/scope.ts";
import type { CheckoutOrder } from "../engine/store.ts";
import { buildSubscription } from "../objects/build-subscription.ts";
import type {
  CheckoutSession,
  Customer,
  LineItem,
  PaymentMethod,
  Subscription,
} from "../objects/types.ts";
import { followUpCharge } from "./after-charge.ts";
import {
  type CheckoutPayment,
  completeSession,
  customerOfCheckout,
  linkCustomer,
  type Payer,
} from "./complete-checkout.ts";
import { passTime } from "./pass-time.ts";
import { refreshEntitlements } from "./entitlements.ts";
import {
  customerChange,
  draftSubscriptionInvoice,
  finalizeInvoice,
  markPaid,
} from "./invoice-steps.ts";
import { attachPaymentMethod } from "./resolve-payment-method.ts";

/**
 * Finishes a session in subscription mode. Stripe makes the subscription incomplete and, in the same second, active
 * once its first invoice is paid; both states have their event.
 */
export function completeSubscriptionCheckout(
  scope: Scope,
  session: CheckoutSession,
  order: CheckoutOrder,
  payer: Payer,
  method: PaymentMethod,
  payment: CheckoutPayment | null,
): CheckoutSession {
  const { customer, before } = customerOfCheckout(scope, session, payer);
  if (customer === null) throw new Error("A subscription has a customer");
  const linked = payment === null ? null : linkCustomer(scope, payment, customer.id);
  const attached = attachPaymentMethod(scope, method, customer.id);
  const first = firstSubscription(scope, order, customer, method);
  const { draft, subscription: created } = draftSubscriptionInvoice(
    scope,
    first,
    "subscription_create",
  );
  const finalized = finalizeInvoice(scope, draft, linked?.intent ?? null);
  const paid = markPaid(scope, finalized.invoice);
  const active = scope.store.subscriptions.put(activate(created, method));
  const complete = completeSession(scope, session, payer, {
    customer: customer.id,
    subscription: active.id,
    invoice: paid.invoice.id,
    paymentIntent: null,
  });
  const start = before ?? finalized.customer.before;
  scope.emit("checkout completed with a subscription", {
    "customer.created": before === null ? made(customer) : undefined,
    "payment_intent.created": optionally(linked?.created),
    "charge.succeeded": linked === null ? undefined : made(linked.charge),
    "payment_method.attached": made(attached),
    "invoice.created": made(draft),
    "customer.subscription.created": made(created),
    "customer.updated": customerChange({ before: start, after: finalized.customer.after }),
    "invoice.finalized": changed(draft, finalized.invoice),
    "payment_intent.succeeded": linked === null ? undefined : made(linked.intent),
    "invoice.updated": changed(finalized.invoice, paid.invoice),
    "invoice.paid": made(paid.invoice),
    "invoice.payment_succeeded": made(paid.invoice),
    "invoice_payment.paid": paid.link === null ? undefined : made(paid.link),
    "customer.subscription.updated": created.status === active.status
      ? undefined
      : changed(created, active),
    "checkout.session.completed": made(complete),
  });
  if (linked !== null) followUpCharge(scope, linked.charge, method);
  refreshEntitlements(scope, customer.id);
  passTime(scope);
  return complete;
}

function firstSubscription(
  scope: Scope,
  order: CheckoutOrder,
  customer: Customer,
  method: PaymentMethod,
): Subscription {
  const trialEnd = order.trialPeriodDays === null
    ? null
    : scope.clock.now() + order.trialPeriodDays * 86_400;
  return scope.store.subscriptions.put(buildSubscription(scope, {
    customer: customer.id,
    items: order.lineItems.filter(isRecurring).map(({ price, quantity }) => ({
      price,
      quantity: quantity ?? 1,
      metadata: {},
    })),
    status: trialEnd === null ? "incomplete" : "trialing",
    metadata: order.subscriptionMetadata,
    description: order.subscriptionDescription,
    defaultPaymentMethod: trialEnd === null ? null : method.id,
    collectionMethod: "charge_automatically",
    daysUntilDue: null,
    cancelAtPeriodEnd: false,
    trialEnd,
    testClock: customer.test_clock ?? null,
    saveDefaultPaymentMethod: "off",
  }));
}

function isRecurring(item: LineItem): item is LineItem & { price: NonNullable<LineItem["price"]> } {
  return item.price !== null && item.price.recurring !== null;
}

function activate(subscription: Subscription, method: PaymentMethod): Subscription {
  const status = subscription.status === "incomplete" ? "active" : subscription.status;
  return { ...subscription, status, default_payment_method: method.id };
}
