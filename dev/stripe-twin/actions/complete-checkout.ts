import { changed, made, optionally } from "../engine/emit.ts";
import type { Scope } from "../engine/scope.ts";
import type { CheckoutOrder } from "../engine/store.ts";
import { buildCustomer } from "../objects/build-customer.ts";
import type {
  Charge,
  CheckoutSession,
  Customer,
  PaymentIntent,
  PaymentMethod,
} from "../objects/types.ts";
import { followUpCharge } from "./after-charge.ts";
import { attachPaymentMethod } from "./resolve-payment-method.ts";

/** Who pays, as the page asked. */
export interface Payer {
  email: string;
  name: string | null;
  address: Customer["address"];
}

/** A payment that went through on the page; null when nothing was due. */
export interface CheckoutPayment {
  created: PaymentIntent | null;
  intent: PaymentIntent;
  charge: Charge;
}

/** The customer of a finished session. */
export interface CheckoutCustomer {
  /** Null for a guest. */
  customer: Customer | null;
  /** As it was before the session; null for one that the session made. */
  before: Customer | null;
}

/** The session's own customer, a new one, or none for a guest. A customer without an e-mail gets the page's. */
export function customerOfCheckout(
  scope: Scope,
  session: CheckoutSession,
  payer: Payer,
): CheckoutCustomer {
  if (session.customer !== null) {
    const before = scope.store.customers.need(session.customer);
    const customer = before.email === null
      ? scope.store.customers.put({ ...before, email: payer.email })
      : before;
    return { customer, before };
  }
  if (session.mode === "payment" && session.customer_creation !== "always") {
    return { customer: null, before: null };
  }
  const customer = scope.store.customers.put(buildCustomer(scope, {
    email: payer.email,
    name: payer.name,
    phone: null,
    description: null,
    metadata: {},
    address: payer.address,
    shipping: null,
    defaultPaymentMethod: null,
    preferredLocales: [],
    testClock: null,
  }));
  return { customer, before: null };
}

/** The session as it is once it is complete; stored. */
export function completeSession(
  scope: Scope,
  session: CheckoutSession,
  payer: Payer,
  links: {
    customer: string | null;
    subscription: string | null;
    invoice: string | null;
    paymentIntent: string | null;
  },
): CheckoutSession {
  return scope.store.checkoutSessions.put({
    ...session,
    status: "complete",
    payment_status: (session.amount_total ?? 0) > 0 ? "paid" : "no_payment_required",
    customer: links.customer,
    subscription: links.subscription,
    invoice: links.invoice,
    payment_intent: links.paymentIntent,
    customer_details: {
      address: payer.address ?? null,
      business_name: null,
      email: payer.email,
      individual_name: null,
      name: payer.name,
      phone: null,
      tax_exempt: "none",
      tax_ids: [],
    },
    url: null,
  });
}

/** Finishes a session in payment mode. */
export function completePaymentCheckout(
  scope: Scope,
  session: CheckoutSession,
  order: CheckoutOrder,
  payer: Payer,
  method: PaymentMethod,
  payment: CheckoutPayment | null,
): CheckoutSession {
  const { customer, before } = customerOfCheckout(scope, session, payer);
  const linked = payment === null ? null : linkCustomer(scope, payment, customer?.id ?? null);
  // A card is kept only if the session asked for it.
  const keeps = customer !== null && order.setupFutureUsage !== null;
  const attached = keeps ? attachPaymentMethod(scope, method, customer.id) : null;
  const complete = completeSession(scope, session, payer, {
    customer: customer?.id ?? null,
    subscription: null,
    invoice: null,
    paymentIntent: linked?.intent.id ?? null,
  });
  const captured = linked !== null && linked.intent.status === "succeeded";
  scope.emit("checkout completed with a payment", {
    "customer.created": customer !== null && before === null ? made(customer) : undefined,
    "payment_intent.created": optionally(linked?.created),
    "charge.succeeded": linked === null ? undefined : made(linked.charge),
    "payment_method.attached": attached === null ? undefined : made(attached),
    "customer.updated": customer === null || before === null || customer === before
      ? undefined
      : changed(before, customer),
    "payment_intent.succeeded": captured ? made(linked.intent) : undefined,
    "payment_intent.amount_capturable_updated": linked === null || captured
      ? undefined
      : made(linked.intent),
    "checkout.session.completed": made(
      captured || linked === null ? complete : unpaid(scope, complete),
    ),
  });
  if (linked !== null) followUpCharge(scope, linked.charge, method);
  return scope.store.checkoutSessions.need(session.id);
}

/** Authorised but not captured: complete, yet unpaid. */
function unpaid(scope: Scope, session: CheckoutSession): CheckoutSession {
  return scope.store.checkoutSessions.put({ ...session, payment_status: "unpaid" });
}

/** Writes a customer that was made on the page into the payment that came before it. */
export function linkCustomer(
  scope: Scope,
  payment: CheckoutPayment,
  customer: string | null,
): CheckoutPayment {
  if (customer === null || payment.intent.customer === customer) return payment;
  return {
    created: payment.created === null ? null : { ...payment.created, customer },
    intent: scope.store.paymentIntents.put({ ...payment.intent, customer }),
    charge: scope.store.charges.put({ ...payment.charge, customer }),
  };
}
