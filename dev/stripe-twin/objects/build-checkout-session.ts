import type { Scope } from "../engine/scope.ts";
import { priceTotal } from "./build-price.ts";
import type { CheckoutSession, LineItem, Metadata, Price } from "./types.ts";

/** A new open session on the hosted page. */
export function buildCheckoutSession(scope: Scope, from: {
  mode: "payment" | "setup" | "subscription";
  lineItems: LineItem[];
  /** A trial asks for nothing today. */
  startsWithTrial: boolean;
  currency: string | null;
  customer: string | null;
  customerEmail: string | null;
  customerCreation: "always" | "if_required" | null;
  clientReferenceId: string | null;
  metadata: Metadata;
  successUrl: string;
  cancelUrl: string | null;
  expiresAt: number;
  locale: CheckoutSession["locale"];
  allowPromotionCodes: boolean | null;
  billingAddressCollection: "auto" | "required" | null;
  submitType: CheckoutSession["submit_type"];
  paymentMethodCollection: "always" | "if_required" | null;
}): CheckoutSession {
  const id = `cs_test_${scope.ids.text(58)}`;
  const total = from.lineItems.reduce((sum, item) => sum + item.amount_total, 0);
  const amount = from.mode === "setup" ? null : from.startsWithTrial ? 0 : total;
  return {
    id,
    object: "checkout.session",
    adaptive_pricing: { enabled: false },
    after_expiration: null,
    allow_promotion_codes: from.allowPromotionCodes,
    allowed_payment_method_types: null,
    amount_subtotal: amount,
    amount_total: amount,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    billing_address_collection: from.billingAddressCollection,
    cancel_url: from.cancelUrl,
    client_reference_id: from.clientReferenceId,
    client_secret: null,
    collected_information: null,
    consent: null,
    consent_collection: null,
    created: scope.clock.now(),
    currency: from.currency,
    currency_conversion: null,
    custom_fields: [],
    custom_text: {
      after_submit: null,
      shipping_address: null,
      submit: null,
      terms_of_service_acceptance: null,
    },
    customer: from.customer,
    customer_account: null,
    customer_creation: from.customer === null ? from.customerCreation : null,
    customer_details: from.customerEmail === null ? null : {
      address: null,
      business_name: null,
      email: from.customerEmail,
      individual_name: null,
      name: null,
      phone: null,
      tax_exempt: "none",
      tax_ids: null,
    },
    customer_email: from.customerEmail,
    discounts: [],
    expires_at: from.expiresAt,
    integration_identifier: null,
    invoice: null,
    invoice_creation: from.mode === "payment"
      ? {
        enabled: false,
        invoice_data: {
          account_tax_ids: null,
          custom_fields: null,
          description: null,
          footer: null,
          issuer: null,
          metadata: {},
          rendering_options: null,
        },
      }
      : null,
    livemode: false,
    locale: from.locale,
    managed_payments: null,
    metadata: from.metadata,
    mode: from.mode,
    origin_context: null,
    payment_intent: null,
    payment_link: null,
    payment_method_collection: from.paymentMethodCollection,
    payment_method_configuration_details: null,
    payment_method_options: { card: { request_three_d_secure: "automatic" } },
    payment_method_types: ["card"],
    payment_status: "unpaid",
    permissions: null,
    phone_number_collection: { enabled: false },
    recovered_from: null,
    saved_payment_method_options: from.customer === null ? null : {
      allow_redisplay_filters: ["always"],
      payment_method_remove: "disabled",
      payment_method_save: null,
    },
    setup_intent: null,
    shipping_address_collection: null,
    shipping_cost: null,
    shipping_options: [],
    status: "open",
    submit_type: from.submitType,
    subscription: null,
    success_url: from.successUrl,
    total_details: amount === null
      ? null
      : { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
    ui_mode: "hosted_page",
    url: `${scope.baseUrl}/c/pay/${id}`,
    wallet_options: null,
  };
}

/** A line of a session. */
export function buildLineItem(scope: Scope, price: Price, quantity: number): LineItem {
  const amount = priceTotal(price, quantity);
  return {
    id: scope.ids.make("li"),
    object: "item",
    adjustable_quantity: null,
    amount_discount: 0,
    amount_subtotal: amount,
    amount_tax: 0,
    amount_total: amount,
    currency: price.currency,
    description: scope.store.products.get(price.product)?.name ?? null,
    metadata: {},
    price,
    quantity,
  };
}
