import { z } from "zod";
import { made } from "../engine/emit.ts";
import { endpoint } from "../engine/endpoint.ts";
import { invalidRequest } from "../engine/errors.ts";
import { inRange, pageParams, range, text } from "../engine/form-params.ts";
import { paginate } from "../engine/pagination.ts";

/** Early fraud warnings and reviews. */
export const radarEndpoints = [
  endpoint({
    method: "GET",
    path: "/v1/radar/early_fraud_warnings/:id",
    params: z.strictObject({}),
    handle: (scope, _params, path) => scope.store.earlyFraudWarnings.need(path("id")),
  }),
  endpoint({
    method: "GET",
    path: "/v1/radar/early_fraud_warnings",
    params: z.strictObject({
      ...pageParams,
      charge: text.optional(),
      created: range.optional(),
      payment_intent: text.optional(),
    }),
    handle(scope, params) {
      const items = scope.store.earlyFraudWarnings.newestFirst().filter((item) =>
        (params.charge === undefined || item.charge === params.charge) &&
        (params.payment_intent === undefined || item.payment_intent === params.payment_intent) &&
        inRange(params.created, item.created)
      );
      return paginate(items, params, "/v1/radar/early_fraud_warnings");
    },
  }),
  endpoint({
    method: "GET",
    path: "/v1/reviews/:id",
    params: z.strictObject({}),
    handle: (scope, _params, path) => scope.store.reviews.need(path("id")),
  }),
  endpoint({
    method: "POST",
    path: "/v1/reviews/:id/approve",
    params: z.strictObject({}),
    handle(scope, _params, path) {
      const before = scope.store.reviews.need(path("id"));
      if (!before.open) throw invalidRequest("This review is already closed.");
      const review = scope.store.reviews.put({
        ...before,
        open: false,
        reason: "approved",
        closed_reason: "approved",
      });
      scope.emit("review closed", { "review.closed": made(review) });
      return review;
    },
  }),
  endpoint({
    method: "GET",
    path: "/v1/reviews",
    params: z.strictObject({ ...pageParams, created: range.optional() }),
    handle(scope, params) {
      const items = scope.store.reviews.newestFirst().filter((item) =>
        item.open && inRange(params.created, item.created)
      );
      return paginate(items, params, "/v1/reviews");
    },
  }),
];
