import type Stripe from "stripe";

/** An event type; one that ends in `?` is sent only where it applies (a customer that is new, an amount above zero). */
type SequenceEvent = Stripe.Event.Type | `${Stripe.Event.Type}?`;

interface Sequence {
  /** In the order in which Stripe makes them. Stripe promises no order of delivery. */
  events: readonly SequenceEvent[];
  /** Where Stripe says so. */
  source: `https://${string}`;
}

const types = "https://docs.stripe.com/api/events/types";
const subscriptionPages = "https://docs.stripe.com/billing/subscriptions/webhooks";
const checkoutPage = "https://docs.stripe.com/checkout/fulfillment";

/**
 * For each change, the events that Stripe sends. The twin emits from this table and from nothing else; a test
 * compares what was emitted with it.
 */
export const eventSequences = {
  "product created": {
    events: ["product.created"],
    source: `${types}#event_types-product.created`,
  },
  "product updated": {
    events: ["product.updated"],
    source: `${types}#event_types-product.updated`,
  },
  "product deleted": {
    events: ["product.deleted"],
    source: `${types}#event_types-product.deleted`,
  },
  "price created": { events: ["price.created"], source: `${types}#event_types-price.created` },
  "price updated": { events: ["price.updated"], source: `${types}#event_types-price.updated` },
  "customer created": {
    events: ["customer.created"],
    source: `${types}#event_types-customer.created`,
  },
  "customer updated": {
    events: ["customer.updated"],
    source: `${types}#event_types-customer.updated`,
  },
  "customer deleted": {
    events: ["customer.subscription.deleted?", "customer.deleted"],
    source: "https://docs.stripe.com/api/customers/delete",
  },
  "payment method attached": {
    events: ["payment_method.attached"],
    source: `${types}#event_types-payment_method.attached`,
  },
  "payment method updated": {
    events: ["payment_method.updated"],
    source: `${types}#event_types-payment_method.updated`,
  },
  "payment method detached": {
    events: ["payment_method.detached"],
    source: `${types}#event_types-payment_method.detached`,
  },

  "payment intent created": {
    events: ["payment_intent.created"],
    source: "https://docs.stripe.com/payments/payment-intents/verifying-status",
  },
  "payment intent succeeded": {
    events: ["payment_intent.created?", "charge.succeeded", "payment_intent.succeeded"],
    source: "https://docs.stripe.com/payments/payment-intents/verifying-status",
  },
  "payment intent authorised": {
    events: [
      "payment_intent.created?",
      "charge.succeeded",
      "payment_intent.amount_capturable_updated",
    ],
    source: "https://docs.stripe.com/payments/place-a-hold-on-a-payment-method",
  },
  "payment intent captured": {
    events: ["charge.captured", "payment_intent.succeeded"],
    source: "https://docs.stripe.com/payments/place-a-hold-on-a-payment-method",
  },
  "payment intent failed": {
    events: ["payment_intent.created?", "charge.failed?", "payment_intent.payment_failed"],
    source: "https://docs.stripe.com/payments/payment-intents/verifying-status",
  },
  "payment intent requires action": {
    events: ["payment_intent.created?", "payment_intent.requires_action"],
    source: `${types}#event_types-payment_intent.requires_action`,
  },
  "payment intent canceled": {
    events: ["payment_intent.canceled"],
    source: `${types}#event_types-payment_intent.canceled`,
  },
  "setup intent created": {
    events: ["setup_intent.created"],
    source: `${types}#event_types-setup_intent.created`,
  },
  "setup intent succeeded": {
    events: ["setup_intent.created?", "payment_method.attached?", "setup_intent.succeeded"],
    source: `${types}#event_types-setup_intent.succeeded`,
  },
  "setup intent failed": {
    events: ["setup_intent.created?", "setup_intent.setup_failed"],
    source: `${types}#event_types-setup_intent.setup_failed`,
  },
  "setup intent requires action": {
    events: ["setup_intent.created?", "setup_intent.requires_action"],
    source: `${types}#event_types-setup_intent.requires_action`,
  },
  "setup intent canceled": {
    events: ["setup_intent.canceled"],
    source: `${types}#event_types-setup_intent.canceled`,
  },
  "charge updated": { events: ["charge.updated"], source: `${types}#event_types-charge.updated` },

  // The order of a real run was written down in https://github.com/pay-rails/pay/issues/282.
  "checkout completed with a subscription": {
    events: [
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
    ],
    source: subscriptionPages,
  },
  "checkout completed with a payment": {
    events: [
      "customer.created?",
      "payment_intent.created?",
      "charge.succeeded?",
      "payment_method.attached?",
      "customer.updated?",
      "payment_intent.succeeded?",
      "payment_intent.amount_capturable_updated?",
      "checkout.session.completed",
    ],
    source: checkoutPage,
  },
  "checkout expired": {
    events: ["checkout.session.expired"],
    source: `${types}#event_types-checkout.session.expired`,
  },

  // Made by the API with a method that works, a subscription is active when its first event is made.
  "subscription created and paid": {
    events: [
      "invoice.created",
      "invoice.finalized",
      "payment_intent.created?",
      "charge.succeeded?",
      "payment_intent.succeeded?",
      "customer.updated?",
      "customer.subscription.created",
      "invoice.paid",
      "invoice.payment_succeeded",
      "invoice_payment.paid?",
    ],
    source: subscriptionPages,
  },
  "subscription created with a failed payment": {
    events: [
      "invoice.created",
      "invoice.finalized",
      "payment_intent.created",
      "charge.failed?",
      "payment_intent.payment_failed?",
      "payment_intent.requires_action?",
      "customer.updated?",
      "customer.subscription.created",
      "invoice.updated",
      "invoice.payment_failed",
      "invoice.payment_action_required?",
    ],
    source: subscriptionPages,
  },
  "subscription created incomplete": {
    events: [
      "invoice.created",
      "invoice.finalized",
      "payment_intent.created",
      "customer.updated?",
      "customer.subscription.created",
    ],
    source: "https://docs.stripe.com/billing/subscriptions/overview",
  },
  "subscription trial ends soon": {
    events: ["customer.subscription.trial_will_end"],
    source: "https://docs.stripe.com/billing/subscriptions/webhooks",
  },
  "subscription updated": {
    events: ["customer.subscription.updated"],
    source: `${types}#event_types-customer.subscription.updated`,
  },
  "subscription set to cancel at period end": {
    events: ["customer.subscription.updated"],
    source: "https://docs.stripe.com/billing/subscriptions/cancel",
  },
  "subscription resumed": {
    events: ["customer.subscription.updated"],
    source: "https://docs.stripe.com/billing/subscriptions/cancel",
  },
  "subscription canceled": {
    events: ["customer.subscription.deleted"],
    source: "https://docs.stripe.com/billing/subscriptions/cancel",
  },
  "subscription renewed": {
    events: [
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
    ],
    source: subscriptionPages,
  },
  "subscription renewal failed": {
    events: [
      "customer.subscription.updated",
      "invoice.created",
      "invoice.finalized",
      "payment_intent.created",
      "charge.failed",
      "payment_intent.payment_failed",
      "invoice.updated",
      "invoice.payment_failed",
      "customer.subscription.updated",
    ],
    source: subscriptionPages,
  },

  "invoice item created": {
    events: ["invoiceitem.created"],
    source: `${types}#event_types-invoiceitem.created`,
  },
  "invoice item deleted": {
    events: ["invoiceitem.deleted"],
    source: `${types}#event_types-invoiceitem.deleted`,
  },
  "invoice created": {
    events: ["invoice.created"],
    source: "https://docs.stripe.com/invoicing/overview",
  },
  "invoice updated": {
    events: ["invoice.updated"],
    source: `${types}#event_types-invoice.updated`,
  },
  "invoice deleted": {
    events: ["invoice.deleted"],
    source: `${types}#event_types-invoice.deleted`,
  },
  "invoice finalized": {
    events: ["invoice.finalized", "payment_intent.created?", "customer.updated?"],
    source: "https://docs.stripe.com/invoicing/integration/workflow-transitions",
  },
  "invoice sent": { events: ["invoice.sent"], source: `${types}#event_types-invoice.sent` },
  "invoice paid": {
    events: [
      "invoice.finalized?",
      "payment_intent.created?",
      "charge.succeeded?",
      "payment_intent.succeeded?",
      "customer.updated?",
      "invoice.updated",
      "invoice.paid",
      "invoice.payment_succeeded?",
      "invoice_payment.paid?",
      "customer.subscription.updated?",
    ],
    source: "https://docs.stripe.com/invoicing/integration/workflow-transitions",
  },
  "invoice payment failed": {
    events: [
      "invoice.finalized?",
      "payment_intent.created?",
      "charge.failed?",
      "payment_intent.payment_failed?",
      "payment_intent.requires_action?",
      "customer.updated?",
      "invoice.updated",
      "invoice.payment_failed",
      "invoice.payment_action_required?",
    ],
    source: "https://docs.stripe.com/invoicing/integration/workflow-transitions",
  },
  "invoice voided": {
    events: ["payment_intent.canceled?", "invoice.updated", "invoice.voided"],
    source: "https://docs.stripe.com/invoicing/integration/workflow-transitions",
  },
  "invoice marked uncollectible": {
    events: ["invoice.updated", "invoice.marked_uncollectible"],
    source: "https://docs.stripe.com/invoicing/integration/workflow-transitions",
  },

  "charge refunded": {
    events: ["charge.refunded", "refund.created", "charge.refund.updated?", "refund.updated?"],
    source: "https://docs.stripe.com/changelog/acacia/2024-10-28/refund-webhook-update",
  },
  "refund updated": {
    events: ["charge.refund.updated", "refund.updated"],
    source: `${types}#event_types-refund.updated`,
  },
  "charge disputed": {
    events: ["charge.dispute.created", "charge.dispute.funds_withdrawn?"],
    source: "https://docs.stripe.com/disputes/how-disputes-work",
  },
  "dispute updated": {
    events: ["charge.dispute.updated"],
    source: `${types}#event_types-charge.dispute.updated`,
  },
  "dispute lost": {
    events: ["charge.dispute.closed"],
    source: "https://docs.stripe.com/api/disputes/close",
  },
  "dispute won": {
    events: ["charge.dispute.funds_reinstated", "charge.dispute.closed"],
    source: "https://docs.stripe.com/disputes/how-disputes-work",
  },
  "early fraud warning created": {
    events: ["radar.early_fraud_warning.created"],
    source: "https://docs.stripe.com/api/radar/early_fraud_warnings",
  },
  "review opened": { events: ["review.opened"], source: `${types}#event_types-review.opened` },
  "review closed": { events: ["review.closed"], source: `${types}#event_types-review.closed` },
  "entitlements changed": {
    events: ["entitlements.active_entitlement_summary.updated"],
    source: "https://docs.stripe.com/billing/entitlements",
  },
  "portal configuration created": {
    events: ["billing_portal.configuration.created"],
    source: `${types}#event_types-billing_portal.configuration.created`,
  },
  "portal configuration updated": {
    events: ["billing_portal.configuration.updated"],
    source: `${types}#event_types-billing_portal.configuration.updated`,
  },
  "portal changed the payment method": {
    events: [
      "setup_intent.created",
      "payment_method.attached",
      "setup_intent.succeeded",
      "customer.updated",
      "customer.subscription.updated?",
    ],
    source: "https://docs.stripe.com/customer-management/integrate-customer-portal",
  },
  "portal session created": {
    events: ["billing_portal.session.created"],
    source: `${types}#event_types-billing_portal.session.created`,
  },
  "test clock created": {
    events: ["test_helpers.test_clock.created"],
    source: "https://docs.stripe.com/billing/testing/test-clocks",
  },
  "test clock advanced": {
    events: ["test_helpers.test_clock.advancing", "test_helpers.test_clock.ready"],
    source: "https://docs.stripe.com/billing/testing/test-clocks",
  },
  "test clock deleted": {
    events: ["test_helpers.test_clock.deleted"],
    source: "https://docs.stripe.com/billing/testing/test-clocks",
  },
} as const satisfies Record<string, Sequence>;

/** The name of a row of the table. */
export type SequenceName = keyof typeof eventSequences;
