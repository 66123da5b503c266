import { changed, made, optionally } from "../engine/emit.ts";
import { invalidRequest } from "../engine/errors.ts";
import type { Scope } from "../engine/scope.ts";
import type {
  Charge,
  Invoice,
  PaymentIntent,
  PaymentMethod,
  Subscription,
} from "../objects/types.ts";
import { followUpCharge } from "./after-charge.ts";
import { refreshEntitlements } from "./entitlements.ts";
import {
  customerChange,
  finalizeInvoice,
  invoicePaymentOf,
  markAttempted,
  markPaid,
  subscriptionOf,
} from "./invoice-steps.ts";
import {
  behaviourOf,
  type ChallengeAnswer,
  type Settlement,
  settlePayment,
} from "./settle-payment.ts";

/**
 * Pays an invoice (finalising a draft first) and makes its events. A failed attempt makes its events too; the
 * settlement says how it ended, null when nothing was due.
 */
export function payInvoice(
  scope: Scope,
  start: Invoice,
  method: PaymentMethod | null,
  options: { answer: ChallengeAnswer; offSession: boolean; paidOutOfBand: boolean },
): { invoice: Invoice; settlement: Settlement | null } {
  refuseUnpayable(start);
  // Refused before anything changes, so that no change goes without its event.
  if (method === null && start.amount_due > 0 && !options.paidOutOfBand) throw noMethod();
  const finalized = start.status === "draft" ? finalizeInvoice(scope, start) : null;
  const open = finalized?.invoice ?? start;
  const finalizedPayload = finalized === null ? undefined : changed(start, open);
  const customerPayload = finalized === null ? undefined : customerChange(finalized.customer);
  const intent = intentOf(scope, open);
  const createdPayload = optionally(finalized?.payment?.intent);
  if (intent === null || options.paidOutOfBand) {
    const paid = settleInvoice(scope, open);
    scope.emit("invoice paid", {
      "invoice.finalized": finalizedPayload,
      "payment_intent.created": createdPayload,
      "customer.updated": customerPayload,
      "invoice.updated": changed(open, paid.invoice),
      "invoice.paid": made(paid.invoice),
      "invoice.payment_succeeded": options.paidOutOfBand ? undefined : made(paid.invoice),
      "customer.subscription.updated": paid.subscription,
    });
    return { invoice: paid.invoice, settlement: null };
  }
  if (method === null) throw noMethod();
  // Billing never takes a bank's question for a refusal: the customer is asked to come back and answer it.
  const offSession = options.offSession && !behaviourOf(scope, method).alwaysAsks;
  const settlement = settlePayment(scope, intent, method, { ...options, offSession });
  const before = { open, finalizedPayload, createdPayload, customerPayload };
  if (settlement.kind === "succeeded" || settlement.kind === "authorised") {
    return { invoice: emitPaid(scope, before, settlement, method), settlement };
  }
  const attempted = markAttempted(scope, open, false);
  const failed = settlement.kind === "failed";
  scope.emit("invoice payment failed", {
    "invoice.finalized": finalizedPayload,
    "payment_intent.created": createdPayload,
    "charge.failed": failed ? made(settlement.charge) : undefined,
    "payment_intent.payment_failed": failed ? made(settlement.intent) : undefined,
    "payment_intent.requires_action": failed ? undefined : made(settlement.intent),
    "customer.updated": customerPayload,
    "invoice.updated": changed(open, attempted),
    "invoice.payment_failed": made(attempted),
    "invoice.payment_action_required": failed ? undefined : made(attempted),
  });
  return { invoice: attempted, settlement };
}

interface Before {
  open: Invoice;
  finalizedPayload: ReturnType<typeof changed<Invoice>> | undefined;
  createdPayload: { object: PaymentIntent } | undefined;
  customerPayload: ReturnType<typeof customerChange>;
}

function emitPaid(
  scope: Scope,
  before: Before,
  settlement: { intent: PaymentIntent; charge: Charge },
  method: PaymentMethod,
): Invoice {
  const paid = settleInvoice(scope, before.open);
  scope.emit("invoice paid", {
    "invoice.finalized": before.finalizedPayload,
    "payment_intent.created": before.createdPayload,
    "charge.succeeded": made(settlement.charge),
    "payment_intent.succeeded": made(settlement.intent),
    "customer.updated": before.customerPayload,
    "invoice.updated": changed(before.open, paid.invoice),
    "invoice.paid": made(paid.invoice),
    "invoice.payment_succeeded": made(paid.invoice),
    "invoice_payment.paid": paid.link === null ? undefined : made(paid.link),
    "customer.subscription.updated": paid.subscription,
  });
  followUpCharge(scope, settlement.charge, method);
  if (paid.subscription !== undefined) {
    refreshEntitlements(scope, paid.subscription.object.customer);
  }
  return paid.invoice;
}

/** Marks an invoice paid and wakes the subscription that waited for it. */
function settleInvoice(scope: Scope, open: Invoice) {
  const { invoice, link } = markPaid(scope, open);
  const before = subscriptionOf(scope, invoice);
  const waited = before !== undefined &&
    ["incomplete", "past_due", "unpaid"].includes(before.status);
  const subscription = waited
    ? changed<Subscription>(before, scope.store.subscriptions.put({ ...before, status: "active" }))
    : undefined;
  return { invoice, link, subscription };
}

function refuseUnpayable(invoice: Invoice): void {
  if (invoice.status === "paid") {
    throw invalidRequest("Invoice is already paid", { code: "invoice_already_paid" });
  }
  if (invoice.status === "void") throw invalidRequest("This invoice is void and can't be paid.");
}

function intentOf(scope: Scope, invoice: Invoice): PaymentIntent | null {
  const id = invoicePaymentOf(scope, invoice.id)?.payment.payment_intent;
  return id === undefined ? null : scope.store.paymentIntents.need(id);
}

function noMethod(): Error {
  return invalidRequest(
    "There is no `default_payment_method` set on this Customer or Invoice. Please provide a payment method.",
    { code: "invoice_payment_intent_requires_action" },
  );
}

/** The method that automatic collection uses: the invoice's, the subscription's, the customer's. */
export function collectionMethodOf(scope: Scope, invoice: Invoice): PaymentMethod | null {
  const own = invoice.default_payment_method ??
    subscriptionOf(scope, invoice)?.default_payment_method;
  return own === null || own === undefined
    ? customerMethodOf(scope, invoice.customer ?? "")
    : scope.store.paymentMethods.get(own) ?? null;
}

/** The method that a subscription is collected with: its own or the customer's. */
export function subscriptionMethodOf(
  scope: Scope,
  subscription: Subscription,
): PaymentMethod | null {
  const own = subscription.default_payment_method;
  return own === null
    ? customerMethodOf(scope, subscription.customer)
    : scope.store.paymentMethods.get(own) ?? null;
}

function customerMethodOf(scope: Scope, customer: string): PaymentMethod | null {
  const id = scope.store.customers.get(customer)?.invoice_settings.default_payment_method ?? null;
  return id === null ? null : scope.store.paymentMethods.get(id) ?? null;
}
