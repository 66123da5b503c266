import { changed, made } from "../engine/emit.ts";
import { invalidRequest } from "../engine/errors.ts";
import type { Scope } from "../engine/scope.ts";
import type { Invoice } from "../objects/types.ts";
import { invoicePaymentOf } from "./invoice-steps.ts";

/** Voids an open invoice, or gives up on it. */
export function closeInvoice(
  scope: Scope,
  before: Invoice,
  status: "uncollectible" | "void",
): Invoice {
  if (before.status !== "open" && !(status === "void" && before.status === "uncollectible")) {
    throw invalidRequest(
      `You can only pass in open invoices. This invoice isn't open (it is ${before.status}).`,
      {
        code: "invoice_not_editable",
      },
    );
  }
  const now = scope.clock.now();
  const invoice = scope.store.invoices.put({
    ...before,
    status,
    auto_advance: false,
    status_transitions: {
      ...before.status_transitions,
      ...(status === "void" ? { voided_at: now } : { marked_uncollectible_at: now }),
    },
  });
  if (status === "uncollectible") {
    scope.emit("invoice marked uncollectible", {
      "invoice.updated": changed(before, invoice),
      "invoice.marked_uncollectible": made(invoice),
    });
    return invoice;
  }
  scope.emit("invoice voided", {
    "payment_intent.canceled": cancelPayment(scope, invoice),
    "invoice.updated": changed(before, invoice),
    "invoice.voided": made(invoice),
  });
  return invoice;
}

/** A void invoice's payment intent can no longer be paid. */
function cancelPayment(scope: Scope, invoice: Invoice) {
  const link = invoicePaymentOf(scope, invoice.id);
  const id = link?.payment.payment_intent;
  if (link === undefined || id === undefined) return undefined;
  const now = scope.clock.now();
  scope.store.invoicePayments.put({
    ...link,
    status: "canceled",
    status_transitions: { ...link.status_transitions, canceled_at: now },
  });
  return made(scope.store.paymentIntents.put({
    ...scope.store.paymentIntents.need(id),
    status: "canceled",
    canceled_at: now,
    cancellation_reason: "void_invoice",
  }));
}
