import { made } from "../engine/emit.ts";
import type { Scope } from "../engine/scope.ts";
import type { Charge, PaymentMethod } from "../objects/types.ts";
import { openDispute } from "./open-dispute.ts";
import { warnOfFraud } from "./warn-of-fraud.ts";
import { openReview } from "./open-review.ts";
import { behaviourOf } from "./settle-payment.ts";

/** What Stripe's special test cards bring about once a charge has succeeded. */
export function followUpCharge(scope: Scope, charge: Charge, method: PaymentMethod): void {
  switch (behaviourOf(scope, method).afterCharge) {
    case "dispute":
      openDispute(scope, charge, { reason: "fraudulent", inquiry: false });
      return;
    case "inquiry":
      openDispute(scope, charge, { reason: "fraudulent", inquiry: true });
      return;
    case "early_fraud_warning":
      warnOfFraud(scope, charge, "made_with_stolen_card");
      return;
    case "review":
      scope.emit("review opened", { "review.opened": made(openReview(scope, charge)) });
      return;
    case null:
      return;
  }
}
