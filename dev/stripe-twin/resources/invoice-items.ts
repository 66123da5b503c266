import { z } from "zod";
import { made } from "../engine/emit.ts";
import { endpoint } from "../engine/endpoint.ts";
import { invalidRequest, missingParam } from "../engine/errors.ts";
import {
  currency,
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
import { priceTotal } from "../objects/build-price.ts";
import type { InvoiceItem } from "../objects/types.ts";

const createParams = z.strictObject({
  amount: integer.optional(),
  currency: currency.optional(),
  customer: text,
  description: text.optional(),
  invoice: text.optional(),
  metadata: metadata.optional(),
  pricing: z.strictObject({ price: text }).optional(),
  quantity: integer.optional(),
});

function create(scope: Scope, params: z.output<typeof createParams>): InvoiceItem {
  const customer = scope.store.customers.need(params.customer, "customer", 400);
  const quantity = params.quantity ?? 1;
  const price = params.pricing === undefined
    ? null
    : scope.store.prices.need(params.pricing.price, "pricing[price]", 400);
  if (price === null && params.amount === undefined) throw missingParam("amount");
  const amount = price === null ? (params.amount ?? 0) * quantity : priceTotal(price, quantity);
  const invoice = params.invoice === undefined
    ? null
    : scope.store.invoices.need(params.invoice, "invoice", 400);
  if (invoice !== null && invoice.status !== "draft") {
    throw invalidRequest("You can't add items to an invoice that isn't a draft.", {
      param: "invoice",
    });
  }
  const now = scope.clock.now();
  return {
    id: scope.ids.make("ii"),
    object: "invoiceitem",
    amount,
    currency: price?.currency ?? params.currency ?? "usd",
    customer: customer.id,
    customer_account: null,
    date: now,
    description: params.description ?? null,
    discountable: true,
    discounts: [],
    invoice: invoice?.id ?? null,
    livemode: false,
    metadata: mergeMetadata({}, params.metadata),
    net_amount: amount,
    parent: null,
    period: { end: now, start: now },
    pricing: price === null ? null : {
      price_details: { price: price.id, product: price.product },
      type: "price_details",
      unit_amount_decimal: price.unit_amount_decimal,
    },
    proration: false,
    quantity,
    quantity_decimal: String(quantity),
    tax_rates: [],
    test_clock: customer.test_clock ?? null,
  };
}

export const invoiceItemEndpoints = [
  endpoint({
    method: "POST",
    path: "/v1/invoiceitems",
    params: createParams,
    handle(scope, params) {
      const item = scope.store.invoiceItems.put(create(scope, params));
      scope.emit("invoice item created", { "invoiceitem.created": made(item) });
      return item;
    },
  }),
  endpoint({
    method: "GET",
    path: "/v1/invoiceitems/:id",
    params: z.strictObject({}),
    handle: (scope, _params, path) => scope.store.invoiceItems.need(path("id")),
  }),
  endpoint({
    method: "DELETE",
    path: "/v1/invoiceitems/:id",
    params: z.strictObject({}),
    handle(scope, _params, path) {
      const item = scope.store.invoiceItems.need(path("id"));
      if (item.invoice !== null) {
        throw invalidRequest("An invoice item that is on an invoice can't be deleted.");
      }
      scope.store.invoiceItems.remove(item.id);
      scope.emit("invoice item deleted", { "invoiceitem.deleted": made(item) });
      return { id: item.id, object: "invoiceitem", deleted: true };
    },
  }),
  endpoint({
    method: "GET",
    path: "/v1/invoiceitems",
    params: z.strictObject({
      ...pageParams,
      created: range.optional(),
      customer: text.optional(),
      invoice: text.optional(),
      pending: z.enum(["true", "false"]).optional(),
    }),
    handle(scope, params) {
      const items = scope.store.invoiceItems.newestFirst().filter((item) =>
        (params.customer === undefined || item.customer === params.customer) &&
        (params.invoice === undefined || item.invoice === params.invoice) &&
        (params.pending === undefined || (item.invoice === null) === (params.pending === "true")) &&
        inRange(params.created, item.date)
      );
      return paginate(items, params, "/v1/invoiceitems");
    },
  }),
];
