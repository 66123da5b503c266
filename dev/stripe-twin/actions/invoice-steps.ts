import { changed } from "../engine/emit.ts";
import { invalidRequest } from "../engine/errors.ts";
import type { Scope } from "../engine/scope.ts";
import { buildInvoice, buildInvoicePayment, subscriptionLines } from "../objects/build-invoice.ts";
import { buildPaymentIntent } from "../objects/build-payment-intent.ts";
import type {
  Customer,
  Invoice,
  InvoicePayment,
  PaymentIntent,
  Subscription,
} from "../objects/types.ts";

/** A subscription's draft invoice for its current period, linked as the latest. */
export function draftSubscriptionInvoice(
  scope: Scope,
  subscription: Subscription,
  billingReason: "subscription_create" | "subscription_cycle",
): { draft: Invoice; subscription: Subscription } {
  const customer = scope.store.customers.need(subscription.customer);
  const id = scope.ids.make("in");
  const free = billingReason === "subscription_create" && subscription.trial_end !== null;
  const now = scope.clock.now();
  const draft = scope.store.invoices.put(buildInvoice(scope, {
    id,
    customer,
    subscription,
    billingReason,
    currency: subscription.currency,
    lines: subscriptionLines(scope, subscription, id, free),
    description: null,
    metadata: {},
    collectionMethod: subscription.collection_method === "send_invoice"
      ? "send_invoice"
      : "charge_automatically",
    daysUntilDue: subscription.days_until_due,
    autoAdvance: true,
    defaultPaymentMethod: null,
    period: { start: now, end: now },
    testClock: subscription.test_clock,
  }));
  return {
    draft,
    subscription: scope.store.subscriptions.put({ ...subscription, latest_invoice: id }),
  };
}

/** What finalising an invoice brings about. */
export interface Finalized {
  invoice: Invoice;
  /** Absent when nothing is due. */
  payment: { intent: PaymentIntent; link: InvoicePayment } | null;
  customer: { before: Customer; after: Customer };
}

/** Draft to open: number, page, and a payment intent for what is due (`intent` if one exists already). */
export function finalizeInvoice(
  scope: Scope,
  draft: Invoice,
  existing: PaymentIntent | null = null,
): Finalized {
  if (draft.status !== "draft") {
    throw invalidRequest(
      "This invoice is already finalized, you can't re-finalize a non-draft invoice.",
      {
        code: "invoice_not_editable",
      },
    );
  }
  const before = scope.store.customers.need(draft.customer ?? "", "customer", 400);
  const sequence = before.next_invoice_sequence ?? 1;
  const after = scope.store.customers.put({
    ...before,
    currency: before.currency ?? draft.currency,
    next_invoice_sequence: sequence + 1,
  });
  const now = scope.clock.now();
  const invoice = scope.store.invoices.put({
    ...draft,
    status: "open",
    number: `${before.invoice_prefix ?? "TWIN"}-${String(sequence).padStart(4, "0")}`,
    automatically_finalizes_at: null,
    effective_at: now,
    ending_balance: 0,
    hosted_invoice_url: `${scope.baseUrl}/i/${draft.id}`,
    invoice_pdf: `${scope.baseUrl}/i/${draft.id}/pdf`,
    status_transitions: { ...draft.status_transitions, finalized_at: now },
    webhooks_delivered_at: now,
  });
  if (invoice.amount_due <= 0) return { invoice, payment: null, customer: { before, after } };
  const intent = existing ?? scope.store.paymentIntents.put(intentFor(scope, invoice));
  const link = scope.store.invoicePayments.put(buildInvoicePayment(scope, invoice, intent.id));
  return { invoice, payment: { intent, link }, customer: { before, after } };
}

/** A customer's change as a payload, where it is one that Stripe tells of (the first invoice fixes the currency). */
export function customerChange({ before, after }: Finalized["customer"]) {
  return before.currency === after.currency && before.email === after.email
    ? undefined
    : changed(before, after);
}

function intentFor(scope: Scope, invoice: Invoice): PaymentIntent {
  return buildPaymentIntent(scope, {
    amount: invoice.amount_due,
    currency: invoice.currency,
    customer: invoice.customer,
    description: invoiceDescription(invoice),
    metadata: {},
    paymentMethod: null,
    captureMethod: "automatic",
    setupFutureUsage: invoice.billing_reason === "subscription_create" ? "off_session" : null,
    shipping: null,
    receiptEmail: null,
    automatic: false,
    statementDescriptor: null,
  });
}

/** Stripe's description of an invoice's payment. */
export function invoiceDescription(invoice: Invoice): string {
  if (invoice.billing_reason === "subscription_create") return "Subscription creation";
  if (invoice.billing_reason === "subscription_cycle") return "Subscription update";
  return `Payment for Invoice ${invoice.number ?? ""}`.trim();
}

/** The invoice once it is paid, and its payment's link. */
export function markPaid(
  scope: Scope,
  invoice: Invoice,
): { invoice: Invoice; link: InvoicePayment | null } {
  const now = scope.clock.now();
  const open = invoicePaymentOf(scope, invoice.id);
  const link = open === undefined ? null : scope.store.invoicePayments.put({
    ...open,
    amount_paid: invoice.amount_due,
    status: "paid",
    status_transitions: { ...open.status_transitions, paid_at: now },
  });
  const paid = scope.store.invoices.put({
    ...invoice,
    status: "paid",
    attempted: true,
    attempt_count: invoice.amount_due > 0 ? invoice.attempt_count + 1 : invoice.attempt_count,
    amount_paid: invoice.amount_due,
    amount_remaining: 0,
    auto_advance: false,
    next_payment_attempt: null,
    status_transitions: { ...invoice.status_transitions, paid_at: now },
  });
  return { invoice: paid, link };
}

/** The invoice after an attempt that failed; automatic collection tries again in three days. */
export function markAttempted(scope: Scope, invoice: Invoice, retries: boolean): Invoice {
  return scope.store.invoices.put({
    ...invoice,
    attempted: true,
    attempt_count: invoice.attempt_count + 1,
    next_payment_attempt: retries ? scope.clock.now() + 3 * 86_400 : null,
  });
}

/** The link between an invoice and its payment intent. */
export function invoicePaymentOf(scope: Scope, invoice: string): InvoicePayment | undefined {
  return scope.store.invoicePayments.newestFirst().find((item) => item.invoice === invoice);
}

/** The subscription an invoice belongs to. */
export function subscriptionOf(scope: Scope, invoice: Invoice): Subscription | undefined {
  const id = invoice.parent?.subscription_details?.subscription;
  return id === undefined ? undefined : scope.store.subscriptions.get(id);
}
