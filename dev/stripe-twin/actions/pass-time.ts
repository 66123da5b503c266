import { made } from "../engine/emit.ts";
import type { Scope } from "../engine/scope.ts";
import { endDueSubscriptions } from "./cancel-subscription.ts";
import { expireDueCheckouts } from "./expire-checkout.ts";

const trialNoticeSeconds = 3 * 86_400;

/**
 * What time alone brings about: sessions expire, subscriptions reach the end that was set, trials are announced to
 * end. Renewals are not among it: a control makes them.
 */
export function passTime(scope: Scope): void {
  expireDueCheckouts(scope);
  endDueSubscriptions(scope);
  announceEndingTrials(scope);
}

/** Three days before a trial ends, or at once when it is shorter. */
function announceEndingTrials(scope: Scope): void {
  const soon = scope.clock.now() + trialNoticeSeconds;
  for (const subscription of scope.store.subscriptions.newestFirst().reverse()) {
    const { trial_end: end, status, id } = subscription;
    if (
      end === null || end > soon || status !== "trialing" || scope.store.trialsAnnounced.has(id)
    ) continue;
    scope.store.trialsAnnounced.add(id);
    scope.emit("subscription trial ends soon", {
      "customer.subscription.trial_will_end": made(subscription),
    });
  }
}
