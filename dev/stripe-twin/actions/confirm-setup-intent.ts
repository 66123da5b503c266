import type { Decline } from "../cards.ts";
import { made } from "../engine/emit.ts";
import type { Scope } from "../engine/scope.ts";
import type { PaymentMethod, SetupIntent } from "../objects/types.ts";
import { refuseState } from "./confirm-payment-intent.ts";
import { attachPaymentMethod } from "./resolve-payment-method.ts";
import {
  authenticationFailed,
  behaviourOf,
  type ChallengeAnswer,
  declineError,
} from "./settle-payment.ts";

/** Confirms a setup intent; a card that cannot be saved is thrown as 402 once its events are made. */
export function confirmSetupIntent(
  scope: Scope,
  intent: SetupIntent,
  method: PaymentMethod,
  options: { answer: ChallengeAnswer; isNew: boolean },
): SetupIntent {
  refuseState(intent, "confirm", [
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
  ]);
  const created = { "setup_intent.created": options.isNew ? made(intent) : undefined };
  const behaviour = behaviourOf(scope, method);
  const decline = behaviour.decline ?? (options.answer === "fail" ? authenticationFailed : null);
  if (decline !== null) {
    const failed = scope.store.setupIntents.put(withError(intent, decline));
    scope.emit("setup intent failed", { ...created, "setup_intent.setup_failed": made(failed) });
    throw declineError(decline, null, null, method);
  }
  if (behaviour.requiresAction && options.answer === null) {
    const waiting = scope.store.setupIntents.put(askForAction(scope, intent, method));
    scope.emit("setup intent requires action", {
      ...created,
      "setup_intent.requires_action": made(waiting),
    });
    return waiting;
  }
  const attached = intent.customer !== null && method.customer === null
    ? attachPaymentMethod(scope, method, intent.customer)
    : null;
  const succeeded = scope.store.setupIntents.put({
    ...intent,
    status: "succeeded",
    payment_method: method.id,
    next_action: null,
  });
  scope.emit("setup intent succeeded", {
    ...created,
    "payment_method.attached": attached === null ? undefined : made(attached),
    "setup_intent.succeeded": made(succeeded),
  });
  return succeeded;
}

function withError(intent: SetupIntent, decline: Decline): SetupIntent {
  return {
    ...intent,
    status: "requires_payment_method",
    payment_method: null,
    next_action: null,
    last_setup_error: {
      type: "card_error",
      code: decline.code,
      message: decline.message,
      ...(decline.declineCode === null ? {} : { decline_code: decline.declineCode }),
    },
  };
}

function askForAction(scope: Scope, intent: SetupIntent, method: PaymentMethod): SetupIntent {
  return {
    ...intent,
    status: "requires_action",
    payment_method: method.id,
    next_action: {
      type: "redirect_to_url",
      redirect_to_url: { return_url: null, url: `${scope.baseUrl}/c/authenticate/${intent.id}` },
    },
  };
}
