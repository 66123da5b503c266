import { z } from "zod";
import { changed } from "../engine/emit.ts";
import { endpoint } from "../engine/endpoint.ts";
import {
  inRange,
  mergeMetadata,
  metadata,
  pageParams,
  range,
  text,
} from "../engine/form-params.ts";
import { paginate } from "../engine/pagination.ts";

export const chargeEndpoints = [
  endpoint({
    method: "GET",
    path: "/v1/charges/:id",
    params: z.strictObject({}),
    handle: (scope, _params, path) => scope.store.charges.need(path("id")),
  }),
  endpoint({
    method: "POST",
    path: "/v1/charges/:id",
    params: z.strictObject({
      description: text.optional(),
      fraud_details: z.strictObject({ user_report: z.enum(["fraudulent", "safe"]) }).optional(),
      metadata: metadata.optional(),
    }),
    handle(scope, params, path) {
      const before = scope.store.charges.need(path("id"));
      const charge = scope.store.charges.put({
        ...before,
        description: params.description ?? before.description,
        fraud_details: params.fraud_details ?? before.fraud_details,
        metadata: mergeMetadata(before.metadata, params.metadata),
      });
      scope.emit("charge updated", { "charge.updated": changed(before, charge) });
      return charge;
    },
  }),
  endpoint({
    method: "GET",
    path: "/v1/charges",
    params: z.strictObject({
      ...pageParams,
      created: range.optional(),
      customer: text.optional(),
      payment_intent: text.optional(),
    }),
    handle(scope, params) {
      const items = scope.store.charges.newestFirst().filter((item) =>
        (params.customer === undefined || item.customer === params.customer) &&
        (params.payment_intent === undefined || item.payment_intent === params.payment_intent) &&
        inRange(params.created, item.created)
      );
      return paginate(items, params, "/v1/charges");
    },
  }),
  endpoint({
    method: "GET",
    path: "/v1/balance_transactions/:id",
    params: z.strictObject({}),
    handle: (scope, _params, path) => scope.store.balanceTransactions.need(path("id")),
  }),
  endpoint({
    method: "GET",
    path: "/v1/balance_transactions",
    params: z.strictObject({
      ...pageParams,
      created: range.optional(),
      source: text.optional(),
      type: text.optional(),
    }),
    handle(scope, params) {
      const items = scope.store.balanceTransactions.newestFirst().filter((item) =>
        (params.source === undefined || item.source === params.source) &&
        (params.type === undefined || item.type === params.type) &&
        inRange(params.created, item.created)
      );
      return paginate(items, params, "/v1/balance_transactions");
    },
  }),
];
