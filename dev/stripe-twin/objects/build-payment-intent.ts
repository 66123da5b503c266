import type { Scope } from "../engine/scope.ts";
import type { Metadata, PaymentIntent } from "./types.ts";

/** A new payment intent that waits for a payment method. */
export function buildPaymentIntent(scope: Scope, from: {
  amount: number;
  currency: string;
  customer: string | null;
  description: string | null;
  metadata: Metadata;
  paymentMethod: string | null;
  captureMethod: PaymentIntent["capture_method"];
  setupFutureUsage: PaymentIntent["setup_future_usage"];
  shipping: PaymentIntent["shipping"];
  receiptEmail: string | null;
  automatic: boolean;
  statementDescriptor: string | null;
}): PaymentIntent {
  const id = scope.ids.make("pi");
  return {
    id,
    object: "payment_intent",
    allowed_payment_method_types: null,
    amount: from.amount,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: from.automatic ? { allow_redirects: "always", enabled: true } : null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: from.captureMethod,
    client_secret: `${id}_secret_${scope.ids.text(25)}`,
    confirmation_method: "automatic",
    created: scope.clock.now(),
    currency: from.currency,
    customer: from.customer,
    customer_account: null,
    description: from.description,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: null,
    metadata: from.metadata,
    next_action: null,
    on_behalf_of: null,
    payment_method: from.paymentMethod,
    payment_method_configuration_details: null,
    payment_method_options: {
      card: {
        installments: null,
        mandate_options: null,
        network: null,
        request_three_d_secure: "automatic",
      },
    },
    payment_method_types: ["card"],
    payment_record: null,
    processing: null,
    receipt_email: from.receiptEmail,
    review: null,
    setup_future_usage: from.setupFutureUsage,
    shipping: from.shipping,
    source: null,
    statement_descriptor: from.statementDescriptor,
    statement_descriptor_suffix: null,
    status: from.paymentMethod === null ? "requires_payment_method" : "requires_confirmation",
    transfer_data: null,
    transfer_group: null,
  };
}
