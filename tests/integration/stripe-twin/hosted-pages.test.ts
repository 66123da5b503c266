import { afterAll, beforeAll, expect, test } from "vitest";
import type Stripe from "stripe";
import {
  idOf,
  payingCustomer,
  startBench,
  subscriptionSession,
  type TwinBench,
} from "./support/twin-bench.ts";

let bench: TwinBench;
const lines: string[] = [];
beforeAll(async () => {
  bench = await startBench({ log: (line) => lines.push(line) });
});
afterAll(() => bench.close());

const good = {
  email: "ada@example.com",
  cardNumber: "4242 4242 4242 4242",
  cardExpiry: "12 / 34",
  cardCvc: "123",
};

function send(url: string, fields: Record<string, string>): Promise<Response> {
  return fetch(url, { method: "POST", body: new URLSearchParams(fields), redirect: "manual" });
}

/** The text of the page's alert. */
async function alertOf(response: Response): Promise<string> {
  return /role="alert">([^<]*)</.exec(await response.text())?.[1] ?? "";
}

function open(session: { url: string | null }): string {
  if (session.url === null) throw new Error("The session has no page");
  return session.url;
}

test("the page shows the order and takes a card without any script", async () => {
  const session = await subscriptionSession(bench.stripe);
  const response = await fetch(open(session));
  const page = await response.text();
  expect(page).toContain("$29.00");
  expect(page).toContain("Test mode");
  expect(page).not.toContain("<script");
  expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
  for (const field of ["email", "cardNumber", "cardExpiry", "cardCvc", "billingCountry"]) {
    expect(page).toContain(`<label for="${field}">`);
  }
  const paid = await send(open(session), good);
  expect(paid.status).toBe(303);
  expect(paid.headers.get("location")).toBe(`http://127.0.0.1:9/done?id=${session.id}`);
  const again = await send(open(session), good);
  expect(again.status).toBe(303);
  expect((await bench.stripe.subscriptions.list({ customer: idOf(session.customer) })).data)
    .toHaveLength(1);
  const customer = await bench.stripe.customers.retrieve(idOf(session.customer));
  expect(customer).toMatchObject({ email: "ada@example.com" });
});

test.each([
  [{ cardNumber: "4000000000000002" }, "Your card was declined."],
  [{ cardNumber: "4000000000009995" }, "Your card has insufficient funds."],
  [{ cardNumber: "4000000000000069" }, "Your card has expired."],
  [{ cardNumber: "4000000000000127" }, "Your card&#39;s security code is incorrect."],
  [{ cardNumber: "4000000000000341" }, "Your card was declined."],
  [{ cardNumber: "4242424242424241" }, "Your card number is invalid."],
  [{ cardExpiry: "01/20" }, "Your card&#39;s expiration date is in the past."],
  [{ cardCvc: "12" }, "Your card&#39;s security code is incomplete."],
  [{ email: "nobody" }, "Your email is incomplete."],
])("refuses %o on the page and leaves the session open", async (change, message) => {
  const session = await subscriptionSession(bench.stripe);
  const response = await send(open(session), { ...good, ...change });
  expect(response.status).toBe(402);
  expect(await alertOf(response)).toBe(message);
  expect((await bench.stripe.checkout.sessions.retrieve(session.id)).status).toBe("open");
});

test("3-D Secure shows a challenge that can be completed or failed", async () => {
  const session = await subscriptionSession(bench.stripe);
  const url = open(session);
  const challenge = await (await send(url, { ...good, cardNumber: "4000002500003155" })).text();
  expect(challenge).toContain("3-D Secure");
  expect(challenge).toContain(">Complete</button>");
  const failed = await send(`${url}/authenticate`, { answer: "fail" });
  expect(await alertOf(failed)).toContain("unable to authenticate");
  await send(url, { ...good, cardNumber: "4000002500003155" });
  const completed = await send(`${url}/authenticate`, { answer: "complete" });
  expect(completed.status).toBe(303);
  expect((await bench.stripe.checkout.sessions.retrieve(session.id)).payment_status).toBe("paid");
});

test("a card number is in no log line, no event and no object", async () => {
  const session = await subscriptionSession(bench.stripe);
  await send(open(session), { ...good, cardNumber: "4000000000000002" });
  await send(open(session), { ...good, cardNumber: "5555 5555 5555 4444" });
  await bench.twin.idle();
  const traces = [
    lines.join("\n"),
    bench.received.map((item) => item.body).join("\n"),
    await (await fetch(`${bench.twin.url}/_twin/state`)).text(),
    JSON.stringify(await bench.stripe.charges.list({ limit: 100 })),
  ].join("\n").replaceAll(/[\s-]/g, "");
  for (const number of ["4000000000000002", "5555555555554444", "4242424242424242"]) {
    expect(traces).not.toContain(number);
  }
  expect(traces).toContain('"last4":"4444"');
});

test("what others wrote is shown as text", async () => {
  const { stripe } = bench;
  const product = await stripe.products.create({ name: "<img src=x onerror=alert(1)>" });
  const price = await stripe.prices.create({
    product: product.id,
    currency: "usd",
    unit_amount: 500,
  });
  const session = await stripe.checkout.sessions.create({
    mode: "payment",
    line_items: [{ price: price.id, quantity: 1 }],
    success_url: "http://127.0.0.1:9/",
  });
  const page = await (await fetch(open(session))).text();
  expect(page).not.toContain("<img");
  const echoed = await (await send(open(session), { ...good, email: '"><script>x</script>' }))
    .text();
  expect(echoed).not.toContain("<script>");
});

test("closed sessions say so", async () => {
  const expired = await subscriptionSession(bench.stripe);
  await bench.stripe.checkout.sessions.expire(expired.id);
  const gone = await fetch(open(expired));
  expect(gone.status).toBe(410);
  expect(await gone.text()).toContain("This page has expired");
  const paid = await subscriptionSession(bench.stripe);
  await send(open(paid), good);
  expect(await (await fetch(open(paid))).text()).toContain(
    "You&#39;re all done here",
  );
  expect((await fetch(`${bench.twin.url}/c/pay/cs_test_nothing`)).status).toBe(404);
});

async function portal(flow?: Stripe.BillingPortal.SessionCreateParams.FlowData) {
  const { stripe } = bench;
  const product = await stripe.products.create({ name: "Pro" });
  const price = await stripe.prices.create({
    product: product.id,
    currency: "usd",
    unit_amount: 2900,
    recurring: { interval: "month" },
  });
  const customer = await payingCustomer(stripe);
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id }],
  });
  const session = await stripe.billingPortal.sessions.create({
    customer: customer.id,
    return_url: "http://127.0.0.1:9/account",
    ...(flow === undefined ? {} : { flow_data: flow }),
  });
  return { customer, subscription, url: session.url };
}

test("the portal cancels at period end after asking, and resumes", async () => {
  const { subscription, url } = await portal();
  const home = await (await fetch(url)).text();
  expect(home).toContain("Pro");
  expect(home).toContain("Return to the shop");
  expect(home).toContain("Visa ending in 4242");
  const ask = await (await fetch(`${url}/cancel/${subscription.id}`)).text();
  expect(ask).toContain("Cancel your subscription");
  const before = await bench.stripe.subscriptions.retrieve(subscription.id);
  expect(before.cancel_at_period_end).toBe(false);
  expect((await send(`${url}/cancel/${subscription.id}`, {})).status).toBe(303);
  expect((await bench.stripe.subscriptions.retrieve(subscription.id)).cancel_at_period_end).toBe(
    true,
  );
  await send(`${url}/resume`, { subscription: subscription.id });
  expect((await bench.stripe.subscriptions.retrieve(subscription.id)).cancel_at_period_end).toBe(
    false,
  );
});

test("the portal changes the card, and refuses one that cannot be saved", async () => {
  const { customer, url } = await portal({ type: "payment_method_update" });
  expect(await (await fetch(url)).text()).toContain("Change payment method");
  const refused = await send(`${url}/payment-method`, { ...good, cardNumber: "4000000000000002" });
  expect(await alertOf(refused)).toBe("Your card was declined.");
  expect((await send(`${url}/payment-method`, { ...good, cardNumber: "5555555555554444" })).status)
    .toBe(303);
  const after = await bench.stripe.customers.retrieve(customer.id, {
    expand: ["invoice_settings.default_payment_method"],
  });
  expect(after).toMatchObject({
    invoice_settings: { default_payment_method: { card: { last4: "4444" } } },
  });
});

test("the portal leads to nobody else's subscription", async () => {
  const mine = await portal();
  const other = await portal();
  expect((await send(`${mine.url}/cancel/${other.subscription.id}`, {})).status).toBe(404);
  expect((await fetch(`${bench.twin.url}/p/session/guess`)).status).toBe(404);
});

test("the cancel flow opens on the question and returns where it was told", async () => {
  const { stripe } = bench;
  const { customer, subscription } = await portal();
  const session = await stripe.billingPortal.sessions.create({
    customer: customer.id,
    flow_data: {
      type: "subscription_cancel",
      subscription_cancel: { subscription: subscription.id },
      after_completion: { type: "redirect", redirect: { return_url: "http://127.0.0.1:9/bye" } },
    },
  });
  expect(await (await fetch(session.url)).text()).toContain("Cancel your subscription");
  const done = await send(`${session.url}/cancel/${subscription.id}`, {});
  expect(done.headers.get("location")).toBe("http://127.0.0.1:9/bye");
});
