import { afterAll, beforeAll, expect, test } from "vitest";
import type Stripe from "stripe";
import { eventSequences, type SequenceName } from "../../../dev/stripe-twin/event-sequences.ts";
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

/** The event types that a change made, in order. */
async function typesOf(change: () => Promise<unknown>): Promise<string[]> {
  const before = (await bench.eventTypes()).length;
  await change().catch((error: unknown) => {
    if (!(error instanceof Error && "statusCode" in error && error.statusCode === 402)) throw error;
  });
  return await bench.eventTypes(before);
}

/** The rows of the table one after the other; events marked optional only where they are named in `with`. */
function fromTable(rows: SequenceName[], optional: string[]): string[] {
  return rows.flatMap((row) => [...eventSequences[row].events]).flatMap((entry) => {
    if (!entry.endsWith("?")) return [entry];
    const type = entry.slice(0, -1);
    return optional.includes(type) ? [type] : [];
  });
}

const paid = ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"];

async function activeSubscription(): Promise<Stripe.Subscription> {
  const price = await monthlyPrice(bench.stripe);
  const customer = await payingCustomer(bench.stripe);
  return await bench.stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id }],
  });
}

async function paidCharge(): Promise<string> {
  const intent = await bench.stripe.paymentIntents.create({
    amount: 2000,
    currency: "usd",
    payment_method: "pm_card_visa",
    confirm: true,
  });
  return idOf(intent.latest_charge);
}

test("a checkout with a subscription sends what the table says, created incomplete and active in one second", async () => {
  const session = await subscriptionSession(bench.stripe);
  const types = await typesOf(() =>
    bench.control(`/_twin/checkout_sessions/${session.id}/pay`, { card: "4242424242424242" })
  );
  const optional = [
    ...paid,
    "customer.updated",
    "invoice.updated",
    "invoice_payment.paid",
    "customer.subscription.updated",
  ];
  expect(types).toEqual(fromTable(["checkout completed with a subscription"], optional));
  const { data } = await bench.stripe.events.list({
    types: ["customer.subscription.created", "customer.subscription.updated"],
    limit: 2,
  });
  const [updated, created] = data;
  expect(created?.data.object).toMatchObject({ status: "incomplete" });
  expect(updated?.data.object).toMatchObject({ status: "active" });
  expect(updated?.data.previous_attributes).toMatchObject({
    status: "incomplete",
    default_payment_method: null,
  });
  expect(updated?.created).toBe(created?.created);
});

test("a trial takes no money, starts trialing and is announced to end", async () => {
  const session = await subscriptionSession(bench.stripe, {
    subscription_data: { trial_period_days: 2 },
  });
  expect(session.amount_total).toBe(0);
  const types = await typesOf(() =>
    bench.control(`/_twin/checkout_sessions/${session.id}/pay`, { card: "4242424242424242" })
  );
  expect(types).toEqual(
    fromTable(["checkout completed with a subscription", "subscription trial ends soon"], [
      "customer.updated",
      "invoice.updated",
    ]),
  );
  const done = await bench.stripe.checkout.sessions.retrieve(session.id, {
    expand: ["subscription"],
  });
  expect(done).toMatchObject({
    payment_status: "no_payment_required",
    subscription: { status: "trialing" },
  });
});

test("a checkout without a customer makes one", async () => {
  const price = await monthlyPrice(bench.stripe);
  const session = await bench.stripe.checkout.sessions.create({
    mode: "subscription",
    line_items: [{ price: price.id, quantity: 1 }],
    success_url: "http://127.0.0.1:9/",
  });
  const types = await typesOf(() =>
    bench.control(`/_twin/checkout_sessions/${session.id}/pay`, { card: "4242424242424242" })
  );
  expect(types[0]).toBe("customer.created");
});

test("a checkout with a payment sends what the table says", async () => {
  const product = await bench.stripe.products.create({ name: "Badge" });
  const price = await bench.stripe.prices.create({
    product: product.id,
    currency: "usd",
    unit_amount: 4900,
  });
  const session = await bench.stripe.checkout.sessions.create({
    mode: "payment",
    line_items: [{ price: price.id, quantity: 2 }],
    success_url: "http://127.0.0.1:9/",
    payment_intent_data: { metadata: { order: "7" } },
  });
  const types = await typesOf(() =>
    bench.control(`/_twin/checkout_sessions/${session.id}/pay`, { card: "4242424242424242" })
  );
  expect(types).toEqual(fromTable(["checkout completed with a payment"], paid));
  const done = await bench.stripe.checkout.sessions.retrieve(session.id, {
    expand: ["payment_intent"],
  });
  expect(done.payment_intent).toMatchObject({
    amount: 9800,
    status: "succeeded",
    metadata: { order: "7" },
  });
});

test("a declined checkout leaves the session open, and its payment intent serves the next attempt", async () => {
  const session = await subscriptionSession(bench.stripe);
  const declined = await typesOf(() =>
    bench.control(`/_twin/checkout_sessions/${session.id}/pay`, { card: "4000000000009995" })
  );
  expect(declined).toEqual(
    fromTable(["payment intent failed"], ["payment_intent.created", "charge.failed"]),
  );
  expect((await bench.stripe.checkout.sessions.retrieve(session.id)).status).toBe("open");
  const types = await typesOf(() =>
    bench.control(`/_twin/checkout_sessions/${session.id}/pay`, { card: "4242424242424242" })
  );
  expect(types).not.toContain("payment_intent.created");
  expect(types.at(-1)).toBe("checkout.session.completed");
});

test("3-D Secure asks first, and the answer decides", async () => {
  const session = await subscriptionSession(bench.stripe);
  const pay = (extra: object) =>
    bench.control(`/_twin/checkout_sessions/${session.id}/pay`, {
      card: "4000000000003220",
      ...extra,
    });
  const asked = await typesOf(() => pay({}));
  expect(asked).toEqual(fromTable(["payment intent requires action"], ["payment_intent.created"]));
  expect((await pay({ three_d_secure: "fail" })).status).toBe(402);
  expect((await pay({ three_d_secure: "complete" })).body["outcome"]).toBe("completed");
});

test("expiry, by the api, by the control and by time", async () => {
  const expired = ["checkout.session.expired"];
  const first = await subscriptionSession(bench.stripe);
  expect(await typesOf(() => bench.stripe.checkout.sessions.expire(first.id))).toEqual(expired);
  const second = await subscriptionSession(bench.stripe);
  expect(await typesOf(() => bench.control(`/_twin/checkout_sessions/${second.id}/expire`)))
    .toEqual(expired);
  const third = await subscriptionSession(bench.stripe);
  const passed = await typesOf(() => bench.control("/_twin/clock", { now: third.expires_at }));
  expect(passed).toContain("checkout.session.expired");
  expect(
    (await bench.control(`/_twin/checkout_sessions/${third.id}/pay`, { card: "4242424242424242" }))
      .status,
  ).toBe(400);
});

test("a subscription by the api, paid, failed, incomplete", async () => {
  const price = await monthlyPrice(bench.stripe);
  const subscribe =
    (customer: string, extra: Partial<Stripe.SubscriptionCreateParams> = {}) => () =>
      bench.stripe.subscriptions.create({ customer, items: [{ price: price.id }], ...extra });
  const good = await payingCustomer(bench.stripe);
  const first = [...paid, "customer.updated", "invoice_payment.paid"];
  expect(await typesOf(subscribe(good.id))).toEqual(
    fromTable(["subscription created and paid"], first),
  );
  const bad = await payingCustomer(bench.stripe, "pm_card_chargeCustomerFail");
  expect(await typesOf(subscribe(bad.id))).toEqual(
    fromTable(["subscription created with a failed payment"], [
      "charge.failed",
      "payment_intent.payment_failed",
      "customer.updated",
    ]),
  );
  const waiting = await typesOf(subscribe(good.id, { payment_behavior: "default_incomplete" }));
  expect(waiting).toEqual(fromTable(["subscription created incomplete"], []));
});

test("an incomplete subscription becomes active when its invoice is paid", async () => {
  const price = await monthlyPrice(bench.stripe);
  const customer = await payingCustomer(bench.stripe);
  const subscription = await bench.stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id }],
    payment_behavior: "default_incomplete",
    expand: ["latest_invoice.payments"],
  });
  expect(subscription.status).toBe("incomplete");
  const types = await typesOf(() => bench.stripe.invoices.pay(idOf(subscription.latest_invoice)));
  expect(types).toEqual(
    fromTable(["invoice paid"], [
      "charge.succeeded",
      "payment_intent.succeeded",
      "invoice.payment_succeeded",
      "invoice_payment.paid",
      "customer.subscription.updated",
    ]),
  );
  expect((await bench.stripe.subscriptions.retrieve(subscription.id)).status).toBe("active");
});

test("renewal moves the period and pays; a failed one makes it past due until the invoice is paid", async () => {
  const subscription = await activeSubscription();
  const [item] = subscription.items.data;
  const renewed = await typesOf(() =>
    bench.control(`/_twin/subscriptions/${subscription.id}/renew`)
  );
  expect(renewed).toEqual(
    fromTable(["subscription renewed"], [...paid, "invoice.updated", "invoice_payment.paid"]),
  );
  const after = await bench.stripe.subscriptions.retrieve(subscription.id);
  expect(after.items.data[0]?.current_period_start).toBe(item?.current_period_end);
  const failed = await typesOf(() =>
    bench.control(`/_twin/subscriptions/${subscription.id}/fail_renewal`)
  );
  expect(failed).toEqual(fromTable(["subscription renewal failed"], []));
  const pastDue = await bench.stripe.subscriptions.retrieve(subscription.id);
  expect(pastDue.status).toBe("past_due");
  await bench.stripe.invoices.pay(idOf(pastDue.latest_invoice));
  expect((await bench.stripe.subscriptions.retrieve(subscription.id)).status).toBe("active");
});

test("cancel at period end, resume, cancel now", async () => {
  const { stripe } = bench;
  const { id } = await activeSubscription();
  const cancel = await typesOf(() =>
    stripe.subscriptions.update(id, { cancel_at_period_end: true })
  );
  expect(cancel).toEqual(fromTable(["subscription set to cancel at period end"], []));
  const { data } = await stripe.events.list({ type: "customer.subscription.updated", limit: 1 });
  expect(data[0]?.data.previous_attributes).toMatchObject({
    cancel_at_period_end: false,
    cancel_at: null,
  });
  const resume = await typesOf(() =>
    stripe.subscriptions.update(id, { cancel_at_period_end: false })
  );
  expect(resume).toEqual(fromTable(["subscription resumed"], []));
  expect(await typesOf(() => stripe.subscriptions.cancel(id))).toEqual(
    fromTable(["subscription canceled"], []),
  );
  expect((await stripe.subscriptions.retrieve(id)).status).toBe("canceled");
});

test("refund, dispute and early fraud warning", async () => {
  const refunded = await paidCharge();
  expect(await typesOf(() => bench.control(`/_twin/charges/${refunded}/refund`, { amount: 500 })))
    .toEqual(
      fromTable(["charge refunded"], []),
    );
  expect((await bench.stripe.charges.retrieve(refunded)).amount_refunded).toBe(500);
  const disputed = await paidCharge();
  expect(await typesOf(() => bench.control(`/_twin/charges/${disputed}/dispute`))).toEqual(
    fromTable(["charge disputed"], ["charge.dispute.funds_withdrawn"]),
  );
  const warned = await paidCharge();
  expect(await typesOf(() => bench.control(`/_twin/charges/${warned}/early_fraud_warning`)))
    .toEqual(
      fromTable(["early fraud warning created"], []),
    );
});

test("the cards that are disputed, warned about and reviewed", async () => {
  const pay = (method: string) => () =>
    bench.stripe.paymentIntents.create({
      amount: 2000,
      currency: "usd",
      payment_method: method,
      confirm: true,
    });
  const withdrawn = ["charge.dispute.funds_withdrawn"];
  expect(await typesOf(pay("pm_card_createDispute"))).toEqual(
    fromTable(["payment intent succeeded", "charge disputed"], [...paid, ...withdrawn]),
  );
  expect(await typesOf(pay("pm_card_createIssuerFraudRecord"))).toEqual(
    fromTable(["payment intent succeeded", "early fraud warning created"], paid),
  );
  expect(await typesOf(pay("pm_card_riskLevelElevated"))).toEqual(
    fromTable(["payment intent succeeded", "review opened"], paid),
  );
});

test("entitlements follow the subscription", async () => {
  const { stripe } = bench;
  const price = await monthlyPrice(stripe);
  const feature = await stripe.entitlements.features.create({
    name: "Export",
    lookup_key: "export",
  });
  await stripe.products.createFeature(idOf(price.product), { entitlement_feature: feature.id });
  const customer = await payingCustomer(stripe);
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id }],
  });
  const active = await stripe.entitlements.activeEntitlements.list({ customer: customer.id });
  expect(active.data.map((item) => item.lookup_key)).toEqual(["export"]);
  const types = await typesOf(() => stripe.subscriptions.cancel(subscription.id));
  expect(types).toEqual(fromTable(["subscription canceled", "entitlements changed"], []));
  expect((await stripe.entitlements.activeEntitlements.list({ customer: customer.id })).data)
    .toEqual([]);
});
