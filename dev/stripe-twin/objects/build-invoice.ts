import type { Scope } from "../engine/scope.ts";
import { priceTotal } from "./build-price.ts";
import type {
  Customer,
  Invoice,
  InvoiceItem,
  InvoiceLineItem,
  InvoicePayment,
  Metadata,
  Subscription,
} from "./types.ts";

/** A draft invoice over its lines. */
export function buildInvoice(scope: Scope, from: {
  id: string;
  customer: Customer;
  subscription: Subscription | null;
  billingReason: "manual" | "subscription_create" | "subscription_cycle" | "subscription_update";
  currency: string;
  lines: InvoiceLineItem[];
  description: string | null;
  metadata: Metadata;
  collectionMethod: "charge_automatically" | "send_invoice";
  daysUntilDue: number | null;
  autoAdvance: boolean;
  defaultPaymentMethod: string | null;
  period: { start: number; end: number };
  testClock: string | null;
}): Invoice {
  const now = scope.clock.now();
  const total = from.lines.reduce((sum, line) => sum + line.amount, 0);
  const { customer, subscription } = from;
  return {
    id: from.id,
    object: "invoice",
    account_country: "US",
    account_name: "Stripe twin",
    account_tax_ids: null,
    amount_due: total,
    amount_overpaid: 0,
    amount_paid: 0,
    amount_remaining: total,
    amount_shipping: 0,
    application: null,
    attempt_count: 0,
    attempted: false,
    auto_advance: from.autoAdvance,
    automatic_tax: {
      disabled_reason: null,
      enabled: false,
      liability: null,
      provider: null,
      status: null,
    },
    automatically_finalizes_at: from.autoAdvance ? now + 3600 : null,
    billing_reason: from.billingReason,
    collection_method: from.collectionMethod,
    created: now,
    currency: from.currency,
    custom_fields: null,
    customer: customer.id,
    customer_account: null,
    customer_address: customer.address ?? null,
    customer_email: customer.email,
    customer_name: customer.name ?? null,
    customer_phone: customer.phone ?? null,
    customer_shipping: customer.shipping === null ? null : {
      ...(customer.shipping.address === undefined ? {} : { address: customer.shipping.address }),
      ...(customer.shipping.name === undefined ? {} : { name: customer.shipping.name }),
      phone: customer.shipping.phone ?? null,
    },
    customer_tax_exempt: "none",
    customer_tax_ids: [],
    default_payment_method: from.defaultPaymentMethod,
    default_source: null,
    default_tax_rates: [],
    description: from.description,
    discounts: [],
    due_date: from.daysUntilDue === null ? null : now + from.daysUntilDue * 86_400,
    effective_at: null,
    ending_balance: null,
    footer: null,
    from_invoice: null,
    hosted_invoice_url: null,
    invoice_pdf: null,
    issuer: { type: "self" },
    last_finalization_error: null,
    latest_revision: null,
    lines: {
      object: "list",
      data: from.lines,
      has_more: false,
      url: `/v1/invoices/${from.id}/lines`,
    },
    livemode: false,
    metadata: from.metadata,
    next_payment_attempt: null,
    number: null,
    on_behalf_of: null,
    parent: subscription === null ? null : {
      quote_details: null,
      subscription_details: { metadata: subscription.metadata, subscription: subscription.id },
      type: "subscription_details",
    },
    payment_settings: {
      default_mandate: null,
      payment_method_options: null,
      payment_method_types: null,
    },
    period_end: from.period.end,
    period_start: from.period.start,
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    receipt_number: null,
    rendering: null,
    shipping_cost: null,
    shipping_details: null,
    starting_balance: 0,
    statement_descriptor: null,
    status: "draft",
    status_transitions: {
      finalized_at: null,
      marked_uncollectible_at: null,
      paid_at: null,
      voided_at: null,
    },
    subtotal: total,
    subtotal_excluding_tax: total,
    test_clock: from.testClock,
    total,
    total_discount_amounts: [],
    total_excluding_tax: total,
    total_pretax_credit_amounts: [],
    total_taxes: [],
    webhooks_delivered_at: null,
  };
}

/** The lines of a subscription's invoice: one for each item over its period; a trial costs nothing. */
export function subscriptionLines(
  scope: Scope,
  subscription: Subscription,
  invoice: string,
  free: boolean,
): InvoiceLineItem[] {
  return subscription.items.data.map((item) => {
    const quantity = item.quantity ?? 1;
    const amount = free ? 0 : priceTotal(item.price, quantity);
    const product = scope.store.products.get(item.price.product);
    const name = product?.name ?? item.price.product;
    const { interval } = item.plan;
    return {
      ...plainLine(scope, invoice, amount, item.price.currency, subscription.metadata),
      description: free
        ? `Trial period for ${name}`
        : `${quantity} × ${name} (at ${
          formatAmount(item.price.unit_amount ?? 0, item.price.currency)
        } / ${interval})`,
      parent: {
        invoice_item_details: null,
        subscription_item_details: {
          invoice_item: null,
          proration: false,
          proration_details: { credited_items: null },
          subscription: subscription.id,
          subscription_item: item.id,
        },
        type: "subscription_item_details",
      },
      period: { end: item.current_period_end, start: item.current_period_start },
      pricing: {
        price_details: { price: item.price.id, product: item.price.product },
        type: "price_details",
        unit_amount_decimal: free ? "0" : item.price.unit_amount_decimal,
      },
      quantity,
      quantity_decimal: String(quantity),
      subscription: subscription.id,
    };
  });
}

/** The line that an invoice item becomes. */
export function invoiceItemLine(scope: Scope, item: InvoiceItem, invoice: string): InvoiceLineItem {
  return {
    ...plainLine(scope, invoice, item.amount, item.currency, item.metadata ?? {}),
    description: item.description,
    parent: {
      invoice_item_details: {
        invoice_item: item.id,
        proration: false,
        proration_details: { credited_items: null },
        subscription: null,
      },
      subscription_item_details: null,
      type: "invoice_item_details",
    },
    period: item.period,
    pricing: item.pricing,
    quantity: item.quantity,
    quantity_decimal: item.quantity_decimal,
  };
}

function plainLine(
  scope: Scope,
  invoice: string,
  amount: number,
  currency: string,
  metadata: Metadata,
): InvoiceLineItem {
  const now = scope.clock.now();
  return {
    id: scope.ids.make("il"),
    object: "line_item",
    amount,
    currency,
    description: null,
    discount_amounts: [],
    discountable: true,
    discounts: [],
    invoice,
    livemode: false,
    metadata,
    parent: null,
    period: { end: now, start: now },
    pretax_credit_amounts: [],
    pricing: null,
    quantity: 1,
    quantity_decimal: "1",
    subscription: null,
    subtotal: amount,
    taxes: [],
  };
}

/** The link between an invoice and the payment intent that pays it. */
export function buildInvoicePayment(
  scope: Scope,
  invoice: Invoice,
  paymentIntent: string,
): InvoicePayment {
  return {
    id: scope.ids.make("inpay"),
    object: "invoice_payment",
    amount_paid: null,
    amount_requested: invoice.amount_due,
    created: scope.clock.now(),
    currency: invoice.currency,
    invoice: invoice.id,
    is_default: true,
    livemode: false,
    payment: { payment_intent: paymentIntent, type: "payment_intent" },
    status: "open",
    status_transitions: { canceled_at: null, paid_at: null },
  };
}

/** `$9.00` for 900 usd; currencies without minor units are shown as they are. */
export function formatAmount(minor: number, currency: string): string {
  const format = new Intl.NumberFormat("en-US", {
    style: "currency",
    currency: currency.toUpperCase(),
  });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(minor / 10 ** digits);
}
