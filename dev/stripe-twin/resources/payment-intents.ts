import { z } from "zod";
import { confirmPaymentIntent, refuseState } from "../actions/confirm-payment-intent.ts";
import { resolvePaymentMethod } from "../actions/resolve-payment-method.ts";
import { withBalance } from "../actions/settle-payment.ts";
import { changed, made } from "../engine/emit.ts";
import { endpoint } from "../engine/endpoint.ts";
import { invalidRequest } from "../engine/errors.ts";
import {
  currency,
  flag,
  inRange,
  integer,
  mergeMetadata,
  metadata,
  pageParams,
  range,
  replaceText,
  text,
  unsettable,
  url,
} from "../engine/form-params.ts";
import { paginate } from "../engine/pagination.ts";
import type { Scope } from "../engine/scope.ts";
import { buildPaymentIntent } from "../objects/build-payment-intent.ts";
import type { PaymentIntent, PaymentMethod } from "../objects/types.ts";
import { readShipping, shippingParam } from "./shared-params.ts";

const shared = {
  description: unsettable.optional(),
  metadata: metadata.optional(),
  payment_method: text.optional(),
  receipt_email: unsettable.optional(),
  setup_future_usage: z.enum(["off_session", "on_session"]).optional(),
  shipping: shippingParam.optional(),
};

const createParams = z.strictObject({
  ...shared,
  amount: integer,
  automatic_payment_methods: z.strictObject({
    enabled: flag,
    allow_redirects: z.enum(["always", "never"]).optional(),
  }).optional(),
  capture_method: z.enum(["automatic", "automatic_async", "manual"]).optional(),
  confirm: flag.optional(),
  confirmation_method: z.enum(["automatic", "manual"]).optional(),
  currency,
  customer: text.optional(),
  error_on_requires_action: flag.optional(),
  off_session: flag.optional(),
  payment_method_types: z.array(z.enum(["card"])).optional(),
  return_url: url.optional(),
  statement_descriptor: text.optional(),
});

const cancelReasons = z.enum(["abandoned", "duplicate", "fraudulent", "requested_by_customer"]);

function create(scope: Scope, params: z.output<typeof createParams>): PaymentIntent {
  if (params.amount < 1) {
    throw invalidRequest("This value must be greater than or equal to 1.", {
      code: "parameter_invalid_integer",
      param: "amount",
    });
  }
  if (params.amount < 50) {
    throw invalidRequest("Amount must be at least $0.50 usd", {
      code: "amount_too_small",
      param: "amount",
    });
  }
  if (params.customer !== undefined) scope.store.customers.need(params.customer, "customer", 400);
  const method = params.payment_method === undefined
    ? null
    : resolvePaymentMethod(scope, params.payment_method, "payment_method");
  refuseForeignMethod(method, params.customer ?? null);
  if (params.confirm === true && method === null) throw needsMethod();
  const intent = scope.store.paymentIntents.put(buildPaymentIntent(scope, {
    amount: params.amount,
    currency: params.currency,
    customer: params.customer ?? null,
    description: replaceText(null, params.description),
    metadata: mergeMetadata({}, params.metadata),
    paymentMethod: method?.id ?? null,
    captureMethod: params.capture_method ?? "automatic_async",
    setupFutureUsage: params.setup_future_usage ?? null,
    shipping: readShipping(params.shipping),
    receiptEmail: replaceText(null, params.receipt_email),
    automatic: params.automatic_payment_methods?.enabled ??
      params.payment_method_types === undefined,
    statementDescriptor: params.statement_descriptor ?? null,
  }));
  if (params.confirm !== true || method === null) {
    scope.emit("payment intent created", { "payment_intent.created": made(intent) });
    return intent;
  }
  return confirmPaymentIntent(scope, intent, method, {
    answer: null,
    offSession: params.off_session ?? false,
    isNew: true,
  });
}

function needsMethod(): Error {
  return invalidRequest(
    "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.",
    { code: "payment_intent_unexpected_state" },
  );
}

/** A method that belongs to a customer pays only for that customer. */
function refuseForeignMethod(method: PaymentMethod | null, customer: string | null): void {
  if (method === null || method.customer === null || method.customer === customer) return;
  throw invalidRequest(
    `The PaymentMethod ${method.id} belongs to a Customer. Please include the Customer in the \`customer\` parameter on the PaymentIntent.`,
    { param: "payment_method" },
  );
}

function capture(scope: Scope, before: PaymentIntent, amount: number | undefined): PaymentIntent {
  refuseState(before, "captur", ["requires_capture"]);
  const wanted = amount ?? before.amount_capturable;
  if (wanted < 1 || wanted > before.amount_capturable) {
    throw invalidRequest(
      "The payment intent's capturable amount is less than the amount to capture.",
      {
        code: "amount_too_large",
        param: "amount_to_capture",
      },
    );
  }
  const authorised = scope.store.charges.need(before.latest_charge ?? "");
  const captured = {
    ...authorised,
    captured: true,
    amount_captured: wanted,
    amount_refunded: authorised.amount - wanted,
  };
  const charge = scope.store.charges.put(withBalance(scope, captured));
  const intent = scope.store.paymentIntents.put({
    ...before,
    status: "succeeded",
    amount_capturable: 0,
    amount_received: wanted,
  });
  scope.emit("payment intent captured", {
    "charge.captured": changed(authorised, charge),
    "payment_intent.succeeded": made(intent),
  });
  return intent;
}

export const paymentIntentEndpoints = [
  endpoint({
    method: "POST",
    path: "/v1/payment_intents",
    params: createParams,
    handle: (scope, params) => create(scope, params),
  }),
  endpoint({
    method: "GET",
    path: "/v1/payment_intents/:id",
    params: z.strictObject({ client_secret: text.optional() }),
    handle: (scope, _params, path) => scope.store.paymentIntents.need(path("id"), "intent"),
  }),
  endpoint({
    method: "POST",
    path: "/v1/payment_intents/:id",
    params: z.strictObject({ ...shared, amount: integer.optional(), customer: text.optional() }),
    handle(scope, params, path) {
      const before = scope.store.paymentIntents.need(path("id"), "intent");
      const method = params.payment_method === undefined
        ? null
        : resolvePaymentMethod(scope, params.payment_method, "payment_method");
      if (params.customer !== undefined) {
        scope.store.customers.need(params.customer, "customer", 400);
      }
      if (params.amount !== undefined) {
        refuseState(before, "updat", [
          "requires_payment_method",
          "requires_confirmation",
          "requires_action",
        ]);
      }
      return scope.store.paymentIntents.put({
        ...before,
        amount: params.amount ?? before.amount,
        customer: params.customer ?? before.customer,
        description: replaceText(before.description, params.description),
        metadata: mergeMetadata(before.metadata, params.metadata),
        payment_method: method?.id ?? before.payment_method,
        receipt_email: replaceText(before.receipt_email, params.receipt_email),
        setup_future_usage: params.setup_future_usage ?? before.setup_future_usage,
        shipping: readShipping(params.shipping) ?? before.shipping,
        status: before.status === "requires_payment_method" && method !== null
          ? "requires_confirmation"
          : before.status,
      });
    },
  }),
  endpoint({
    method: "POST",
    path: "/v1/payment_intents/:id/confirm",
    params: z.strictObject({
      payment_method: text.optional(),
      off_session: flag.optional(),
      return_url: url.optional(),
      setup_future_usage: z.enum(["off_session", "on_session"]).optional(),
    }),
    handle(scope, params, path) {
      const intent = scope.store.paymentIntents.need(path("id"), "intent");
      const id = params.payment_method ?? intent.payment_method;
      if (id === null) throw needsMethod();
      const method = resolvePaymentMethod(scope, id, "payment_method");
      refuseForeignMethod(method, intent.customer);
      return confirmPaymentIntent(scope, intent, method, {
        answer: null,
        offSession: params.off_session ?? false,
        isNew: false,
      });
    },
  }),
  endpoint({
    method: "POST",
    path: "/v1/payment_intents/:id/capture",
    params: z.strictObject({ amount_to_capture: integer.optional() }),
    handle: (scope, params, path) =>
      capture(
        scope,
        scope.store.paymentIntents.need(path("id"), "intent"),
        params.amount_to_capture,
      ),
  }),
  endpoint({
    method: "POST",
    path: "/v1/payment_intents/:id/cancel",
    params: z.strictObject({ cancellation_reason: cancelReasons.optional() }),
    handle(scope, params, path) {
      const before = scope.store.paymentIntents.need(path("id"), "intent");
      refuseState(before, "cancel", [
        "requires_payment_method",
        "requires_capture",
        "requires_confirmation",
        "requires_action",
        "processing",
      ]);
      const intent = scope.store.paymentIntents.put({
        ...before,
        status: "canceled",
        amount_capturable: 0,
        canceled_at: scope.clock.now(),
        cancellation_reason: params.cancellation_reason ?? null,
        next_action: null,
      });
      scope.emit("payment intent canceled", { "payment_intent.canceled": made(intent) });
      return intent;
    },
  }),
  endpoint({
    method: "GET",
    path: "/v1/payment_intents",
    params: z.strictObject({ ...pageParams, created: range.optional(), customer: text.optional() }),
    handle(scope, params) {
      const items = scope.store.paymentIntents.newestFirst().filter((item) =>
        (params.customer === undefined || item.customer === params.customer) &&
        inRange(params.created, item.created)
      );
      return paginate(items, params, "/v1/payment_intents");
    },
  }),
];
