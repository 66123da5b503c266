import { z } from "zod";
import { attachPaymentMethod, resolvePaymentMethod } from "../actions/resolve-payment-method.ts";
import { type TestCard, testCardByName, testCardByNumber } from "../cards.ts";
import { changed, made } from "../engine/emit.ts";
import { endpoint } from "../engine/endpoint.ts";
import { invalidRequest, missingParam, noSuch, TwinError } from "../engine/errors.ts";
import { integer, mergeMetadata, metadata, pageParams, text } from "../engine/form-params.ts";
import { paginate } from "../engine/pagination.ts";
import type { Scope } from "../engine/scope.ts";
import { buildPaymentMethod, noBilling } from "../objects/build-payment-method.ts";
import type { PaymentMethod } from "../objects/types.ts";
import { billingParam, readBilling } from "./shared-params.ts";

const cardParam = z.strictObject({
  token: text.optional(),
  number: text.optional(),
  exp_month: integer.optional(),
  exp_year: integer.optional(),
  cvc: text.optional(),
});

const createParams = z.strictObject({
  type: z.enum(["card"]),
  card: cardParam.optional(),
  billing_details: billingParam.optional(),
  metadata: metadata.optional(),
  allow_redisplay: z.enum(["always", "limited", "unspecified"]).optional(),
});

function cardOf(card: z.output<typeof cardParam> | undefined): TestCard {
  if (card?.token !== undefined) {
    const known = testCardByName(card.token);
    if (known === undefined) throw noSuch("token", card.token, "card[token]");
    return known;
  }
  if (card?.number === undefined) throw missingParam("card[number]");
  const known = testCardByNumber(card.number);
  if (known === undefined) {
    // The number itself must not come back in the answer.
    throw new TwinError(402, {
      type: "card_error",
      code: "incorrect_number",
      message: "Your card number is incorrect. In test mode only Stripe's test cards work.",
      param: "number",
    });
  }
  return known;
}

function createMethod(scope: Scope, params: z.output<typeof createParams>): PaymentMethod {
  const card = cardOf(params.card);
  const nextYear = new Date(scope.clock.now() * 1000).getUTCFullYear() + 1;
  const method = scope.store.paymentMethods.put(buildPaymentMethod(scope, {
    face: card.face,
    expMonth: params.card?.exp_month ?? 12,
    expYear: params.card?.exp_year ?? nextYear,
    billing: readBilling(params.billing_details, noBilling),
    metadata: mergeMetadata({}, params.metadata),
  }));
  scope.store.cardBehaviours.set(method.id, card.behaviour);
  return method;
}

export const paymentMethodEndpoints = [
  endpoint({
    method: "POST",
    path: "/v1/payment_methods",
    params: createParams,
    handle: (scope, params) => createMethod(scope, params),
  }),
  endpoint({
    method: "GET",
    path: "/v1/payment_methods/:id",
    params: z.strictObject({}),
    handle: (scope, _params, path) => scope.store.paymentMethods.need(path("id"), "payment_method"),
  }),
  endpoint({
    method: "POST",
    path: "/v1/payment_methods/:id",
    params: z.strictObject({
      billing_details: billingParam.optional(),
      metadata: metadata.optional(),
      card: z.strictObject({ exp_month: integer.optional(), exp_year: integer.optional() })
        .optional(),
    }),
    handle(scope, params, path) {
      const before = scope.store.paymentMethods.need(path("id"), "payment_method");
      if (before.customer === null) {
        throw invalidRequest(
          "You must save this PaymentMethod to a customer before you can update it.",
        );
      }
      const card = before.card === undefined ? {} : {
        card: {
          ...before.card,
          exp_month: params.card?.exp_month ?? before.card.exp_month,
          exp_year: params.card?.exp_year ?? before.card.exp_year,
        },
      };
      const method = scope.store.paymentMethods.put({
        ...before,
        ...card,
        billing_details: readBilling(params.billing_details, before.billing_details),
        metadata: mergeMetadata(before.metadata ?? {}, params.metadata),
      });
      scope.emit("payment method updated", { "payment_method.updated": changed(before, method) });
      return method;
    },
  }),
  endpoint({
    method: "POST",
    path: "/v1/payment_methods/:id/attach",
    params: z.strictObject({ customer: text }),
    handle(scope, params, path) {
      const customer = scope.store.customers.need(params.customer, "customer", 400);
      const before = resolvePaymentMethod(scope, path("id"), "payment_method", 404);
      const method = attachPaymentMethod(scope, before, customer.id);
      scope.emit("payment method attached", { "payment_method.attached": made(method) });
      return method;
    },
  }),
  endpoint({
    method: "POST",
    path: "/v1/payment_methods/:id/detach",
    params: z.strictObject({}),
    handle(scope, _params, path) {
      const before = scope.store.paymentMethods.need(path("id"), "payment_method");
      if (before.customer === null) {
        throw invalidRequest(
          "The payment method you provided is not attached to a customer so detachment is impossible.",
          { code: "payment_method_unexpected_state" },
        );
      }
      const method = scope.store.paymentMethods.put({ ...before, customer: null });
      scope.emit("payment method detached", { "payment_method.detached": changed(before, method) });
      return method;
    },
  }),
  endpoint({
    method: "GET",
    path: "/v1/payment_methods",
    params: z.strictObject({ ...pageParams, customer: text.optional(), type: text.optional() }),
    handle(scope, params) {
      if (params.customer !== undefined) {
        scope.store.customers.need(params.customer, "customer", 400);
      }
      const items = scope.store.paymentMethods.newestFirst().filter((item) =>
        item.customer !== null &&
        (params.customer === undefined || item.customer === params.customer) &&
        (params.type === undefined || item.type === params.type)
      );
      return paginate(items, params, "/v1/payment_methods");
    },
  }),
];
