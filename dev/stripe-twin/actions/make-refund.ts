import { changed, made } from "../engine/emit.ts";
import { invalidRequest } from "../engine/errors.ts";
import type { Scope } from "../engine/scope.ts";
import { buildBalanceTransaction } from "../objects/build-charge.ts";
import type { Charge, Metadata, Refund } from "../objects/types.ts";

/** Refunds a charge, all that is left of it unless an amount is given. */
export function makeRefund(scope: Scope, charge: Charge, from: {
  amount: number | undefined;
  reason: "duplicate" | "fraudulent" | "requested_by_customer" | null;
  metadata: Metadata;
}): Refund {
  const left = charge.amount_captured - charge.amount_refunded;
  const amount = from.amount ?? left;
  refuse(charge, amount, left);
  const id = scope.ids.make("re");
  const transaction = scope.store.balanceTransactions.put(buildBalanceTransaction(scope, {
    amount: -amount,
    currency: charge.currency,
    source: id,
    type: "refund",
    description: null,
  }));
  const refund = scope.store.refunds.put(
    buildRefund(scope, charge, { ...from, id, amount, transaction: transaction.id }),
  );
  const refunded = scope.store.charges.put({
    ...charge,
    amount_refunded: charge.amount_refunded + amount,
    refunded: amount === left,
  });
  scope.emit("charge refunded", {
    "charge.refunded": changed(charge, refunded),
    "refund.created": made(refund),
  });
  return refund;
}

function refuse(charge: Charge, amount: number, left: number): void {
  if (charge.status !== "succeeded" || !charge.captured) {
    throw invalidRequest(`Charge ${charge.id} has not been captured and cannot be refunded.`, {
      param: "charge",
    });
  }
  if (charge.refunded) {
    throw invalidRequest(`Charge ${charge.id} has already been refunded.`, {
      code: "charge_already_refunded",
    });
  }
  if (charge.disputed) {
    throw invalidRequest(`Charge ${charge.id} has been charged back; cannot issue a refund.`, {
      code: "charge_disputed",
    });
  }
  if (amount < 1) {
    throw invalidRequest("This value must be greater than or equal to 1.", {
      code: "parameter_invalid_integer",
      param: "amount",
    });
  }
  if (amount > left) {
    throw invalidRequest(
      `Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`,
      { param: "amount" },
    );
  }
}

function buildRefund(scope: Scope, charge: Charge, from: {
  id: string;
  amount: number;
  transaction: string;
  reason: "duplicate" | "fraudulent" | "requested_by_customer" | null;
  metadata: Metadata;
}): Refund {
  return {
    id: from.id,
    object: "refund",
    amount: from.amount,
    balance_transaction: from.transaction,
    charge: charge.id,
    created: scope.clock.now(),
    currency: charge.currency,
    customer: charge.customer,
    customer_account: null,
    destination_details: {
      card: {
        reference_status: "pending",
        reference_type: "acquirer_reference_number",
        type: "refund",
      },
      type: "card",
    },
    metadata: from.metadata,
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    reason: from.reason,
    receipt_number: null,
    source_transfer_reversal: null,
    status: "succeeded",
    transfer_reversal: null,
  };
}
