import { made } from "../engine/emit.ts";
import { invalidRequest, type TwinError } from "../engine/errors.ts";
import type { Scope } from "../engine/scope.ts";
import type { CheckoutOrder } from "../engine/store.ts";
import { buildPaymentIntent } from "../objects/build-payment-intent.ts";
import type { CheckoutSession, PaymentIntent, PaymentMethod } from "../objects/types.ts";
import { completePaymentCheckout, type Payer } from "./complete-checkout.ts";
import { completeSubscriptionCheckout } from "./complete-subscription-checkout.ts";
import { expireCheckout } from "./expire-checkout.ts";
import { type ChallengeAnswer, settlePayment } from "./settle-payment.ts";

/** How an attempt to pay a session ended. */
export type CheckoutOutcome =
  | { kind: "completed"; session: CheckoutSession }
  | { kind: "requires_action"; session: CheckoutSession; intent: PaymentIntent }
  | { kind: "declined"; session: CheckoutSession; error: TwinError };

/** Pays an open session with a card. A declined attempt leaves the session open. */
export function confirmCheckout(
  scope: Scope,
  sessionId: string,
  payer: Payer,
  method: PaymentMethod,
  answer: ChallengeAnswer,
): CheckoutOutcome {
  const session = openSession(scope, sessionId);
  const order = scope.store.checkoutOrders.get(sessionId);
  if (order === undefined) throw new Error(`${sessionId} has no order`);
  if (method.customer !== null && method.customer !== session.customer) {
    throw invalidRequest("The payment method belongs to another customer.", {
      code: "payment_method_unexpected_state",
      param: "payment_method",
    });
  }
  const due = session.amount_total ?? 0;
  if (due === 0) {
    return { kind: "completed", session: finish(scope, session, order, payer, method, null) };
  }
  const { created, intent } = intentOfCheckout(scope, session, order, due);
  const settlement = settlePayment(scope, intent, method, { answer, offSession: false });
  const createdPayload = created === null ? undefined : made(created);
  switch (settlement.kind) {
    case "requires_action":
      remember(scope, sessionId, { method: method.id, payer });
      scope.emit("payment intent requires action", {
        "payment_intent.created": createdPayload,
        "payment_intent.requires_action": made(settlement.intent),
      });
      return {
        kind: "requires_action",
        session: scope.store.checkoutSessions.need(sessionId),
        intent,
      };
    case "failed":
      remember(scope, sessionId, null);
      scope.emit("payment intent failed", {
        "payment_intent.created": createdPayload,
        "charge.failed": made(settlement.charge),
        "payment_intent.payment_failed": made(settlement.intent),
      });
      return {
        kind: "declined",
        session: scope.store.checkoutSessions.need(sessionId),
        error: settlement.error,
      };
    default: {
      const payment = { created, intent: settlement.intent, charge: settlement.charge };
      return { kind: "completed", session: finish(scope, session, order, payer, method, payment) };
    }
  }
}

function remember(scope: Scope, sessionId: string, pending: CheckoutOrder["pending"]): void {
  const order = scope.store.checkoutOrders.get(sessionId);
  if (order !== undefined) scope.store.checkoutOrders.set(sessionId, { ...order, pending });
}

function finish(
  scope: Scope,
  session: CheckoutSession,
  order: CheckoutOrder,
  payer: Payer,
  method: PaymentMethod,
  payment: Parameters<typeof completePaymentCheckout>[5],
): CheckoutSession {
  const complete = session.mode === "subscription"
    ? completeSubscriptionCheckout
    : completePaymentCheckout;
  return complete(scope, session, order, payer, method, payment);
}

/** The session, if it can still be paid. */
export function openSession(scope: Scope, sessionId: string): CheckoutSession {
  const session = scope.store.checkoutSessions.need(sessionId);
  if (session.status === "open" && session.expires_at <= scope.clock.now()) {
    expireCheckout(scope, session);
  }
  const current = scope.store.checkoutSessions.need(sessionId);
  if (current.status === "complete") {
    throw invalidRequest("This Checkout Session has already been completed.", {
      code: "payment_intent_unexpected_state",
    });
  }
  if (current.status === "expired") {
    throw invalidRequest("This Checkout Session has expired.", {
      code: "checkout_session_expired",
    });
  }
  return current;
}

/** The session's payment intent: made by the first attempt, used again by later ones. */
function intentOfCheckout(
  scope: Scope,
  session: CheckoutSession,
  order: CheckoutOrder,
  amount: number,
): { created: PaymentIntent | null; intent: PaymentIntent } {
  const existing = order.paymentIntent === null
    ? undefined
    : scope.store.paymentIntents.get(order.paymentIntent);
  if (existing !== undefined) return { created: null, intent: existing };
  const subscription = session.mode === "subscription";
  const created = scope.store.paymentIntents.put(buildPaymentIntent(scope, {
    amount,
    currency: session.currency ?? "usd",
    customer: session.customer,
    description: subscription ? "Subscription creation" : order.paymentDescription,
    metadata: subscription ? {} : order.paymentMetadata,
    paymentMethod: null,
    captureMethod: subscription ? "automatic" : order.captureMethod,
    setupFutureUsage: subscription ? "off_session" : order.setupFutureUsage,
    shipping: order.shipping,
    receiptEmail: null,
    automatic: false,
    statementDescriptor: null,
  }));
  scope.store.checkoutOrders.set(session.id, { ...order, paymentIntent: created.id });
  return { created, intent: created };
}
