import { z } from "zod";
import { makeRefund } from "../actions/make-refund.ts";
import { changed } from "../engine/emit.ts";
import { endpoint } from "../engine/endpoint.ts";
import { invalidRequest, missingParam } from "../engine/errors.ts";
import {
  inRange,
  integer,
  mergeMetadata,
  metadata,
  pageParams,
  range,
  text,
} from "../engine/form-params.ts";
import { paginate } from "../engine/pagination.ts";
import type { Scope } from "../engine/scope.ts";
import type { Charge } from "../objects/types.ts";

function chargeOf(
  scope: Scope,
  params: { charge?: string | undefined; payment_intent?: string | undefined },
): Charge {
  if (params.charge !== undefined) return scope.store.charges.need(params.charge, "charge", 400);
  if (params.payment_intent === undefined) throw missingParam("charge");
  const intent = scope.store.paymentIntents.need(params.payment_intent, "payment_intent", 400);
  const charge = intent.latest_charge === null
    ? undefined
    : scope.store.charges.get(intent.latest_charge);
  if (charge === undefined || charge.status !== "succeeded") {
    throw invalidRequest(
      `This PaymentIntent (${intent.id}) does not have a successful charge to refund.`,
      {
        param: "payment_intent",
      },
    );
  }
  return charge;
}

export const refundEndpoints = [
  endpoint({
    method: "POST",
    path: "/v1/refunds",
    params: z.strictObject({
      amount: integer.optional(),
      charge: text.optional(),
      metadata: metadata.optional(),
      payment_intent: text.optional(),
      reason: z.enum(["duplicate", "fraudulent", "requested_by_customer"]).optional(),
    }),
    handle: (scope, params) =>
      makeRefund(scope, chargeOf(scope, params), {
        amount: params.amount,
        reason: params.reason ?? null,
        metadata: mergeMetadata({}, params.metadata),
      }),
  }),
  endpoint({
    method: "GET",
    path: "/v1/refunds/:id",
    params: z.strictObject({}),
    handle: (scope, _params, path) => scope.store.refunds.need(path("id")),
  }),
  endpoint({
    method: "POST",
    path: "/v1/refunds/:id",
    params: z.strictObject({ metadata: metadata.optional() }),
    handle(scope, params, path) {
      const before = scope.store.refunds.need(path("id"));
      const refund = scope.store.refunds.put({
        ...before,
        metadata: mergeMetadata(before.metadata ?? {}, params.metadata),
      });
      const payload = changed(before, refund);
      scope.emit("refund updated", { "charge.refund.updated": payload, "refund.updated": payload });
      return refund;
    },
  }),
  endpoint({
    method: "GET",
    path: "/v1/refunds",
    params: z.strictObject({
      ...pageParams,
      charge: text.optional(),
      created: range.optional(),
      payment_intent: text.optional(),
    }),
    handle(scope, params) {
      const items = scope.store.refunds.newestFirst().filter((item) =>
        (params.charge === undefined || item.charge === params.charge) &&
        (params.payment_intent === undefined || item.payment_intent === params.payment_intent) &&
        inRange(params.created, item.created)
      );
      return paginate(items, params, "/v1/refunds");
    },
  }),
];
