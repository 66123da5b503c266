import type { z } from "zod";
import { confirmCheckout } from "../actions/confirm-checkout.ts";
import { testCardByNumber } from "../cards.ts";
import { invalidRequest } from "../engine/errors.ts";
import type { Scope } from "../engine/scope.ts";
import { buildPaymentMethod, noBilling } from "../objects/build-payment-method.ts";
import { successUrl } from "../pages/checkout-routes.ts";
import type { controlSchemas } from "./schemas.ts";

type Body = z.output<(typeof controlSchemas)["POST /_twin/checkout_sessions/:id/pay"]>;

/** Pays a session as a person with this card would. A decline answers 402 with Stripe's error. */
export function payControl(scope: Scope, id: string, body: Body): object {
  const session = scope.store.checkoutSessions.need(id);
  const card = testCardByNumber(body.card);
  if (card === undefined) {
    throw invalidRequest("The card is not one of Stripe's test cards", { param: "card" });
  }
  const customer = session.customer === null
    ? undefined
    : scope.store.customers.get(session.customer);
  const email = body.email ?? customer?.email ?? session.customer_email ?? "customer@example.com";
  const address = { ...emptyAddress, country: body.country ?? "US" };
  const method = scope.store.paymentMethods.put(buildPaymentMethod(scope, {
    face: card.face,
    expMonth: 12,
    expYear: new Date(scope.clock.now() * 1000).getUTCFullYear() + 5,
    billing: { ...noBilling, email, name: body.name ?? null, address },
    metadata: {},
  }));
  scope.store.cardBehaviours.set(method.id, card.behaviour);
  const payer = { email, name: body.name ?? null, address };
  const outcome = confirmCheckout(scope, id, payer, method, body.three_d_secure ?? null);
  switch (outcome.kind) {
    case "completed":
      return {
        outcome: "completed",
        session: outcome.session,
        redirect_url: successUrl(outcome.session),
      };
    case "requires_action":
      return {
        outcome: "requires_action",
        session: outcome.session,
        payment_intent: outcome.intent.id,
      };
    case "declined":
      throw outcome.error;
  }
}

const emptyAddress = {
  city: null,
  country: null,
  line1: null,
  line2: null,
  postal_code: null,
  state: null,
};
