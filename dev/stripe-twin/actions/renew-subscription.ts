import { changed, made, optionally } from "../engine/emit.ts";
import { invalidRequest } from "../engine/errors.ts";
import type { Scope } from "../engine/scope.ts";
import { periodEnd } from "../objects/build-subscription.ts";
import type { Invoice, Subscription } from "../objects/types.ts";
import { followUpCharge } from "./after-charge.ts";
import { cancelSubscription } from "./cancel-subscription.ts";
import { refreshEntitlements } from "./entitlements.ts";
import {
  draftSubscriptionInvoice,
  type Finalized,
  finalizeInvoice,
  markAttempted,
  markPaid,
} from "./invoice-steps.ts";
import { subscriptionMethodOf } from "./pay-invoice.ts";
import { type Settlement, settlePayment } from "./settle-payment.ts";

/**
 * Moves a subscription into its next period and collects for it, as if the period had ended now. A card that would be
 * declined makes the renewal fail; `fail` makes it fail with any card.
 */
export function renewSubscription(scope: Scope, before: Subscription, fail: boolean): Subscription {
  if (!["active", "past_due", "trialing", "unpaid"].includes(before.status)) {
    throw invalidRequest(`A subscription that is ${before.status} cannot be renewed.`);
  }
  if (before.cancel_at_period_end) {
    return cancelSubscription(scope, before, { reason: "cancellation_requested" });
  }
  const method = subscriptionMethodOf(scope, before);
  if (method === null) {
    throw invalidRequest("The subscription has no payment method to collect with.");
  }
  const { draft, subscription } = draftSubscriptionInvoice(
    scope,
    nextPeriod(before),
    "subscription_cycle",
  );
  const renewal: Renewal = {
    before,
    subscription,
    draft,
    finalized: finalizeInvoice(scope, draft),
  };
  const { payment } = renewal.finalized;
  if (payment === null) return succeed(scope, renewal, null);
  const settlement = settlePayment(scope, payment.intent, method, {
    answer: null,
    offSession: true,
    declineAnyway: fail,
  });
  if (settlement.kind === "requires_action") throw new Error("Off session nobody can act");
  if (settlement.kind === "failed") return becomePastDue(scope, renewal, settlement);
  const renewed = succeed(scope, renewal, settlement);
  followUpCharge(scope, settlement.charge, method);
  return renewed;
}

interface Renewal {
  before: Subscription;
  /** In its new period. */
  subscription: Subscription;
  draft: Invoice;
  finalized: Finalized;
}

type Failed = Extract<Settlement, { kind: "failed" }>;
type Paid = Extract<Settlement, { kind: "authorised" | "succeeded" }>;

/** The events that every renewal begins with. */
function opening({ before, subscription, draft, finalized }: Renewal) {
  return {
    "customer.subscription.updated": changed(before, subscription),
    "invoice.created": made(draft),
    "invoice.finalized": changed(draft, finalized.invoice),
    "payment_intent.created": optionally(finalized.payment?.intent),
  };
}

function succeed(scope: Scope, renewal: Renewal, settlement: Paid | null): Subscription {
  const { invoice, link } = markPaid(scope, renewal.finalized.invoice);
  scope.emit("subscription renewed", {
    ...opening(renewal),
    "charge.succeeded": optionally(settlement?.charge),
    "payment_intent.succeeded": optionally(settlement?.intent),
    "invoice.updated": changed(renewal.finalized.invoice, invoice),
    "invoice.paid": made(invoice),
    "invoice.payment_succeeded": made(invoice),
    "invoice_payment.paid": optionally(link),
  });
  return renewal.subscription;
}

function becomePastDue(scope: Scope, renewal: Renewal, settlement: Failed): Subscription {
  const { before, subscription, draft, finalized } = renewal;
  if (finalized.payment === null) throw new Error("Nothing due, nothing to fail");
  const attempted = markAttempted(scope, finalized.invoice, true);
  const pastDue = scope.store.subscriptions.put({ ...subscription, status: "past_due" });
  scope.emit("subscription renewal failed", {
    "customer.subscription.updated": [
      changed(before, subscription),
      changed(subscription, pastDue),
    ],
    "invoice.created": made(draft),
    "invoice.finalized": changed(draft, finalized.invoice),
    "payment_intent.created": made(finalized.payment.intent),
    "charge.failed": made(settlement.charge),
    "payment_intent.payment_failed": made(settlement.intent),
    "invoice.updated": changed(finalized.invoice, attempted),
    "invoice.payment_failed": made(attempted),
  });
  refreshEntitlements(scope, pastDue.customer);
  return pastDue;
}

/** Each item's next period begins where the last one ended; a trial ends here. */
function nextPeriod(before: Subscription): Subscription {
  return {
    ...before,
    status: before.status === "trialing" ? "active" : before.status,
    items: {
      ...before.items,
      data: before.items.data.map((item) => ({
        ...item,
        current_period_start: item.current_period_end,
        current_period_end: periodEnd(item.price, item.current_period_end),
      })),
    },
  };
}
