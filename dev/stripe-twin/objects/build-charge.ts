import type { Decline } from "../cards.ts";
import type { Scope } from "../engine/scope.ts";
import type { BalanceTransaction, Charge, PaymentIntent, PaymentMethod } from "./types.ts";

/** A charge for a payment intent: succeeded, authorised only (not captured), or failed with a decline. */
export function buildCharge(
  scope: Scope,
  intent: PaymentIntent,
  method: PaymentMethod,
  result: {
    decline: Decline | null;
    captured: boolean;
    threeDSecure: boolean;
    elevatedRisk: boolean;
  },
): Charge {
  const { decline } = result;
  const id = scope.ids.make("ch");
  const paid = decline === null;
  return {
    id,
    object: "charge",
    amount: intent.amount,
    amount_captured: paid && result.captured ? intent.amount : 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: null,
    billing_details: method.billing_details,
    calculated_statement_descriptor: "STRIPE TWIN",
    captured: paid && result.captured,
    created: scope.clock.now(),
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: decline?.code ?? null,
    failure_message: decline?.message ?? null,
    fraud_details: {},
    livemode: false,
    metadata: intent.metadata,
    on_behalf_of: null,
    outcome: buildOutcome(decline, result.elevatedRisk),
    paid,
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details: buildDetails(intent, method, result.threeDSecure),
    receipt_email: intent.receipt_email,
    receipt_number: null,
    receipt_url: paid ? `${scope.baseUrl}/receipts/${id}` : null,
    refunded: false,
    review: null,
    shipping: intent.shipping,
    source: null,
    source_transfer: null,
    statement_descriptor: intent.statement_descriptor,
    statement_descriptor_suffix: null,
    status: paid ? "succeeded" : "failed",
    transfer_data: null,
    transfer_group: null,
  };
}

function buildOutcome(decline: Decline | null, elevatedRisk: boolean): Charge["outcome"] {
  const risk = elevatedRisk
    ? { risk_level: "elevated", risk_score: 68 }
    : { risk_level: "normal", risk_score: 20 };
  if (decline === null) {
    return {
      advice_code: null,
      network_advice_code: null,
      network_decline_code: null,
      network_status: "approved_by_network",
      reason: elevatedRisk ? "elevated_risk_level" : null,
      ...risk,
      seller_message: elevatedRisk
        ? "Stripe evaluated this payment as having elevated risk."
        : "Payment complete.",
      type: elevatedRisk ? "manual_review" : "authorized",
    };
  }
  return {
    advice_code: "try_again_later",
    network_advice_code: null,
    network_decline_code: null,
    network_status: "declined_by_network",
    reason: decline.declineCode ?? decline.code,
    ...risk,
    seller_message: "The bank did not return any further details with this decline.",
    type: "issuer_declined",
  };
}

function buildDetails(
  intent: PaymentIntent,
  method: PaymentMethod,
  threeDSecure: boolean,
): Charge["payment_method_details"] {
  const { card } = method;
  if (card === undefined) return { type: method.type };
  return {
    type: "card",
    card: {
      amount_authorized: intent.amount,
      authorization_code: null,
      brand: card.brand,
      checks: card.checks,
      country: card.country,
      electronic_commerce_indicator: null,
      exp_month: card.exp_month,
      exp_year: card.exp_year,
      extended_authorization: { status: "disabled" },
      fingerprint: card.fingerprint ?? null,
      funding: card.funding,
      incremental_authorization: { status: "unavailable" },
      installments: null,
      last4: card.last4,
      mandate: null,
      multicapture: { status: "unavailable" },
      network: card.brand,
      network_token: { used: false },
      network_transaction_id: null,
      overcapture: { maximum_amount_capturable: intent.amount, status: "unavailable" },
      regulated_status: "unregulated",
      three_d_secure: threeDSecure
        ? {
          authentication_flow: "challenge",
          electronic_commerce_indicator: "05",
          exemption_indicator: null,
          result: "authenticated",
          result_reason: null,
          transaction_id: null,
          version: "2.2.0",
        }
        : null,
      transaction_link_id: null,
      wallet: null,
    },
  };
}

/** The balance transaction of a charge, refund or dispute; the fee is Stripe's standard card fee for charges. */
export function buildBalanceTransaction(scope: Scope, from: {
  amount: number;
  currency: string;
  source: string;
  type: "adjustment" | "charge" | "refund";
  description: string | null;
}): BalanceTransaction {
  const fee = from.type === "charge" ? Math.round(from.amount * 0.029) + 30 : 0;
  const now = scope.clock.now();
  return {
    id: scope.ids.make("txn"),
    object: "balance_transaction",
    amount: from.amount,
    available_on: now + 2 * 24 * 60 * 60,
    balance_type: "payments",
    created: now,
    currency: from.currency,
    description: from.description,
    exchange_rate: null,
    fee,
    fee_details: fee === 0 ? [] : [{
      amount: fee,
      application: null,
      currency: from.currency,
      description: "Stripe processing fees",
      type: "stripe_fee",
    }],
    net: from.amount - fee,
    reporting_category: from.type === "adjustment" ? "dispute" : from.type,
    source: from.source,
    status: "pending",
    type: from.type,
  };
}
