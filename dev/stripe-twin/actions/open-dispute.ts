import { made } from "../engine/emit.ts";
import { invalidRequest } from "../engine/errors.ts";
import type { Scope } from "../engine/scope.ts";
import { buildBalanceTransaction } from "../objects/build-charge.ts";
import type { BalanceTransaction, Charge, Dispute } from "../objects/types.ts";

const disputeFee = 1500;

/** A cardholder disputes a charge; an inquiry moves no money. */
export function openDispute(
  scope: Scope,
  charge: Charge,
  options: { reason: string; inquiry: boolean },
): Dispute {
  if (charge.status !== "succeeded") throw invalidRequest(`Charge ${charge.id} has not succeeded`);
  if (charge.disputed) throw invalidRequest(`Charge ${charge.id} is disputed already`);
  const id = scope.ids.make("du");
  const withdrawal = options.inquiry ? [] : [withdraw(scope, charge, id)];
  const dispute = scope.store.disputes.put(buildDispute(scope, charge, id, withdrawal, options));
  scope.store.charges.put({ ...charge, disputed: true });
  scope.emit("charge disputed", {
    "charge.dispute.created": made(dispute),
    "charge.dispute.funds_withdrawn": options.inquiry ? undefined : made(dispute),
  });
  return dispute;
}

function withdraw(scope: Scope, charge: Charge, dispute: string): BalanceTransaction {
  const transaction = buildBalanceTransaction(scope, {
    amount: -charge.amount,
    currency: charge.currency,
    source: dispute,
    type: "adjustment",
    description: `Chargeback withdrawal for ${charge.id}`,
  });
  return scope.store.balanceTransactions.put({
    ...transaction,
    fee: disputeFee,
    net: transaction.amount - disputeFee,
    fee_details: [{
      amount: disputeFee,
      application: null,
      currency: charge.currency,
      description: "Dispute fee",
      type: "stripe_fee",
    }],
  });
}

function buildDispute(
  scope: Scope,
  charge: Charge,
  id: string,
  transactions: BalanceTransaction[],
  options: { reason: string; inquiry: boolean },
): Dispute {
  const now = scope.clock.now();
  const brand = charge.payment_method_details?.card?.brand ?? "visa";
  return {
    id,
    object: "dispute",
    amount: charge.amount,
    balance_transactions: transactions,
    charge: charge.id,
    created: now,
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: noEvidence,
    evidence_details: {
      due_by: now + 9 * 86_400,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: "not_submitted",
    },
    intended_submission_method: null,
    is_charge_refundable: options.inquiry,
    livemode: false,
    metadata: {},
    payment_intent: charge.payment_intent,
    payment_method_details: {
      type: "card",
      card: {
        brand,
        case_type: options.inquiry ? "inquiry" : "chargeback",
        network: brand,
        network_reason_code: "10.4",
      },
    },
    reason: options.reason,
    status: options.inquiry ? "warning_needs_response" : "needs_response",
  };
}

const noEvidence: Dispute["evidence"] = {
  access_activity_log: null,
  billing_address: null,
  cancellation_policy: null,
  cancellation_policy_disclosure: null,
  cancellation_rebuttal: null,
  customer_communication: null,
  customer_email_address: null,
  customer_name: null,
  customer_purchase_ip: null,
  customer_signature: null,
  duplicate_charge_documentation: null,
  duplicate_charge_explanation: null,
  duplicate_charge_id: null,
  enhanced_evidence: {},
  product_description: null,
  receipt: null,
  refund_policy: null,
  refund_policy_disclosure: null,
  refund_refusal_explanation: null,
  service_date: null,
  service_documentation: null,
  shipping_address: null,
  shipping_carrier: null,
  shipping_date: null,
  shipping_documentation: null,
  shipping_tracking_number: null,
  uncategorized_file: null,
  uncategorized_text: null,
};
