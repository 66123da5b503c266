import { changed, made } from "../engine/emit.ts";
import { invalidRequest, type TwinError } from "../engine/errors.ts";
import type { Scope } from "../engine/scope.ts";
import { buildSubscription, type OrderedItem } from "../objects/build-subscription.ts";
import type { Customer, Metadata, PaymentMethod, Subscription } from "../objects/types.ts";
import { followUpCharge } from "./after-charge.ts";
import { passTime } from "./pass-time.ts";
import { refreshEntitlements } from "./entitlements.ts";
import {
  customerChange,
  draftSubscriptionInvoice,
  type Finalized,
  finalizeInvoice,
  markAttempted,
  markPaid,
} from "./invoice-steps.ts";
import { type Settlement, settlePayment } from "./settle-payment.ts";

/** What a subscription made through the API asks for. */
export interface SubscriptionOrder {
  customer: Customer;
  items: OrderedItem[];
  metadata: Metadata;
  description: string | null;
  /** The subscription's own default. */
  defaultPaymentMethod: PaymentMethod | null;
  /** What the first invoice is paid with: the subscription's default or the customer's. */
  payWith: PaymentMethod | null;
  paymentBehavior: "allow_incomplete" | "default_incomplete" | "error_if_incomplete";
  collectionMethod: "charge_automatically" | "send_invoice";
  daysUntilDue: number | null;
  cancelAtPeriodEnd: boolean;
  trialEnd: number | null;
  offSession: boolean;
  saveDefaultPaymentMethod: "off" | "on_subscription";
}

/** Makes a subscription, its first invoice and, unless told to wait, the first payment. */
export function createSubscription(scope: Scope, order: SubscriptionOrder): Subscription {
  const first = scope.store.subscriptions.put(buildSubscription(scope, {
    ...order,
    customer: order.customer.id,
    status: order.trialEnd === null ? "incomplete" : "trialing",
    defaultPaymentMethod: order.defaultPaymentMethod?.id ?? null,
    testClock: order.customer.test_clock ?? null,
  }));
  const { draft, subscription } = draftSubscriptionInvoice(scope, first, "subscription_create");
  const finalized = finalizeInvoice(scope, draft);
  const step: Step = { draft, subscription, finalized };
  if (finalized.payment === null || order.collectionMethod === "send_invoice") {
    return begin(scope, step, null);
  }
  if (order.paymentBehavior === "default_incomplete") return leaveIncomplete(scope, step);
  if (order.payWith === null) {
    forget(scope, step);
    throw noPaymentMethod();
  }
  const { offSession } = order;
  const settlement = settlePayment(scope, finalized.payment.intent, order.payWith, {
    answer: null,
    offSession,
  });
  if (settlement.kind === "succeeded" || settlement.kind === "authorised") {
    const active = begin(scope, step, settlement);
    followUpCharge(scope, settlement.charge, order.payWith);
    return active;
  }
  if (order.paymentBehavior === "error_if_incomplete") {
    forget(scope, step);
    throw settlement.kind === "failed" ? settlement.error : authenticationRequired();
  }
  return stayIncomplete(scope, step, settlement);
}

interface Step {
  draft: Parameters<typeof finalizeInvoice>[1];
  subscription: Subscription;
  finalized: Finalized;
}

type Paid = Extract<Settlement, { charge: unknown; kind: "authorised" | "succeeded" }>;

/** Active (or trialing) from its first event on: that is how the API makes one whose payment works. */
function begin(scope: Scope, step: Step, settlement: Paid | null): Subscription {
  const { draft, finalized } = step;
  const waits = finalized.payment !== null && settlement === null;
  const paid = waits
    ? { invoice: finalized.invoice, link: null }
    : markPaid(scope, finalized.invoice);
  const status = step.subscription.status === "incomplete" ? "active" : step.subscription.status;
  const subscription = scope.store.subscriptions.put({ ...step.subscription, status });
  if (waits) {
    emitIncomplete(scope, { ...step, subscription });
  } else {
    scope.emit("subscription created and paid", {
      "invoice.created": made(draft),
      "invoice.finalized": changed(draft, finalized.invoice),
      "payment_intent.created": finalized.payment === null
        ? undefined
        : made(finalized.payment.intent),
      "charge.succeeded": settlement === null ? undefined : made(settlement.charge),
      "payment_intent.succeeded": settlement === null ? undefined : made(settlement.intent),
      "customer.updated": customerChange(finalized.customer),
      "customer.subscription.created": made(subscription),
      "invoice.paid": made(paid.invoice),
      "invoice.payment_succeeded": made(paid.invoice),
      "invoice_payment.paid": paid.link === null ? undefined : made(paid.link),
    });
  }
  refreshEntitlements(scope, subscription.customer);
  passTime(scope);
  return subscription;
}

function leaveIncomplete(scope: Scope, step: Step): Subscription {
  emitIncomplete(scope, step);
  return step.subscription;
}

function emitIncomplete(scope: Scope, { draft, finalized, subscription }: Step): void {
  if (finalized.payment === null) throw new Error("An invoice that waits has something due");
  scope.emit("subscription created incomplete", {
    "invoice.created": made(draft),
    "invoice.finalized": changed(draft, finalized.invoice),
    "payment_intent.created": made(finalized.payment.intent),
    "customer.updated": customerChange(finalized.customer),
    "customer.subscription.created": made(subscription),
  });
}

function stayIncomplete(
  scope: Scope,
  step: Step,
  settlement: Exclude<Settlement, Paid>,
): Subscription {
  const { draft, finalized, subscription } = step;
  if (finalized.payment === null) throw new Error("Nothing due, nothing to fail");
  const attempted = markAttempted(scope, finalized.invoice, false);
  const failed = settlement.kind === "failed" ? settlement : null;
  scope.emit("subscription created with a failed payment", {
    "invoice.created": made(draft),
    "invoice.finalized": changed(draft, finalized.invoice),
    "payment_intent.created": made(finalized.payment.intent),
    "charge.failed": failed === null ? undefined : made(failed.charge),
    "payment_intent.payment_failed": failed === null ? undefined : made(failed.intent),
    "payment_intent.requires_action": failed === null ? made(settlement.intent) : undefined,
    "customer.updated": customerChange(finalized.customer),
    "customer.subscription.created": made(subscription),
    "invoice.updated": changed(finalized.invoice, attempted),
    "invoice.payment_failed": made(attempted),
    "invoice.payment_action_required": failed === null ? made(attempted) : undefined,
  });
  return subscription;
}

/** Takes back what was made for a request that is refused after all. */
function forget(scope: Scope, { draft, subscription, finalized }: Step): void {
  scope.store.subscriptions.remove(subscription.id);
  scope.store.invoices.remove(draft.id);
  scope.store.customers.put(finalized.customer.before);
  if (finalized.payment === null) return;
  scope.store.invoicePayments.remove(finalized.payment.link.id);
  scope.store.paymentIntents.remove(finalized.payment.intent.id);
}

function noPaymentMethod(): TwinError {
  return invalidRequest(
    "This customer has no attached payment source or default payment method. Please consider adding a default payment method. For more information, visit https://stripe.com/docs/billing/subscriptions/payment-methods-setting#payment-method-priority.",
    { code: "resource_missing" },
  );
}

function authenticationRequired(): TwinError {
  return invalidRequest(
    "Payment for this subscription requires additional user action before it can be completed.",
    {
      code: "subscription_payment_intent_requires_action",
      status: 402,
    },
  );
}
