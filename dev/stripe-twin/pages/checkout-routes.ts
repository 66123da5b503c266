import type { Hono } from "hono";
import { type CheckoutOutcome, confirmCheckout } from "../actions/confirm-checkout.ts";
import { expireDueCheckouts } from "../actions/expire-checkout.ts";
import type { Payer } from "../actions/complete-checkout.ts";
import { TwinError } from "../engine/errors.ts";
import type { Scope } from "../engine/scope.ts";
import type { World } from "../engine/world.ts";
import { formatAmount } from "../objects/build-invoice.ts";
import { noBilling } from "../objects/build-payment-method.ts";
import type { CheckoutSession } from "../objects/types.ts";
import {
  challengePage,
  type CheckoutFormState,
  checkoutPage,
  closedCheckoutPage,
  notFoundPage,
} from "./checkout-page.ts";
import { readCard } from "./read-card.ts";

/** The hosted checkout page. */
export function addCheckoutPages(app: Hono, world: World): void {
  const scopeOf = () => world.scope({ id: null, idempotencyKey: null });

  app.get("/c/pay/:id", (context) => {
    const scope = scopeOf();
    expireDueCheckouts(scope);
    const session = scope.store.checkoutSessions.get(context.req.param("id"));
    if (session === undefined) return notFoundPage();
    return session.status === "open" ? form(scope, session, blank) : closedCheckoutPage(session);
  });

  app.post("/c/pay/:id", async (context) => {
    const fields = new URLSearchParams(await context.req.text());
    const scope = scopeOf();
    expireDueCheckouts(scope);
    const session = scope.store.checkoutSessions.get(context.req.param("id"));
    if (session === undefined) return notFoundPage();
    // Sent twice (a double click, a reload): the first one counted.
    if (session.status === "complete") return toSuccess(session);
    if (session.status !== "open") return closedCheckoutPage(session);
    return pay(scope, session, fields);
  });

  app.post("/c/pay/:id/authenticate", async (context) => {
    const fields = new URLSearchParams(await context.req.text());
    const scope = scopeOf();
    const session = scope.store.checkoutSessions.get(context.req.param("id"));
    if (session === undefined) return notFoundPage();
    if (session.status === "complete") return toSuccess(session);
    const pending = scope.store.checkoutOrders.get(session.id)?.pending ?? null;
    if (session.status !== "open" || pending === null) return closedCheckoutPage(session);
    const method = scope.store.paymentMethods.need(pending.method);
    const answer = fields.get("answer") === "complete" ? "complete" : "fail";
    const outcome = attempt(() =>
      confirmCheckout(scope, session.id, pending.payer, method, answer)
    );
    return show(scope, session, outcome, stateOf(pending.payer));
  });
}

const blank: CheckoutFormState = { email: "", name: "", country: "US", alert: null };

function pay(scope: Scope, session: CheckoutSession, fields: URLSearchParams): Response {
  const email = emailOf(scope, session) ?? (fields.get("email") ?? "").trim();
  const state: CheckoutFormState = {
    email,
    name: (fields.get("billingName") ?? "").trim(),
    country: fields.get("billingCountry") ?? "US",
    alert: null,
  };
  if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email)) {
    return form(scope, session, { ...state, alert: "Your email is incomplete." });
  }
  const card = readCard(scope, fields);
  if (!card.ok) return form(scope, session, { ...state, alert: card.message });
  const address = card.method.billing_details.address ?? noBilling.address;
  const payer: Payer = { email, name: state.name === "" ? null : state.name, address };
  const outcome = attempt(() => confirmCheckout(scope, session.id, payer, card.method, null));
  return show(scope, session, outcome, state);
}

/** A refusal by the API is shown like a decline. */
function attempt(run: () => CheckoutOutcome): CheckoutOutcome | TwinError {
  try {
    return run();
  } catch (error) {
    if (error instanceof TwinError) return error;
    throw error;
  }
}

function show(
  scope: Scope,
  session: CheckoutSession,
  outcome: CheckoutOutcome | TwinError,
  state: CheckoutFormState,
): Response {
  if (outcome instanceof TwinError) {
    return form(scope, session, { ...state, alert: outcome.message });
  }
  switch (outcome.kind) {
    case "completed":
      return toSuccess(outcome.session);
    case "requires_action":
      return challengePage(session, formatAmount(outcome.intent.amount, outcome.intent.currency));
    case "declined":
      return form(scope, session, { ...state, alert: outcome.error.message });
  }
}

function form(scope: Scope, session: CheckoutSession, state: CheckoutFormState): Response {
  const lines = scope.store.checkoutOrders.get(session.id)?.lineItems ?? [];
  return checkoutPage(session, lines, emailOf(scope, session), state);
}

/** The e-mail that the session or its customer already has. */
function emailOf(scope: Scope, session: CheckoutSession): string | null {
  const customer = session.customer === null
    ? undefined
    : scope.store.customers.get(session.customer);
  return customer?.email ?? session.customer_email;
}

function stateOf(payer: Payer): CheckoutFormState {
  return {
    email: payer.email,
    name: payer.name ?? "",
    country: payer.address?.country ?? "US",
    alert: null,
  };
}

function toSuccess(session: CheckoutSession): Response {
  return new Response(null, {
    status: 303,
    headers: {
      location: successUrl(session),
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
    },
  });
}

/** `success_url` with the session's id in the place of its template. */
export function successUrl(session: CheckoutSession): string {
  return (session.success_url ?? "/").replaceAll(
    /\{CHECKOUT_SESSION_ID\}|%7BCHECKOUT_SESSION_ID%7D/gi,
    session.id,
  );
}
