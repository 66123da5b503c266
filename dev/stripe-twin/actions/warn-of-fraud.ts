import { made } from "../engine/emit.ts";
import type { Scope } from "../engine/scope.ts";
import type { Charge, EarlyFraudWarning } from "../objects/types.ts";

/** The issuer's early fraud warning about a charge. */
export function warnOfFraud(scope: Scope, charge: Charge, fraudType: string): EarlyFraudWarning {
  const warning = scope.store.earlyFraudWarnings.put({
    id: scope.ids.make("issfr"),
    object: "radar.early_fraud_warning",
    // Nothing can be done any more about a charge that is refunded or disputed.
    actionable: !charge.refunded && !charge.disputed,
    charge: charge.id,
    created: scope.clock.now(),
    fraud_type: fraudType,
    livemode: false,
    ...(charge.payment_intent === null ? {} : { payment_intent: charge.payment_intent }),
  });
  scope.emit("early fraud warning created", { "radar.early_fraud_warning.created": made(warning) });
  return warning;
}
