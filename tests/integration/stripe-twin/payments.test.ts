import { afterAll, beforeAll, expect, test } from "vitest";
import Stripe from "stripe";
import {
  idOf,
  monthlyPrice,
  payingCustomer,
  startBench,
  subscriptionSession,
  type TwinBench,
} from "./support/twin-bench.ts";

let bench: TwinBench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.close());

async function refusal(call: Promise<unknown>): Promise<Stripe.errors.StripeError> {
  const outcome = await call.then(() => null, (error: unknown) => error);
  if (outcome instanceof Stripe.errors.StripeError) return outcome;
  throw new Error("The call was not refused", { cause: outcome });
}

type SessionParams = Stripe.Checkout.SessionCreateParams;

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

const badSessions: [string, (good: SessionParams) => SessionParams, string][] = [
  ["no quantity above zero", (good) => ({
    ...good,
    line_items: (good.line_items ?? []).map((item) => ({ ...item, quantity: 0 })),
  }), "line_items[0][quantity]"],
  ["no success_url", ({ success_url: _without, ...good }) => good, "success_url"],
  ["an unknown customer", (good) => ({ ...good, customer: "cus_none" }), "customer"],
  [
    "an unknown price",
    (good) => ({ ...good, line_items: [{ price: "price_none", quantity: 1 }] }),
    "line_items[0][price]",
  ],
  ["no line items", (good) => ({ ...good, line_items: [] }), "line_items"],
  ["a recurring price in payment mode", (good) => ({ ...good, mode: "payment" }), "line_items"],
  ["an expiry too soon", (good) => ({ ...good, expires_at: inSeconds(60) }), "expires_at"],
  ["an expiry too late", (good) => ({ ...good, expires_at: inSeconds(90_000) }), "expires_at"],
  [
    "payment data in subscription mode",
    (good) => ({ ...good, payment_intent_data: { description: "x" } }),
    "payment_intent_data",
  ],
];

test.each(badSessions)("a checkout session is refused with %s", async (_name, spoil, param) => {
  const price = await monthlyPrice(bench.stripe);
  const params = spoil({
    mode: "subscription",
    line_items: [{ price: price.id, quantity: 1 }],
    success_url: "http://127.0.0.1:9/",
  });
  const error = await refusal(bench.stripe.checkout.sessions.create(params));
  expect([error.type, error.statusCode, error.param]).toEqual([
    "StripeInvalidRequestError",
    400,
    param,
  ]);
});

test("a session is refused with an inactive price, an inactive product, two currencies, a deleted customer", async () => {
  const { stripe } = bench;
  const create = (prices: string[], extra: Partial<Stripe.Checkout.SessionCreateParams> = {}) =>
    refusal(stripe.checkout.sessions.create({
      mode: "subscription",
      line_items: prices.map((price) => ({ price, quantity: 1 })),
      success_url: "http://127.0.0.1:9/",
      ...extra,
    }));
  const price = await monthlyPrice(stripe);
  const euro = await stripe.prices.create({
    product: idOf(price.product),
    currency: "eur",
    unit_amount: 100,
    recurring: { interval: "month" },
  });
  expect((await create([price.id, euro.id])).message).toContain("same currency");
  const customer = await stripe.customers.create();
  await stripe.customers.del(customer.id);
  expect((await create([price.id], { customer: customer.id })).code).toBe("resource_missing");
  await stripe.prices.update(price.id, { active: false });
  expect((await create([price.id])).message).toContain("inactive");
  await stripe.products.update(idOf(euro.product), { active: false });
  expect((await create([euro.id])).message).toContain("not active");
});

test("a session keeps what it was made with and lists its lines", async () => {
  const { stripe } = bench;
  const expiresAt = Math.floor(Date.now() / 1000) + 1800;
  const session = await subscriptionSession(stripe, {
    client_reference_id: "ref",
    metadata: { a: "b" },
    expires_at: expiresAt,
    locale: "de",
  });
  expect(session).toMatchObject({
    client_reference_id: "ref",
    metadata: { a: "b" },
    expires_at: expiresAt,
    locale: "de",
    status: "open",
    payment_status: "unpaid",
    amount_total: 2900,
    ui_mode: "hosted_page",
  });
  const lines = await stripe.checkout.sessions.listLineItems(session.id);
  expect(lines.data).toHaveLength(1);
  expect(lines.data[0]).toMatchObject({ quantity: 1, amount_total: 2900, currency: "usd" });
  const list = await stripe.checkout.sessions.list({ customer: idOf(session.customer) });
  expect(list.data.map((item) => item.id)).toEqual([session.id]);
});

test("a paid subscription session leaves subscription, invoice, payment and charge that belong together", async () => {
  const { stripe } = bench;
  const session = await subscriptionSession(stripe);
  await bench.control(`/_twin/checkout_sessions/${session.id}/pay`, { card: "4242424242424242" });
  const done = await stripe.checkout.sessions.retrieve(session.id, {
    expand: ["subscription.latest_invoice.payments.data.payment.payment_intent"],
  });
  const { subscription } = done;
  if (subscription === null || typeof subscription === "string") throw new Error("Not expanded");
  expect(subscription).toMatchObject({ status: "active", metadata: { user_id: "u1" } });
  const [item] = subscription.items.data;
  expect((item?.current_period_end ?? 0) - (item?.current_period_start ?? 0)).toBeGreaterThan(
    27 * 86_400,
  );
  const invoice = subscription.latest_invoice;
  if (invoice === null || typeof invoice === "string") throw new Error("Not expanded");
  expect(invoice).toMatchObject({
    status: "paid",
    amount_paid: 2900,
    billing_reason: "subscription_create",
    parent: {
      subscription_details: { subscription: subscription.id, metadata: { user_id: "u1" } },
    },
  });
  expect(invoice.payments?.data[0]).toMatchObject({
    status: "paid",
    amount_paid: 2900,
    payment: {
      payment_intent: { status: "succeeded", amount_received: 2900, customer: idOf(done.customer) },
    },
  });
  const charges = await stripe.charges.list({ customer: idOf(done.customer) });
  expect(charges.data[0]).toMatchObject({
    paid: true,
    payment_method_details: { card: { last4: "4242" } },
  });
  const linked = await stripe.invoicePayments.list({ invoice: invoice.id ?? "" });
  expect(linked.data).toHaveLength(1);
});

test("payment intents are confirmed, captured and canceled", async () => {
  const { stripe } = bench;
  const base = { amount: 2000, currency: "usd" };
  const open = await stripe.paymentIntents.create(base);
  expect(open.status).toBe("requires_payment_method");
  const paid = await stripe.paymentIntents.confirm(open.id, { payment_method: "pm_card_visa" });
  expect(paid.status).toBe("succeeded");
  expect((await refusal(stripe.paymentIntents.cancel(open.id))).code).toBe(
    "payment_intent_unexpected_state",
  );
  const held = await stripe.paymentIntents.create({
    ...base,
    capture_method: "manual",
    payment_method: "pm_card_visa",
    confirm: true,
  });
  expect([held.status, held.amount_capturable]).toEqual(["requires_capture", 2000]);
  const captured = await stripe.paymentIntents.capture(held.id, { amount_to_capture: 1500 });
  expect([captured.status, captured.amount_received]).toEqual(["succeeded", 1500]);
  const canceled = await stripe.paymentIntents.cancel(
    (await stripe.paymentIntents.create(base)).id,
  );
  expect(canceled.status).toBe("canceled");
});

test("a decline is a card error with its code, charge and payment intent", async () => {
  const { stripe } = bench;
  const error = await refusal(stripe.paymentIntents.create({
    amount: 2000,
    currency: "usd",
    payment_method: "pm_card_visa_chargeDeclinedInsufficientFunds",
    confirm: true,
  }));
  expect(error).toBeInstanceOf(Stripe.errors.StripeCardError);
  expect([error.statusCode, error.code, error.decline_code]).toEqual([
    402,
    "card_declined",
    "insufficient_funds",
  ]);
  expect(error.payment_intent?.last_payment_error?.code).toBe("card_declined");
  expect((await stripe.charges.retrieve(error.charge ?? "")).status).toBe("failed");
});

test("setup intents save a card, payment methods attach and detach", async () => {
  const { stripe } = bench;
  const customer = await stripe.customers.create();
  const setup = await stripe.setupIntents.create({
    customer: customer.id,
    payment_method: "pm_card_mastercard",
    confirm: true,
  });
  expect(setup.status).toBe("succeeded");
  const [saved] = (await stripe.paymentMethods.list({ customer: customer.id, type: "card" })).data;
  expect(saved?.card?.last4).toBe("4444");
  expect((await stripe.paymentMethods.detach(saved?.id ?? "")).customer).toBeNull();
  const token = await stripe.paymentMethods.create({ type: "card", card: { token: "tok_visa" } });
  expect((await stripe.paymentMethods.attach(token.id, { customer: customer.id })).customer).toBe(
    customer.id,
  );
  const declined = await refusal(
    stripe.paymentMethods.attach("pm_card_chargeDeclined", { customer: customer.id }),
  );
  expect(declined.code).toBe("card_declined");
});

test("invoices are made of items, finalised, paid, voided and given up", async () => {
  const { stripe } = bench;
  const customer = await payingCustomer(stripe);
  const draft = async () => {
    await stripe.invoiceItems.create({
      customer: customer.id,
      amount: 1200,
      currency: "usd",
      description: "Work",
    });
    return await stripe.invoices.create({
      customer: customer.id,
      pending_invoice_items_behavior: "include",
    });
  };
  const first = await draft();
  expect([first.status, first.total, first.lines.data.length]).toEqual(["draft", 1200, 1]);
  const open = await stripe.invoices.finalizeInvoice(first.id ?? "");
  expect([open.status, open.number === null]).toEqual(["open", false]);
  expect((await stripe.invoices.pay(open.id ?? "")).status).toBe("paid");
  expect((await refusal(stripe.invoices.pay(open.id ?? ""))).code).toBe("invoice_already_paid");
  const second = await stripe.invoices.finalizeInvoice((await draft()).id ?? "");
  expect((await stripe.invoices.voidInvoice(second.id ?? "")).status).toBe("void");
  const third = await stripe.invoices.finalizeInvoice((await draft()).id ?? "");
  expect((await stripe.invoices.markUncollectible(third.id ?? "")).status).toBe("uncollectible");
  const fourth = await draft();
  expect(await stripe.invoices.del(fourth.id ?? "")).toMatchObject({ deleted: true });
  expect((await stripe.invoices.list({ customer: customer.id, status: "paid" })).data).toHaveLength(
    1,
  );
});

test("refunds stop at what was paid, disputes at one, and a disputed charge is not refunded", async () => {
  const { stripe } = bench;
  const pay = (method: string) =>
    stripe.paymentIntents.create({
      amount: 2000,
      currency: "usd",
      payment_method: method,
      confirm: true,
    });
  const intent = await pay("pm_card_visa");
  const refund = await stripe.refunds.create({ payment_intent: intent.id, amount: 1500 });
  expect(refund.status).toBe("succeeded");
  expect((await refusal(stripe.refunds.create({ payment_intent: intent.id, amount: 600 }))).param)
    .toBe("amount");
  await stripe.refunds.create({ payment_intent: intent.id });
  expect((await refusal(stripe.refunds.create({ payment_intent: intent.id }))).code).toBe(
    "charge_already_refunded",
  );
  const disputed = await pay("pm_card_createDispute");
  const [dispute] = (await stripe.disputes.list({ payment_intent: disputed.id })).data;
  expect(dispute).toMatchObject({ reason: "fraudulent", status: "needs_response", amount: 2000 });
  expect((await refusal(stripe.refunds.create({ payment_intent: disputed.id }))).code).toBe(
    "charge_disputed",
  );
  expect((await stripe.disputes.close(dispute?.id ?? "")).status).toBe("lost");
});

test("warnings and reviews are listed, and a review is approved", async () => {
  const { stripe } = bench;
  const pay = (method: string) =>
    stripe.paymentIntents.create({
      amount: 2000,
      currency: "usd",
      payment_method: method,
      confirm: true,
    });
  const warned = await pay("pm_card_createIssuerFraudRecord");
  const [warning] =
    (await stripe.radar.earlyFraudWarnings.list({ payment_intent: warned.id })).data;
  expect(warning).toMatchObject({ actionable: true, charge: idOf(warned.latest_charge) });
  await pay("pm_card_riskLevelElevated");
  const [review] = (await stripe.reviews.list()).data;
  expect(await stripe.reviews.approve(review?.id ?? "")).toMatchObject({
    open: false,
    closed_reason: "approved",
  });
});

test("subscriptions are changed, listed by status, and gone for writes once they ended", async () => {
  const { stripe } = bench;
  const price = await monthlyPrice(stripe);
  const dearer = await stripe.prices.create({
    product: idOf(price.product),
    currency: "usd",
    unit_amount: 9900,
    recurring: { interval: "month" },
  });
  const customer = await payingCustomer(stripe);
  const made = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id, quantity: 2 }],
  });
  const [item] = made.items.data;
  const changed = await stripe.subscriptions.update(made.id, {
    items: [{ id: item?.id ?? "", price: dearer.id }],
    metadata: { plan: "dear" },
    proration_behavior: "none",
  });
  expect(changed.items.data[0]).toMatchObject({ price: { id: dearer.id }, quantity: 2 });
  await stripe.subscriptions.cancel(made.id);
  expect((await stripe.subscriptions.list({ customer: customer.id })).data).toHaveLength(0);
  expect((await stripe.subscriptions.list({ customer: customer.id, status: "all" })).data)
    .toHaveLength(1);
  expect((await refusal(stripe.subscriptions.update(made.id, { metadata: { a: "b" } }))).statusCode)
    .toBe(404);
  const poor = await stripe.customers.create();
  expect(
    (await refusal(
      stripe.subscriptions.create({ customer: poor.id, items: [{ price: price.id }] }),
    )).message,
  )
    .toContain("no attached payment source");
});

test("portal configurations are made, changed and listed", async () => {
  const { stripe } = bench;
  const made = await stripe.billingPortal.configurations.create({
    features: { subscription_cancel: { enabled: true, mode: "immediately" } },
  });
  expect(made.features.subscription_cancel).toMatchObject({ enabled: true, mode: "immediately" });
  expect(made.features.invoice_history.enabled).toBe(false);
  const changed = await stripe.billingPortal.configurations.update(made.id, { active: false });
  expect(changed.active).toBe(false);
  expect(
    (await stripe.billingPortal.configurations.list({ active: false })).data.map((item) => item.id),
  )
    .toContain(made.id);
});

test("an intent that asks for 3-D Secure leads to a page where it is answered", async () => {
  const { stripe } = bench;
  const ask = () =>
    stripe.paymentIntents.create({
      amount: 2000,
      currency: "usd",
      payment_method: "pm_card_threeDSecure2Required",
      confirm: true,
    });
  const answer = (intent: Stripe.PaymentIntent | Stripe.SetupIntent, value: string) =>
    fetch(intent.next_action?.redirect_to_url?.url ?? "", {
      method: "POST",
      body: new URLSearchParams({ answer: value }),
    });
  const good = await ask();
  expect(good.status).toBe("requires_action");
  expect(await (await fetch(good.next_action?.redirect_to_url?.url ?? "")).text()).toContain(
    "3-D Secure",
  );
  expect((await answer(good, "complete")).status).toBe(200);
  expect((await stripe.paymentIntents.retrieve(good.id)).status).toBe("succeeded");
  const bad = await ask();
  expect((await answer(bad, "fail")).status).toBe(402);
  expect((await stripe.paymentIntents.retrieve(bad.id)).status).toBe("requires_payment_method");
  const setup = await stripe.setupIntents.create({
    payment_method: "pm_card_authenticationRequiredOnSetup",
    confirm: true,
  });
  expect((await answer(setup, "complete")).status).toBe(200);
  expect((await stripe.setupIntents.retrieve(setup.id)).status).toBe("succeeded");
});

test("a renewal without a payment method is refused and changes nothing", async () => {
  const { stripe } = bench;
  const price = await monthlyPrice(stripe);
  const customer = await payingCustomer(stripe);
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id }],
  });
  await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: "" } });
  const before = (await bench.eventTypes()).length;
  expect((await bench.control(`/_twin/subscriptions/${subscription.id}/renew`)).status).toBe(400);
  expect(await bench.eventTypes(before)).toEqual([]);
  expect((await stripe.invoices.list({ subscription: subscription.id })).data).toHaveLength(1);
});
