import { changed, made } from "../engine/emit.ts";
import { invalidRequest } from "../engine/errors.ts";
import type { Scope } from "../engine/scope.ts";
import type { Subscription } from "../objects/types.ts";
import { refreshEntitlements } from "./entitlements.ts";

/** Why a subscription is cancelled. */
export interface CancellationDetails {
  reason: NonNullable<NonNullable<Subscription["cancellation_details"]>["reason"]>;
  comment?: string | null;
  feedback?: NonNullable<Subscription["cancellation_details"]>["feedback"];
}

/** Ends a subscription now. */
export function cancelSubscription(
  scope: Scope,
  before: Subscription,
  details: CancellationDetails,
): Subscription {
  if (before.status === "canceled" || before.status === "incomplete_expired") {
    throw invalidRequest(`No such subscription: '${before.id}'`, {
      code: "resource_missing",
      param: "id",
      status: 404,
    });
  }
  const now = scope.clock.now();
  const ended = scope.store.subscriptions.put({
    ...before,
    status: before.status === "incomplete" ? "incomplete_expired" : "canceled",
    canceled_at: before.canceled_at ?? now,
    ended_at: now,
    cancellation_details: {
      comment: details.comment ?? null,
      feedback: details.feedback ?? null,
      feedback_option: null,
      reason: details.reason,
    },
  });
  scope.emit("subscription canceled", { "customer.subscription.deleted": made(ended) });
  refreshEntitlements(scope, ended.customer);
  return ended;
}

/** Lets a subscription run out at the end of its period, or takes that back. */
export function setCancelAtPeriodEnd(
  scope: Scope,
  before: Subscription,
  cancel: boolean,
): Subscription {
  const after = scope.store.subscriptions.put(withCancelAtPeriodEnd(scope, before, cancel));
  scope.emit(cancel ? "subscription set to cancel at period end" : "subscription resumed", {
    "customer.subscription.updated": changed(before, after),
  });
  return after;
}

/** The subscription with its end set or taken back; not stored. */
export function withCancelAtPeriodEnd(
  scope: Scope,
  before: Subscription,
  cancel: boolean,
): Subscription {
  const periodEnd = Math.min(...before.items.data.map((item) => item.current_period_end));
  return {
    ...before,
    cancel_at_period_end: cancel,
    cancel_at: cancel ? periodEnd : null,
    canceled_at: cancel ? scope.clock.now() : null,
    cancellation_details: {
      comment: null,
      feedback: null,
      feedback_option: null,
      reason: cancel ? "cancellation_requested" : null,
    },
  };
}

/** Ends every subscription whose announced end has come. */
export function endDueSubscriptions(scope: Scope): void {
  const now = scope.clock.now();
  for (const subscription of scope.store.subscriptions.newestFirst().reverse()) {
    const due = subscription.cancel_at !== null && subscription.cancel_at <= now;
    if (due && subscription.ended_at === null) {
      cancelSubscription(scope, subscription, { reason: "cancellation_requested" });
    }
  }
}
