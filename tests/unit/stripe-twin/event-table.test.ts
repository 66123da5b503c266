import { expect, test } from "vitest";
import { eventSequences, type SequenceName } from "../../../dev/stripe-twin/event-sequences.ts";

/** The order of the changes that matter most, written out once more so that the table cannot change unseen. */
const pinned: [SequenceName, string[]][] = [
  ["checkout completed with a subscription", [
    "customer.created?",
    "payment_intent.created?",
    "charge.succeeded?",
    "payment_method.attached",
    "invoice.created",
    "customer.subscription.created",
    "customer.updated?",
    "invoice.finalized",
    "payment_intent.succeeded?",
    "invoice.updated?",
    "invoice.paid",
    "invoice.payment_succeeded",
    "invoice_payment.paid?",
    "customer.subscription.updated?",
    "checkout.session.completed",
  ]],
  ["checkout completed with a payment", [
    "customer.created?",
    "payment_intent.created?",
    "charge.succeeded?",
    "payment_method.attached?",
    "customer.updated?",
    "payment_intent.succeeded?",
    "payment_intent.amount_capturable_updated?",
    "checkout.session.completed",
  ]],
  ["payment intent failed", [
    "payment_intent.created?",
    "charge.failed?",
    "payment_intent.payment_failed",
  ]],
  ["subscription renewed", [
    "customer.subscription.updated",
    "invoice.created",
    "invoice.finalized",
    "payment_intent.created?",
    "charge.succeeded?",
    "payment_intent.succeeded?",
    "invoice.updated?",
    "invoice.paid",
    "invoice.payment_succeeded",
    "invoice_payment.paid?",
  ]],
  ["subscription renewal failed", [
    "customer.subscription.updated",
    "invoice.created",
    "invoice.finalized",
    "payment_intent.created",
    "charge.failed",
    "payment_intent.payment_failed",
    "invoice.updated",
    "invoice.payment_failed",
    "customer.subscription.updated",
  ]],
  ["subscription set to cancel at period end", ["customer.subscription.updated"]],
  ["subscription canceled", ["customer.subscription.deleted"]],
  ["charge refunded", [
    "charge.refunded",
    "refund.created",
    "charge.refund.updated?",
    "refund.updated?",
  ]],
  ["charge disputed", ["charge.dispute.created", "charge.dispute.funds_withdrawn?"]],
  ["early fraud warning created", ["radar.early_fraud_warning.created"]],
];

test.each(pinned)("the table's row «%s» keeps its order", (name, events) => {
  expect(eventSequences[name].events).toEqual(events);
});
