import type { Scope } from "../engine/scope.ts";
import type { Charge, Review } from "../objects/types.ts";

/** Opens a Radar review of a charge; the caller makes the event. */
export function openReview(scope: Scope, charge: Charge): Review {
  const review = scope.store.reviews.put({
    id: scope.ids.make("prv"),
    object: "review",
    billing_zip: null,
    charge: charge.id,
    closed_reason: null,
    created: scope.clock.now(),
    ip_address: null,
    ip_address_location: null,
    livemode: false,
    open: true,
    opened_reason: "rule",
    ...(charge.payment_intent === null ? {} : { payment_intent: charge.payment_intent }),
    reason: "rule",
    session: null,
  });
  scope.store.charges.put({ ...charge, review: review.id });
  const intent = charge.payment_intent === null
    ? undefined
    : scope.store.paymentIntents.get(charge.payment_intent);
  if (intent !== undefined) scope.store.paymentIntents.put({ ...intent, review: review.id });
  return review;
}
