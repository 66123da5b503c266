import { changed } from "../engine/emit.ts";
import { invalidRequest, noSuch } from "../engine/errors.ts";
import { mergeMetadata, replaceText } from "../engine/form-params.ts";
import type { Scope } from "../engine/scope.ts";
import { planOf } from "../objects/build-price.ts";
import { buildSubscriptionItem, periodEnd } from "../objects/build-subscription.ts";
import type { Subscription, SubscriptionItem } from "../objects/types.ts";
import { readItem, type SubscriptionUpdate } from "../resources/subscriptions.ts";
import { withCancelAtPeriodEnd } from "./cancel-subscription.ts";
import { refreshEntitlements } from "./entitlements.ts";

/** Changes a subscription as `POST /v1/subscriptions/:id` does. Prorations are not simulated. */
export function updateSubscription(
  scope: Scope,
  before: Subscription,
  params: SubscriptionUpdate,
): Subscription {
  const method = params.default_payment_method;
  if (method !== undefined && method !== "") {
    const owner = scope.store.paymentMethods.need(method, "default_payment_method", 400).customer;
    if (owner !== before.customer) throw noSuch("PaymentMethod", method, "default_payment_method");
  }
  const items = (params.items ?? []).reduce<SubscriptionItem[]>(
    (list, item, index) => changeItem(scope, before, list, item, `items[${index}]`),
    before.items.data,
  );
  if (items.length === 0) {
    throw invalidRequest("A subscription must have at least one item.", { param: "items" });
  }
  const cancel = params.cancel_at_period_end;
  const base = cancel === undefined || cancel === before.cancel_at_period_end
    ? before
    : withCancelAtPeriodEnd(scope, before, cancel);
  const after = scope.store.subscriptions.put({
    ...base,
    ...(params.trial_end === "now" && base.status === "trialing"
      ? { trial_end: scope.clock.now(), status: "active" as const }
      : typeof params.trial_end === "number"
      ? { trial_end: params.trial_end, status: "trialing" as const }
      : {}),
    default_payment_method: replaceText(base.default_payment_method, method),
    description: replaceText(base.description, params.description),
    items: { ...base.items, data: items },
    metadata: mergeMetadata(base.metadata, params.metadata),
    cancellation_details: base.cancellation_details === null ? null : {
      ...base.cancellation_details,
      comment: replaceText(base.cancellation_details.comment, params.cancellation_details?.comment),
    },
  });
  const name = cancel === undefined
    ? "subscription updated"
    : cancel
    ? "subscription set to cancel at period end"
    : "subscription resumed";
  scope.emit(name, { "customer.subscription.updated": changed(before, after) });
  refreshEntitlements(scope, after.customer);
  return after;
}

function changeItem(
  scope: Scope,
  subscription: Subscription,
  list: SubscriptionItem[],
  change: NonNullable<SubscriptionUpdate["items"]>[number],
  at: string,
): SubscriptionItem[] {
  if (change.id === undefined) {
    if (change.price === undefined) {
      throw invalidRequest(`Missing required param: ${at}[price].`, {
        code: "parameter_missing",
        param: `${at}[price]`,
      });
    }
    const added = readItem(scope, { ...change, price: change.price }, at);
    return [
      ...list,
      buildSubscriptionItem(
        scope,
        subscription.id,
        added,
        scope.clock.now(),
        subscription.trial_end,
      ),
    ];
  }
  const current = list.find((item) => item.id === change.id);
  if (current === undefined) throw noSuch("subscription_item", change.id, `${at}[id]`);
  if (change.deleted === true) return list.filter((item) => item.id !== change.id);
  const wanted = readItem(scope, {
    price: change.price ?? current.price.id,
    quantity: change.quantity ?? current.quantity,
    metadata: change.metadata,
  }, at);
  const sameInterval = wanted.price.recurring?.interval === current.price.recurring?.interval;
  const start = sameInterval ? current.current_period_start : scope.clock.now();
  const replaced: SubscriptionItem = {
    ...current,
    price: wanted.price,
    plan: planOf(wanted.price),
    quantity: wanted.quantity,
    metadata: mergeMetadata(current.metadata, change.metadata),
    current_period_start: start,
    current_period_end: sameInterval ? current.current_period_end : periodEnd(wanted.price, start),
  };
  return list.map((item) => (item.id === change.id ? replaced : item));
}
