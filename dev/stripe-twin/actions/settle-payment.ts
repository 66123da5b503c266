import { type CardBehaviour, type Decline, genericDecline } from "../cards.ts";
import { TwinError } from "../engine/errors.ts";
import type { Scope } from "../engine/scope.ts";
import { buildBalanceTransaction, buildCharge } from "../objects/build-charge.ts";
import type { Charge, PaymentIntent, PaymentMethod } from "../objects/types.ts";

/** How an attempt to pay ended. The objects are stored; the events are the caller's. */
export type Settlement =
  | { kind: "succeeded"; intent: PaymentIntent; charge: Charge }
  | { kind: "authorised"; intent: PaymentIntent; charge: Charge }
  | { kind: "failed"; intent: PaymentIntent; charge: Charge; error: TwinError }
  | { kind: "requires_action"; intent: PaymentIntent };

/** How the customer answers the bank's question, where it asks one. */
export type ChallengeAnswer = "complete" | "fail" | null;

/** The behaviour of the card behind a payment method. */
export function behaviourOf(scope: Scope, method: PaymentMethod): CardBehaviour {
  const behaviour = scope.store.cardBehaviours.get(method.id);
  if (behaviour === undefined) throw new Error(`${method.id} has no card`);
  return behaviour;
}

/** Tries to pay an intent with a method. */
export function settlePayment(
  scope: Scope,
  intent: PaymentIntent,
  method: PaymentMethod,
  options: { answer: ChallengeAnswer; offSession: boolean; declineAnyway?: boolean },
): Settlement {
  const behaviour = behaviourOf(scope, method);
  const { answer, offSession } = options;
  if (options.declineAnyway === true) {
    return fail(scope, intent, method, behaviour.decline ?? genericDecline);
  }
  if (behaviour.requiresAction && answer === null && !offSession) {
    return { kind: "requires_action", intent: askForAction(scope, intent, method) };
  }
  if (answer === "fail") return fail(scope, intent, method, authenticationFailed);
  const decline = behaviour.decline ?? behaviour.declineWhenCharged ??
    (behaviour.alwaysAsks && offSession ? authenticationRequired : null);
  if (decline !== null) return fail(scope, intent, method, decline);
  return charge(scope, intent, method, behaviour.requiresAction && answer === "complete");
}

const authenticationRequired: Decline = {
  code: "card_declined",
  declineCode: "authentication_required",
  message: "Your card was declined. This transaction requires authentication.",
};

function askForAction(scope: Scope, intent: PaymentIntent, method: PaymentMethod): PaymentIntent {
  return scope.store.paymentIntents.put({
    ...intent,
    status: "requires_action",
    payment_method: method.id,
    last_payment_error: null,
    next_action: {
      type: "redirect_to_url",
      redirect_to_url: { return_url: null, url: `${scope.baseUrl}/c/authenticate/${intent.id}` },
    },
  });
}

function charge(
  scope: Scope,
  intent: PaymentIntent,
  method: PaymentMethod,
  threeDSecure: boolean,
): Settlement {
  const captured = intent.capture_method !== "manual";
  const elevatedRisk = behaviourOf(scope, method).afterCharge === "review";
  const made = buildCharge(scope, intent, method, {
    decline: null,
    captured,
    threeDSecure,
    elevatedRisk,
  });
  const stored = scope.store.charges.put(captured ? withBalance(scope, made) : made);
  const paid: PaymentIntent = {
    ...intent,
    payment_method: method.id,
    latest_charge: stored.id,
    next_action: null,
    last_payment_error: null,
    status: captured ? "succeeded" : "requires_capture",
    amount_received: captured ? intent.amount : 0,
    amount_capturable: captured ? 0 : intent.amount,
  };
  return {
    kind: captured ? "succeeded" : "authorised",
    intent: scope.store.paymentIntents.put(paid),
    charge: stored,
  };
}

/** A charge with the balance transaction that its capture makes. */
export function withBalance(scope: Scope, charge: Charge): Charge {
  const transaction = scope.store.balanceTransactions.put(buildBalanceTransaction(scope, {
    amount: charge.amount_captured,
    currency: charge.currency,
    source: charge.id,
    type: "charge",
    description: charge.description,
  }));
  return { ...charge, balance_transaction: transaction.id };
}

function fail(
  scope: Scope,
  intent: PaymentIntent,
  method: PaymentMethod,
  decline: Decline,
): Settlement {
  const charge = scope.store.charges.put(
    buildCharge(scope, intent, method, {
      decline,
      captured: false,
      threeDSecure: false,
      elevatedRisk: false,
    }),
  );
  const failed = scope.store.paymentIntents.put({
    ...intent,
    status: "requires_payment_method",
    payment_method: null,
    latest_charge: charge.id,
    next_action: null,
    last_payment_error: {
      type: "card_error",
      code: decline.code,
      ...(decline.declineCode === null ? {} : { decline_code: decline.declineCode }),
      doc_url: `https://stripe.com/docs/error-codes/${decline.code.replaceAll("_", "-")}`,
      message: decline.message,
      charge: charge.id,
      payment_method_type: "card",
    },
  });
  return {
    kind: "failed",
    intent: failed,
    charge,
    error: declineError(decline, charge, failed, method),
  };
}

/** The customer did not pass the bank's question. */
export const authenticationFailed: Decline = {
  code: "card_declined",
  declineCode: "authentication_not_handled",
  message:
    "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
};

/** 402 `card_error`, as the API answers a decline. */
export function declineError(
  decline: Decline,
  charge: Charge | null,
  intent: PaymentIntent | null,
  method: PaymentMethod | null,
): TwinError {
  return new TwinError(402, {
    type: "card_error",
    code: decline.code,
    message: decline.message,
    ...(decline.declineCode === null ? {} : { decline_code: decline.declineCode }),
    ...(charge === null ? {} : { charge: charge.id }),
    ...(intent === null ? {} : { payment_intent: intent }),
    ...(method === null ? {} : { payment_method: method }),
  });
}
