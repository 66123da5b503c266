import { z } from "zod";
import { endpoint } from "../engine/endpoint.ts";
import { inRange, pageParams, range, text } from "../engine/form-params.ts";
import { paginate } from "../engine/pagination.ts";

export const invoicePaymentEndpoints = [
  endpoint({
    method: "GET",
    path: "/v1/invoice_payments/:id",
    params: z.strictObject({}),
    handle: (scope, _params, path) => scope.store.invoicePayments.need(path("id")),
  }),
  endpoint({
    method: "GET",
    path: "/v1/invoice_payments",
    params: z.strictObject({
      ...pageParams,
      created: range.optional(),
      invoice: text.optional(),
      payment: z.strictObject({ type: z.enum(["payment_intent"]), payment_intent: text.optional() })
        .optional(),
      status: z.enum(["canceled", "open", "paid"]).optional(),
    }),
    handle(scope, params) {
      const items = scope.store.invoicePayments.newestFirst().filter((item) =>
        (params.invoice === undefined || item.invoice === params.invoice) &&
        (params.payment?.payment_intent === undefined ||
          item.payment.payment_intent === params.payment.payment_intent) &&
        (params.status === undefined || item.status === params.status) &&
        inRange(params.created, item.created)
      );
      return paginate(items, params, "/v1/invoice_payments");
    },
  }),
];
