import { z } from "zod";
import { customerChange, finalizeInvoice } from "../actions/invoice-steps.ts";
import { collectionMethodOf, payInvoice } from "../actions/pay-invoice.ts";
import { resolvePaymentMethod } from "../actions/resolve-payment-method.ts";
import { changed, made } from "../engine/emit.ts";
import { closeInvoice } from "../actions/close-invoice.ts";
import { endpoint } from "../engine/endpoint.ts";
import { invalidRequest, missingParam, TwinError } from "../engine/errors.ts";
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
} from "../engine/form-params.ts";
import { paginate } from "../engine/pagination.ts";
import type { Scope } from "../engine/scope.ts";
import { buildInvoice, invoiceItemLine } from "../objects/build-invoice.ts";
import type { Invoice, PaymentIntent } from "../objects/types.ts";

const createParams = z.strictObject({
  auto_advance: flag.optional(),
  collection_method: z.enum(["charge_automatically", "send_invoice"]).optional(),
  currency: currency.optional(),
  customer: text,
  days_until_due: integer.optional(),
  default_payment_method: text.optional(),
  description: text.optional(),
  metadata: metadata.optional(),
  pending_invoice_items_behavior: z.enum(["exclude", "include"]).optional(),
});

function create(scope: Scope, params: z.output<typeof createParams>): Invoice {
  const customer = scope.store.customers.need(params.customer, "customer", 400);
  const collectionMethod = params.collection_method ?? "charge_automatically";
  if (collectionMethod === "send_invoice" && params.days_until_due === undefined) {
    throw missingParam("days_until_due");
  }
  const id = scope.ids.make("in");
  const pending = params.pending_invoice_items_behavior === "include"
    ? scope.store.invoiceItems.newestFirst().filter((item) =>
      item.customer === customer.id && item.invoice === null
    )
    : [];
  for (const item of pending) scope.store.invoiceItems.put({ ...item, invoice: id });
  const now = scope.clock.now();
  const invoice = scope.store.invoices.put(buildInvoice(scope, {
    id,
    customer,
    subscription: null,
    billingReason: "manual",
    currency: params.currency ?? pending[0]?.currency ?? customer.currency ?? "usd",
    lines: pending.map((item) => invoiceItemLine(scope, item, id)),
    description: params.description ?? null,
    metadata: mergeMetadata({}, params.metadata),
    collectionMethod,
    daysUntilDue: params.days_until_due ?? null,
    autoAdvance: params.auto_advance ?? false,
    defaultPaymentMethod: params.default_payment_method ?? null,
    period: { start: now, end: now },
    testClock: customer.test_clock ?? null,
  }));
  scope.emit("invoice created", { "invoice.created": made(invoice) });
  return invoice;
}

/** Items added to a draft after it was made are part of it. */
function withLines(scope: Scope, invoice: Invoice): Invoice {
  if (invoice.status !== "draft") return invoice;
  const known = new Set(
    invoice.lines.data.map((line) => line.parent?.invoice_item_details?.invoice_item),
  );
  const added = scope.store.invoiceItems.newestFirst().reverse()
    .filter((item) => item.invoice === invoice.id && !known.has(item.id))
    .map((item) => invoiceItemLine(scope, item, invoice.id));
  if (added.length === 0) return invoice;
  const total = invoice.total + added.reduce((sum, line) => sum + line.amount, 0);
  return scope.store.invoices.put({
    ...invoice,
    amount_due: total,
    amount_remaining: total,
    lines: { ...invoice.lines, data: [...invoice.lines.data, ...added] },
    subtotal: total,
    subtotal_excluding_tax: total,
    total,
    total_excluding_tax: total,
  });
}

function need(scope: Scope, id: string): Invoice {
  return withLines(scope, scope.store.invoices.need(id, "invoice"));
}

function finalize(scope: Scope, draft: Invoice): Invoice {
  const { invoice, payment, customer } = finalizeInvoice(scope, draft);
  scope.emit("invoice finalized", {
    "invoice.finalized": changed(draft, invoice),
    "payment_intent.created": payment === null ? undefined : made(payment.intent),
    "customer.updated": customerChange(customer),
  });
  return invoice;
}

function needsAction(intent: PaymentIntent): TwinError {
  return new TwinError(402, {
    type: "card_error",
    code: "invoice_payment_intent_requires_action",
    message:
      "This payment requires additional user action before it can be completed successfully.",
    payment_intent: intent,
  });
}

export const invoiceEndpoints = [
  endpoint({
    method: "POST",
    path: "/v1/invoices",
    params: createParams,
    handle: (scope, params) => create(scope, params),
  }),
  endpoint({
    method: "GET",
    path: "/v1/invoices/:id",
    params: z.strictObject({}),
    handle: (scope, _params, path) => need(scope, path("id")),
  }),
  endpoint({
    method: "POST",
    path: "/v1/invoices/:id",
    params: z.strictObject({
      auto_advance: flag.optional(),
      default_payment_method: unsettable.optional(),
      description: unsettable.optional(),
      metadata: metadata.optional(),
    }),
    handle(scope, params, path) {
      const before = need(scope, path("id"));
      const invoice = scope.store.invoices.put({
        ...before,
        auto_advance: params.auto_advance ?? before.auto_advance ?? false,
        default_payment_method: replaceText(
          before.default_payment_method,
          params.default_payment_method,
        ),
        description: replaceText(before.description, params.description),
        metadata: mergeMetadata(before.metadata ?? {}, params.metadata),
      });
      scope.emit("invoice updated", { "invoice.updated": changed(before, invoice) });
      return invoice;
    },
  }),
  endpoint({
    method: "DELETE",
    path: "/v1/invoices/:id",
    params: z.strictObject({}),
    handle(scope, _params, path) {
      const invoice = need(scope, path("id"));
      if (invoice.status !== "draft") throw invalidRequest("You can only delete draft invoices.");
      scope.store.invoices.remove(invoice.id);
      scope.emit("invoice deleted", { "invoice.deleted": made(invoice) });
      return { id: invoice.id, object: "invoice", deleted: true };
    },
  }),
  endpoint({
    method: "POST",
    path: "/v1/invoices/:id/finalize",
    params: z.strictObject({ auto_advance: flag.optional() }),
    handle: (scope, _params, path) => finalize(scope, need(scope, path("id"))),
  }),
  endpoint({
    method: "POST",
    path: "/v1/invoices/:id/pay",
    params: z.strictObject({
      off_session: flag.optional(),
      paid_out_of_band: flag.optional(),
      payment_method: text.optional(),
    }),
    handle(scope, params, path) {
      const invoice = need(scope, path("id"));
      const method = params.payment_method === undefined
        ? collectionMethodOf(scope, invoice)
        : resolvePaymentMethod(scope, params.payment_method, "payment_method");
      const { invoice: after, settlement } = payInvoice(scope, invoice, method, {
        answer: null,
        offSession: params.off_session ?? true,
        paidOutOfBand: params.paid_out_of_band ?? false,
      });
      if (settlement?.kind === "failed") throw settlement.error;
      if (settlement?.kind === "requires_action") throw needsAction(settlement.intent);
      return after;
    },
  }),
  endpoint({
    method: "POST",
    path: "/v1/invoices/:id/send",
    params: z.strictObject({}),
    handle(scope, _params, path) {
      const start = need(scope, path("id"));
      const invoice = start.status === "draft" ? finalize(scope, start) : start;
      scope.emit("invoice sent", { "invoice.sent": made(invoice) });
      return invoice;
    },
  }),
  endpoint({
    method: "POST",
    path: "/v1/invoices/:id/void",
    params: z.strictObject({}),
    handle: (scope, _params, path) => closeInvoice(scope, need(scope, path("id")), "void"),
  }),
  endpoint({
    method: "POST",
    path: "/v1/invoices/:id/mark_uncollectible",
    params: z.strictObject({}),
    handle: (scope, _params, path) => closeInvoice(scope, need(scope, path("id")), "uncollectible"),
  }),
  endpoint({
    method: "GET",
    path: "/v1/invoices/:id/lines",
    params: z.strictObject(pageParams),
    handle: (scope, params, path) =>
      paginate(need(scope, path("id")).lines.data, params, `/v1/invoices/${path("id")}/lines`),
  }),
  endpoint({
    method: "GET",
    path: "/v1/invoices",
    params: z.strictObject({
      ...pageParams,
      collection_method: text.optional(),
      created: range.optional(),
      customer: text.optional(),
      status: z.enum(["draft", "open", "paid", "uncollectible", "void"]).optional(),
      subscription: text.optional(),
    }),
    handle(scope, params) {
      const items = scope.store.invoices.newestFirst().filter((item) =>
        (params.customer === undefined || item.customer === params.customer) &&
        (params.status === undefined || item.status === params.status) &&
        (params.collection_method === undefined ||
          item.collection_method === params.collection_method) &&
        (params.subscription === undefined ||
          item.parent?.subscription_details?.subscription === params.subscription) &&
        inRange(params.created, item.created)
      );
      return paginate(items, params, "/v1/invoices");
    },
  }),
];
