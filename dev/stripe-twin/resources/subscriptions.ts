import { z } from "zod";
import { cancelSubscription } from "../actions/cancel-subscription.ts";
import { createSubscription } from "../actions/create-subscription.ts";
import { updateSubscription } from "../actions/update-subscription.ts";
import { endpoint } from "../engine/endpoint.ts";
import { invalidRequest, missingParam, noSuch } from "../engine/errors.ts";
import {
  flag,
  inRange,
  integer,
  mergeMetadata,
  metadata,
  pageParams,
  range,
  text,
  unsettable,
} from "../engine/form-params.ts";
import { paginate } from "../engine/pagination.ts";
import type { Scope } from "../engine/scope.ts";
import type { OrderedItem } from "../objects/build-subscription.ts";
import type { PaymentMethod, Subscription } from "../objects/types.ts";

const itemParam = z.strictObject({
  price: text,
  quantity: integer.optional(),
  metadata: metadata.optional(),
});

const paymentSettings = z.strictObject({
  save_default_payment_method: z.enum(["off", "on_subscription"]).optional(),
  payment_method_types: z.array(z.enum(["card"])).optional(),
});

const createParams = z.strictObject({
  cancel_at_period_end: flag.optional(),
  collection_method: z.enum(["charge_automatically", "send_invoice"]).optional(),
  currency: text.optional(),
  customer: text,
  days_until_due: integer.optional(),
  default_payment_method: text.optional(),
  description: text.optional(),
  items: z.array(itemParam).min(1).max(20),
  metadata: metadata.optional(),
  off_session: flag.optional(),
  payment_behavior: z.enum(["allow_incomplete", "default_incomplete", "error_if_incomplete"])
    .optional(),
  payment_settings: paymentSettings.optional(),
  trial_end: integer.optional(),
  trial_period_days: integer.optional(),
});

const updateParams = z.strictObject({
  cancel_at_period_end: flag.optional(),
  cancellation_details: z.strictObject({
    comment: unsettable.optional(),
    feedback: text.optional(),
  }).optional(),
  default_payment_method: unsettable.optional(),
  description: unsettable.optional(),
  items: z.array(z.strictObject({
    id: text.optional(),
    price: text.optional(),
    quantity: integer.optional(),
    deleted: flag.optional(),
    metadata: metadata.optional(),
  })).optional(),
  metadata: metadata.optional(),
  payment_behavior: z.enum(["allow_incomplete", "error_if_incomplete"]).optional(),
  payment_settings: paymentSettings.optional(),
  proration_behavior: z.enum(["none"]).optional(),
  trial_end: z.union([z.literal("now"), integer]).optional(),
});

/** Parameters of an update, for the action behind it. */
export type SubscriptionUpdate = z.output<typeof updateParams>;

function createFrom(scope: Scope, params: z.output<typeof createParams>): Subscription {
  const customer = scope.store.customers.need(params.customer, "customer", 400);
  const own = methodOf(scope, customer.id, params.default_payment_method);
  const fallback = customer.invoice_settings.default_payment_method;
  const collectionMethod = params.collection_method ?? "charge_automatically";
  if (collectionMethod === "send_invoice" && params.days_until_due === undefined) {
    throw missingParam("days_until_due");
  }
  const items = params.items.map((item, index) => readItem(scope, item, `items[${index}]`));
  if (new Set(items.map((item) => item.price.currency)).size > 1) {
    throw invalidRequest("All prices on a subscription must use the same currency.", {
      param: "items",
    });
  }
  return createSubscription(scope, {
    customer,
    items,
    metadata: mergeMetadata({}, params.metadata),
    description: params.description ?? null,
    defaultPaymentMethod: own,
    payWith: own ?? (fallback === null ? null : scope.store.paymentMethods.get(fallback) ?? null),
    paymentBehavior: params.payment_behavior ?? "allow_incomplete",
    collectionMethod,
    daysUntilDue: params.days_until_due ?? null,
    cancelAtPeriodEnd: params.cancel_at_period_end ?? false,
    trialEnd: trialEndOf(scope, params),
    offSession: params.off_session ?? false,
    saveDefaultPaymentMethod: params.payment_settings?.save_default_payment_method ?? "off",
  });
}

function trialEndOf(scope: Scope, params: z.output<typeof createParams>): number | null {
  if (params.trial_end !== undefined) {
    if (params.trial_end <= scope.clock.now()) {
      throw invalidRequest("Invalid timestamp: must be an integer Unix timestamp in the future", {
        param: "trial_end",
      });
    }
    return params.trial_end;
  }
  return params.trial_period_days === undefined
    ? null
    : scope.clock.now() + params.trial_period_days * 86_400;
}

function methodOf(scope: Scope, customer: string, id: string | undefined): PaymentMethod | null {
  if (id === undefined) return null;
  const method = scope.store.paymentMethods.need(id, "default_payment_method", 400);
  if (method.customer !== customer) {
    throw invalidRequest(
      `The customer does not have a payment method with the ID ${id}. The payment method must be attached to the customer.`,
      { code: "resource_missing", param: "default_payment_method" },
    );
  }
  return method;
}

/** An item of a subscription, with what Stripe refuses refused. */
export function readItem(
  scope: Scope,
  item: z.output<typeof itemParam>,
  at: string,
): OrderedItem {
  const price = scope.store.prices.need(item.price, `${at}[price]`, 400);
  if (price.type !== "recurring") {
    throw invalidRequest(
      `The price specified is set to \`type=one_time\` but this field only accepts prices with \`type=recurring\`.`,
      { param: `${at}[price]` },
    );
  }
  if (!price.active) {
    throw invalidRequest(
      "The price specified is inactive. This field only accepts active prices.",
      {
        param: `${at}[price]`,
      },
    );
  }
  const quantity = item.quantity ?? 1;
  if (quantity < 0) {
    throw invalidRequest("Invalid non-negative integer", { param: `${at}[quantity]` });
  }
  return { price, quantity, metadata: mergeMetadata({}, item.metadata) };
}

/** A subscription that can still be changed; one that ended is gone for the API's writes. */
function changeable(scope: Scope, id: string): Subscription {
  const subscription = scope.store.subscriptions.need(id);
  if (subscription.ended_at !== null) throw noSuch("subscription", id, "id", 404);
  return subscription;
}

export const subscriptionEndpoints = [
  endpoint({
    method: "POST",
    path: "/v1/subscriptions",
    params: createParams,
    handle: (scope, params) => createFrom(scope, params),
  }),
  endpoint({
    method: "GET",
    path: "/v1/subscriptions/:id",
    params: z.strictObject({}),
    handle: (scope, _params, path) => scope.store.subscriptions.need(path("id")),
  }),
  endpoint({
    method: "POST",
    path: "/v1/subscriptions/:id",
    params: updateParams,
    handle: (scope, params, path) =>
      updateSubscription(scope, changeable(scope, path("id")), params),
  }),
  endpoint({
    method: "DELETE",
    path: "/v1/subscriptions/:id",
    params: z.strictObject({
      cancellation_details: z.strictObject({
        comment: unsettable.optional(),
        feedback: z.enum([
          "customer_service",
          "low_quality",
          "missing_features",
          "other",
          "switched_service",
          "too_complex",
          "too_expensive",
          "unused",
        ]).optional(),
      }).optional(),
      invoice_now: flag.optional(),
      prorate: flag.optional(),
    }),
    handle: (scope, params, path) =>
      cancelSubscription(scope, changeable(scope, path("id")), {
        reason: "cancellation_requested",
        comment: params.cancellation_details?.comment ?? null,
        feedback: params.cancellation_details?.feedback ?? null,
      }),
  }),
  endpoint({
    method: "GET",
    path: "/v1/subscriptions",
    params: z.strictObject({
      ...pageParams,
      collection_method: text.optional(),
      created: range.optional(),
      customer: text.optional(),
      price: text.optional(),
      status: z.enum([
        "active",
        "all",
        "canceled",
        "ended",
        "incomplete",
        "incomplete_expired",
        "past_due",
        "paused",
        "trialing",
        "unpaid",
      ]).optional(),
      test_clock: text.optional(),
    }),
    handle(scope, params) {
      const items = scope.store.subscriptions.newestFirst().filter((item) =>
        (params.customer === undefined || item.customer === params.customer) &&
        (params.collection_method === undefined ||
          item.collection_method === params.collection_method) &&
        (params.price === undefined ||
          item.items.data.some((line) => line.price.id === params.price)) &&
        (params.test_clock === undefined || item.test_clock === params.test_clock) &&
        hasStatus(item, params.status) && inRange(params.created, item.created)
      );
      return paginate(items, params, "/v1/subscriptions");
    },
  }),
  endpoint({
    method: "GET",
    path: "/v1/subscription_items",
    params: z.strictObject({ ...pageParams, subscription: text }),
    handle: (scope, params) =>
      paginate(
        scope.store.subscriptions.need(params.subscription, "subscription", 400).items.data,
        params,
        "/v1/subscription_items",
      ),
  }),
];

/** Without a status Stripe lists what has not been canceled; `ended` is everything that has. */
function hasStatus(item: Subscription, status: string | undefined): boolean {
  if (status === "all") return true;
  if (status === undefined) return item.status !== "canceled";
  if (status === "ended") return item.status === "canceled" || item.status === "incomplete_expired";
  return item.status === status;
}
