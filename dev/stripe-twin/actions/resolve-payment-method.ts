import { testCardByName } from "../cards.ts";
import { invalidRequest, noSuch } from "../engine/errors.ts";
import type { Scope } from "../engine/scope.ts";
import { buildPaymentMethod, noBilling } from "../objects/build-payment-method.ts";
import type { PaymentMethod } from "../objects/types.ts";
import { declineError } from "./settle-payment.ts";

/**
 * The payment method behind an id. Stripe's test names (`pm_card_visa`) stand for a card, and each use of one makes a
 * payment method of its own.
 */
export function resolvePaymentMethod(
  scope: Scope,
  id: string,
  param: string,
  status = 400,
): PaymentMethod {
  const known = scope.store.paymentMethods.get(id);
  if (known !== undefined) return known;
  const card = testCardByName(id);
  if (!id.startsWith("pm_card_") || card === undefined) {
    throw noSuch("PaymentMethod", id, param, status);
  }
  const year = new Date(scope.clock.now() * 1000).getUTCFullYear() + 1;
  const method = scope.store.paymentMethods.put(
    buildPaymentMethod(scope, {
      face: card.face,
      expMonth: 12,
      expYear: year,
      billing: noBilling,
      metadata: {},
    }),
  );
  scope.store.cardBehaviours.set(method.id, card.behaviour);
  return method;
}

/** Attaches a method to a customer; a card that declines everything cannot be attached. The event is the caller's. */
export function attachPaymentMethod(
  scope: Scope,
  method: PaymentMethod,
  customer: string,
): PaymentMethod {
  if (method.customer === customer) return method;
  if (method.customer !== null) {
    throw invalidRequest(
      "The payment method you provided has already been attached to a customer.",
      { code: "payment_method_unexpected_state", param: "payment_method" },
    );
  }
  const decline = scope.store.cardBehaviours.get(method.id)?.decline;
  if (decline !== null && decline !== undefined) throw declineError(decline, null, null, method);
  return scope.store.paymentMethods.put({ ...method, customer });
}
