import { z } from "zod";
import { expireCheckout } from "../actions/expire-checkout.ts";
import { endpoint } from "../engine/endpoint.ts";
import { invalidRequest, missingParam } from "../engine/errors.ts";
import {
  inRange,
  mergeMetadata,
  metadata,
  pageParams,
  range,
  text,
  unsettable,
} from "../engine/form-params.ts";
import { paginate } from "../engine/pagination.ts";
import type { Scope } from "../engine/scope.ts";
import { buildCheckoutSession } from "../objects/build-checkout-session.ts";
import type { CheckoutSession } from "../objects/types.ts";
import { type CheckoutParams, checkoutParams } from "./checkout-params.ts";
import { readLineItems } from "./read-line-items.ts";
import { readShipping } from "./shared-params.ts";

const minimumLifeSeconds = 30 * 60;
const maximumLifeSeconds = 24 * 60 * 60;

function createSession(scope: Scope, params: CheckoutParams): CheckoutSession {
  if (params.success_url === undefined) throw missingParam("success_url");
  refuseWrongMode(params);
  const customer = readCustomer(scope, params);
  const lineItems = readLineItems(scope, params);
  const session = scope.store.checkoutSessions.put(buildCheckoutSession(scope, {
    mode: params.mode,
    lineItems,
    startsWithTrial: params.subscription_data?.trial_period_days !== undefined,
    currency: lineItems[0]?.currency ?? null,
    customer,
    customerEmail: params.customer_email ?? null,
    customerCreation: params.mode === "subscription"
      ? "always"
      : params.customer_creation ?? "if_required",
    clientReferenceId: params.client_reference_id ?? null,
    metadata: mergeMetadata({}, params.metadata),
    successUrl: params.success_url,
    cancelUrl: params.cancel_url ?? null,
    expiresAt: readExpiry(scope, params.expires_at),
    locale: params.locale ?? null,
    allowPromotionCodes: params.allow_promotion_codes ?? null,
    billingAddressCollection: params.billing_address_collection ?? null,
    submitType: params.submit_type ?? null,
    paymentMethodCollection: params.payment_method_collection ??
      (params.mode === "subscription" ? "always" : "if_required"),
  }));
  const payment = params.payment_intent_data;
  scope.store.checkoutOrders.set(session.id, {
    lineItems,
    subscriptionMetadata: mergeMetadata({}, params.subscription_data?.metadata),
    subscriptionDescription: params.subscription_data?.description ?? null,
    trialPeriodDays: params.subscription_data?.trial_period_days ?? null,
    paymentMetadata: mergeMetadata({}, payment?.metadata),
    paymentDescription: payment?.description ?? null,
    shipping: readShipping(payment?.shipping),
    setupFutureUsage: payment?.setup_future_usage ?? null,
    captureMethod: payment?.capture_method === "manual" ? "manual" : "automatic_async",
    paymentIntent: null,
    pending: null,
  });
  return session;
}

function refuseWrongMode(params: CheckoutParams): void {
  if (params.mode === "payment" && params.subscription_data !== undefined) {
    throw invalidRequest("You can not pass `subscription_data` in `payment` mode.", {
      param: "subscription_data",
    });
  }
  if (params.mode === "subscription" && params.payment_intent_data !== undefined) {
    throw invalidRequest("You can not pass `payment_intent_data` in `subscription` mode.", {
      param: "payment_intent_data",
    });
  }
  if (params.mode === "subscription" && params.customer_creation !== undefined) {
    throw invalidRequest("`customer_creation` can only be used in `payment` mode.", {
      param: "customer_creation",
    });
  }
  if (
    params.mode === "subscription" && params.submit_type !== undefined &&
    params.submit_type !== "subscribe"
  ) {
    throw invalidRequest("You can not pass `submit_type` in `subscription` mode.", {
      param: "submit_type",
    });
  }
  const trial = params.subscription_data?.trial_period_days;
  if (trial !== undefined && (trial < 1 || trial > 730)) {
    throw invalidRequest("Invalid trial_period_days: must be between 1 and 730", {
      param: "subscription_data[trial_period_days]",
    });
  }
}

function readCustomer(scope: Scope, params: CheckoutParams): string | null {
  const { customer } = params;
  if (customer === undefined) {
    if (params.customer_update !== undefined) {
      throw invalidRequest("`customer_update` can only be used with `customer`.", {
        param: "customer_update",
      });
    }
    return null;
  }
  if (params.customer_email !== undefined) {
    throw invalidRequest(
      "You may only specify one of these parameters: customer, customer_email.",
      {
        param: "customer",
      },
    );
  }
  return scope.store.customers.need(customer, "customer", 400).id;
}

function readExpiry(scope: Scope, expiresAt: number | undefined): number {
  const now = scope.clock.now();
  if (expiresAt === undefined) return now + maximumLifeSeconds;
  // A request takes a moment to arrive; Stripe grants it the seconds.
  if (expiresAt < now + minimumLifeSeconds - 5) {
    throw invalidRequest(
      "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.",
      { param: "expires_at" },
    );
  }
  if (expiresAt > now + maximumLifeSeconds + 5) {
    throw invalidRequest(
      "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
      { param: "expires_at" },
    );
  }
  return expiresAt;
}

export const checkoutSessionEndpoints = [
  endpoint({
    method: "POST",
    path: "/v1/checkout/sessions",
    params: checkoutParams,
    handle: (scope, params) => createSession(scope, params),
  }),
  endpoint({
    method: "GET",
    path: "/v1/checkout/sessions/:id",
    params: z.strictObject({}),
    handle: (scope, _params, path) => scope.store.checkoutSessions.need(path("id"), "session"),
  }),
  endpoint({
    method: "POST",
    path: "/v1/checkout/sessions/:id",
    params: z.strictObject({
      metadata: metadata.optional(),
      client_reference_id: unsettable.optional(),
    }),
    handle(scope, params, path) {
      const before = scope.store.checkoutSessions.need(path("id"), "session");
      return scope.store.checkoutSessions.put({
        ...before,
        metadata: mergeMetadata(before.metadata ?? {}, params.metadata),
      });
    },
  }),
  endpoint({
    method: "POST",
    path: "/v1/checkout/sessions/:id/expire",
    params: z.strictObject({}),
    handle: (scope, _params, path) =>
      expireCheckout(scope, scope.store.checkoutSessions.need(path("id"), "session")),
  }),
  endpoint({
    method: "GET",
    path: "/v1/checkout/sessions/:id/line_items",
    params: z.strictObject(pageParams),
    handle(scope, params, path) {
      const { id } = scope.store.checkoutSessions.need(path("id"), "session");
      return paginate(
        scope.store.checkoutOrders.get(id)?.lineItems ?? [],
        params,
        `/v1/checkout/sessions/${id}/line_items`,
      );
    },
  }),
  endpoint({
    method: "GET",
    path: "/v1/checkout/sessions",
    params: z.strictObject({
      ...pageParams,
      created: range.optional(),
      customer: text.optional(),
      customer_details: z.strictObject({ email: text }).optional(),
      payment_intent: text.optional(),
      status: z.enum(["complete", "expired", "open"]).optional(),
      subscription: text.optional(),
    }),
    handle(scope, params) {
      const items = scope.store.checkoutSessions.newestFirst().filter((item) =>
        (params.customer === undefined || item.customer === params.customer) &&
        (params.customer_details === undefined ||
          item.customer_details?.email === params.customer_details.email) &&
        (params.payment_intent === undefined || item.payment_intent === params.payment_intent) &&
        (params.status === undefined || item.status === params.status) &&
        (params.subscription === undefined || item.subscription === params.subscription) &&
        inRange(params.created, item.created)
      );
      return paginate(items, params, "/v1/checkout/sessions");
    },
  }),
];
