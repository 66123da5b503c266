import { z } from "zod";
import { confirmCheckout } from "../actions/confirm-checkout.ts";
import { resolvePaymentMethod } from "../actions/resolve-payment-method.ts";
import { endpoint } from "../engine/endpoint.ts";
import { invalidRequest } from "../engine/errors.ts";
import { integer, text } from "../engine/form-params.ts";

/** The private endpoints behind Stripe's hosted page; the Stripe CLI pays sessions through them. */
export const paymentPageEndpoints = [
  endpoint({
    method: "GET",
    path: "/v1/payment_pages/:id",
    params: z.looseObject({}),
    handle: (scope, _params, path) => scope.store.checkoutSessions.need(path("id"), "session"),
  }),
  endpoint({
    method: "POST",
    path: "/v1/payment_pages/:id/confirm",
    params: z.looseObject({ payment_method: text, expected_amount: integer.optional() }),
    handle(scope, params, path) {
      const session = scope.store.checkoutSessions.need(path("id"), "session");
      if (params.expected_amount !== undefined && params.expected_amount !== session.amount_total) {
        throw invalidRequest("The amount of the session changed; reload the page and try again.", {
          code: "checkout_amount_mismatch",
          param: "expected_amount",
        });
      }
      const method = resolvePaymentMethod(scope, params.payment_method, "payment_method");
      const { billing_details: billing } = method;
      const email = billing.email ?? session.customer_details?.email ?? "customer@example.com";
      const payer = { email, name: billing.name, address: billing.address };
      const outcome = confirmCheckout(scope, session.id, payer, method, null);
      if (outcome.kind === "declined") throw outcome.error;
      return outcome.session;
    },
  }),
];
