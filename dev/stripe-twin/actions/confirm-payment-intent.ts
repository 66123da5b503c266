import { made } from "../engine/emit.ts";
import { invalidRequest } from "../engine/errors.ts";
import type { Scope } from "../engine/scope.ts";
import type { PaymentIntent, PaymentMethod } from "../objects/types.ts";
import { followUpCharge } from "./after-charge.ts";
import { payInvoice } from "./pay-invoice.ts";
import { type ChallengeAnswer, type Settlement, settlePayment } from "./settle-payment.ts";

/**
 * Confirms a payment intent with a method and makes the events. A decline is thrown as the API's 402 once its events
 * are made. An invoice's intent settles its invoice.
 */
export function confirmPaymentIntent(
  scope: Scope,
  intent: PaymentIntent,
  method: PaymentMethod,
  options: { answer: ChallengeAnswer; offSession: boolean; isNew: boolean },
): PaymentIntent {
  refuseState(intent, "confirm", [
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
  ]);
  const link = scope.store.invoicePayments.newestFirst().find((item) =>
    item.payment.payment_intent === intent.id
  );
  if (link !== undefined) {
    const invoice = scope.store.invoices.need(link.invoice);
    const { settlement } = payInvoice(scope, invoice, method, { ...options, paidOutOfBand: false });
    if (settlement?.kind === "failed") throw settlement.error;
    return scope.store.paymentIntents.need(intent.id);
  }
  const settlement = settlePayment(scope, intent, method, options);
  emitSettlement(scope, settlement, options.isNew ? intent : null);
  if (settlement.kind === "failed") throw settlement.error;
  if (settlement.kind !== "requires_action") followUpCharge(scope, settlement.charge, method);
  return scope.store.paymentIntents.need(intent.id);
}

function emitSettlement(scope: Scope, settlement: Settlement, created: PaymentIntent | null): void {
  const createdPayload = { "payment_intent.created": created === null ? undefined : made(created) };
  switch (settlement.kind) {
    case "succeeded":
      scope.emit("payment intent succeeded", {
        ...createdPayload,
        "charge.succeeded": made(settlement.charge),
        "payment_intent.succeeded": made(settlement.intent),
      });
      return;
    case "authorised":
      scope.emit("payment intent authorised", {
        ...createdPayload,
        "charge.succeeded": made(settlement.charge),
        "payment_intent.amount_capturable_updated": made(settlement.intent),
      });
      return;
    case "failed":
      scope.emit("payment intent failed", {
        ...createdPayload,
        "charge.failed": made(settlement.charge),
        "payment_intent.payment_failed": made(settlement.intent),
      });
      return;
    case "requires_action":
      scope.emit("payment intent requires action", {
        ...createdPayload,
        "payment_intent.requires_action": made(settlement.intent),
      });
      return;
  }
}

/** Stripe's refusal of an operation that the intent's status does not allow. */
export function refuseState(
  intent: { status: string; object: string },
  operation: string,
  allowed: readonly string[],
): void {
  if (allowed.includes(intent.status)) return;
  const noun = intent.object === "setup_intent" ? "SetupIntent" : "PaymentIntent";
  throw invalidRequest(
    `This ${noun} could not be ${operation}ed because it has a status of ${intent.status}. Only a ${noun} with one of the following statuses may be ${operation}ed: ${
      allowed.join(", ")
    }.`,
    { code: `${intent.object}_unexpected_state` },
  );
}
