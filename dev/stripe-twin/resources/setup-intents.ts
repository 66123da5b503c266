import { z } from "zod";
import { refuseState } from "../actions/confirm-payment-intent.ts";
import { confirmSetupIntent } from "../actions/confirm-setup-intent.ts";
import { resolvePaymentMethod } from "../actions/resolve-payment-method.ts";
import { made } from "../engine/emit.ts";
import { endpoint } from "../engine/endpoint.ts";
import { invalidRequest } from "../engine/errors.ts";
import {
  flag,
  inRange,
  mergeMetadata,
  metadata,
  pageParams,
  range,
  text,
  url,
} from "../engine/form-params.ts";
import { paginate } from "../engine/pagination.ts";
import { buildSetupIntent } from "../objects/build-setup-intent.ts";

const createParams = z.strictObject({
  automatic_payment_methods: z.strictObject({
    enabled: flag,
    allow_redirects: z.enum(["always", "never"]).optional(),
  }).optional(),
  confirm: flag.optional(),
  customer: text.optional(),
  description: text.optional(),
  metadata: metadata.optional(),
  payment_method: text.optional(),
  payment_method_types: z.array(z.enum(["card"])).optional(),
  return_url: url.optional(),
  usage: z.enum(["off_session", "on_session"]).optional(),
});

export const setupIntentEndpoints = [
  endpoint({
    method: "POST",
    path: "/v1/setup_intents",
    params: createParams,
    handle(scope, params) {
      if (params.customer !== undefined) {
        scope.store.customers.need(params.customer, "customer", 400);
      }
      const method = params.payment_method === undefined
        ? null
        : resolvePaymentMethod(scope, params.payment_method, "payment_method");
      if (params.confirm === true && method === null) {
        throw invalidRequest(
          "You cannot confirm this SetupIntent because it's missing a payment method.",
          {
            code: "setup_intent_unexpected_state",
          },
        );
      }
      const intent = scope.store.setupIntents.put(buildSetupIntent(scope, {
        customer: params.customer ?? null,
        paymentMethod: method?.id ?? null,
        description: params.description ?? null,
        metadata: mergeMetadata({}, params.metadata),
        usage: params.usage ?? "off_session",
      }));
      if (params.confirm !== true || method === null) {
        scope.emit("setup intent created", { "setup_intent.created": made(intent) });
        return intent;
      }
      return confirmSetupIntent(scope, intent, method, { answer: null, isNew: true });
    },
  }),
  endpoint({
    method: "GET",
    path: "/v1/setup_intents/:id",
    params: z.strictObject({ client_secret: text.optional() }),
    handle: (scope, _params, path) => scope.store.setupIntents.need(path("id"), "intent"),
  }),
  endpoint({
    method: "POST",
    path: "/v1/setup_intents/:id/confirm",
    params: z.strictObject({ payment_method: text.optional(), return_url: url.optional() }),
    handle(scope, params, path) {
      const intent = scope.store.setupIntents.need(path("id"), "intent");
      const id = params.payment_method ?? intent.payment_method;
      if (id === null) {
        throw invalidRequest(
          "You cannot confirm this SetupIntent because it's missing a payment method.",
          {
            code: "setup_intent_unexpected_state",
          },
        );
      }
      return confirmSetupIntent(scope, intent, resolvePaymentMethod(scope, id, "payment_method"), {
        answer: null,
        isNew: false,
      });
    },
  }),
  endpoint({
    method: "POST",
    path: "/v1/setup_intents/:id/cancel",
    params: z.strictObject({
      cancellation_reason: z.enum(["abandoned", "duplicate", "requested_by_customer"]).optional(),
    }),
    handle(scope, params, path) {
      const before = scope.store.setupIntents.need(path("id"), "intent");
      refuseState(before, "cancel", [
        "requires_payment_method",
        "requires_confirmation",
        "requires_action",
      ]);
      const intent = scope.store.setupIntents.put({
        ...before,
        status: "canceled",
        cancellation_reason: params.cancellation_reason ?? null,
        next_action: null,
      });
      scope.emit("setup intent canceled", { "setup_intent.canceled": made(intent) });
      return intent;
    },
  }),
  endpoint({
    method: "GET",
    path: "/v1/setup_intents",
    params: z.strictObject({ ...pageParams, created: range.optional(), customer: text.optional() }),
    handle(scope, params) {
      const items = scope.store.setupIntents.newestFirst().filter((item) =>
        (params.customer === undefined || item.customer === params.customer) &&
        inRange(params.created, item.created)
      );
      return paginate(items, params, "/v1/setup_intents");
    },
  }),
];
