import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { serveShop, type Shop } from "../support/serve-shop.ts";
import { stripeClient, twin, until } from "../support/payments.ts";
import { setFaults } from "../support/pipeline.ts";
import { adminSql, stack as runningStack } from "../support/stack.ts";
import { picture } from "./support/picture.ts";
import { recordTraffic, type Traffic } from "./support/record-traffic.ts";
import {
  cards,
  chooseAsNewcomer,
  expectStage,
  leaveForCheckout,
  orderSignedIn,
  pay,
  subscriptionText,
} from "./support/shopper.ts";

const stack = runningStack();
const sql = adminSql();

let shop: Shop;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let traffic: Traffic;

beforeAll(async () => {
  [shop, browser] = await Promise.all([serveShop(stack), launchBrowser()]);
});

afterAll(async () => {
  await browser?.close();
  await shop?.close();
  await sql.end();
});

beforeEach(async () => {
  context = await browser.newContext({
    viewport: { width: 1280, height: 860 },
    reducedMotion: "reduce",
  });
  traffic = recordTraffic(context);
  page = await context.newPage();
});

afterEach(async () => {
  await context.close();
  await setFaults();
});

test("6.1a takes a newcomer from sign-up to an active subscription and through its cancellation", async () => {
  await page.goto(shop.url);
  await page.getByRole("link", { name: "Choose Starter" }).waitFor();
  await picture(page, "shop");
  await page.getByRole("link", { name: "See plans" }).click();
  await picture(page, "plans");

  await chooseAsNewcomer(page, shop.url, "Choose Starter");
  expect(await page.getByText("$9.00").first().innerText()).toContain("$9.00 per month");

  await leaveForCheckout(page, shop.url, "Subscribe");
  await picture(page, "checkout");
  await pay(page, cards.good);

  await expectStage(page, "active");
  await page.getByRole("link", { name: "Open your account" }).click();
  await page.getByText(/It renews on/).waitFor();
  expect(await subscriptionText(page)).toMatch(/Starter\s+Active\s+\$9\.00 per month/);
  const payment = page.getByRole("row", { name: /Paid/ });
  expect(await payment.innerText()).toMatch(/Subscription\s+Paid\s+\$9\.00/);
  await picture(page, "account");

  await page.getByRole("button", { name: "Cancel subscription" }).click();
  await page.waitForURL((url) => url.origin !== new URL(shop.url).origin);
  await Promise.all([
    page.waitForEvent("framenavigated"),
    page.getByRole("button", { name: /cancel/i }).first().click(),
  ]);
  await returnToShop();
  await page.getByText(/stays active until/).waitFor();
  expect(await subscriptionText(page)).toMatch(/Starter\s+Active\s+Will not renew/);
});

test("6.1a shows a decline, keeps everything inactive, and then takes a good card", async () => {
  await orderSignedIn(page, shop.url, "pro_monthly");
  await leaveForCheckout(page, shop.url, "Subscribe");
  await pay(page, cards.declined);
  await page.getByRole("alert").getByText(/declined/i).waitFor();

  const account = await context.newPage();
  await account.goto(`${shop.url}/account`);
  await account.getByRole("region", { name: "Subscription" }).waitFor();
  expect(await subscriptionText(account)).not.toContain("Active");
  await account.close();

  await pay(page, cards.good);
  await expectStage(page, "active");
});

test("6.1a sells the one-time purchase and shows the payment", async () => {
  await orderSignedIn(page, shop.url, "badge_once");
  await leaveForCheckout(page, shop.url, "Continue to payment");
  await pay(page, cards.good);
  await expectStage(page, "paid");
  await page.getByRole("link", { name: "Open your account" }).click();
  const payment = page.getByRole("row", { name: /Paid/ });
  expect(await payment.innerText()).toMatch(/One-time purchase\s+Paid\s+\$49\.00/);
});

test("main job: shows the subscription active on return although no webhook arrives, and the account's Refresh what else was missed", async () => {
  await orderSignedIn(page, shop.url, "starter_monthly");
  await setFaults({ delivery: { drop: 1 } });
  await leaveForCheckout(page, shop.url, "Subscribe");
  await pay(page, cards.good);
  await page.locator('[data-stage="active"]').waitFor({ timeout: 10_000 });
  expect(traffic.posts("/sync-billing")).toBe(1);

  await page.getByRole("link", { name: "Open your account" }).click();
  await page.getByText(/It renews on/).waitFor();
  const [customer] = await sql`select c.id as customer, s.id as subscription
    from payments.customers as c join payments.subscriptions as s on s.customer_id = c.id
    order by s.created_at desc limit 1`;
  await twin(`subscriptions/${customer?.["subscription"]}/cancel`);
  await page.getByRole("button", { name: "Refresh" }).click();
  await page.getByText("Everything is up to date.").waitFor();
  expect(await subscriptionText(page)).toMatch(/Starter\s+Canceled/);
  expect(traffic.posts("/sync-billing")).toBe(2);
});

test("4.1b shows saved cards by brand and last four digits, and what was refunded", async () => {
  await orderSignedIn(page, shop.url, "pro_monthly");
  await leaveForCheckout(page, shop.url, "Subscribe");
  await pay(page, cards.good);
  await expectStage(page, "active");
  const [payment] = await sql`select id from payments.payments order by created_at desc limit 1`;
  await stripeClient().refunds.create({ payment_intent: String(payment?.["id"]), amount: 400 });
  await until(async () =>
    (await sql`select from payments.refunds where payment_id = ${payment?.["id"]}`).length === 1
  );
  await page.getByRole("link", { name: "Open your account" }).click();
  const methods = page.getByRole("region", { name: "Payment methods" });
  expect(await methods.innerText()).toMatch(/Visa ending in 4242\s+Expires 12\/2034/);
  expect(await page.getByRole("row", { name: /Paid/ }).innerText()).toContain("$4.00 refunded");
});

test("opens one checkout for a double click", async () => {
  await orderSignedIn(page, shop.url, "starter_monthly");
  await page.getByRole("button", { name: "Subscribe" }).dblclick();
  await page.getByLabel(/card number/i).waitFor();
  expect(traffic.posts("/create-checkout")).toBe(1);
});

test("keeps the order when a person comes back without paying", async () => {
  await orderSignedIn(page, shop.url, "starter_monthly");
  await leaveForCheckout(page, shop.url, "Subscribe");
  await page.goBack();
  await page.getByRole("button", { name: "Subscribe" }).click();
  await page.getByLabel(/card number/i).waitFor();
});

test("2.1a 2.2a loads no key or secret into the browser and talks to nobody but the stack", async () => {
  await orderSignedIn(page, shop.url, "starter_monthly");
  await leaveForCheckout(page, shop.url, "Subscribe");
  await pay(page, cards.good);
  await expectStage(page, "active");
  await page.getByRole("link", { name: "Open your account" }).click();
  await page.getByText(/It renews on/).waitFor();

  expect(new Set(traffic.urls.map((url) => url.hostname))).toEqual(new Set(["127.0.0.1"]));

  const code = await traffic.codeFrom(shop.url);
  expect(code.some(({ url }) => url.endsWith(".js"))).toBe(true);
  // The one key that belongs there is found, so the search does look at the right text.
  expect(code.some(({ text }) => text.includes(stack.publishableKey))).toBe(true);
  for (const { url, text } of code) {
    for (const secret of secretsOfTheStack()) expect(text.includes(secret), url).toBe(false);
    expect(text, url).not.toMatch(/\b(sk|rk|pk)_(test|live)_|\bwhsec_\w{8}|\bsb_secret_\w/);
    // A stranger's JWT: every three-part token is one too many.
    expect(text, url).not.toMatch(/\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/);
  }
});

test("6.1b has no card field on any page of the shop", async () => {
  await orderSignedIn(page, shop.url, "starter_monthly");
  for (const path of ["/", "/checkout?price=starter_monthly", "/account", "/return?session_id=x"]) {
    await page.goto(`${shop.url}${path}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    const fields = page.locator(
      "input:not([type=radio]), textarea, select, iframe, [contenteditable]",
    );
    expect(await fields.count(), path).toBe(0);
  }
});

async function returnToShop(): Promise<void> {
  const back = page.getByRole("link", { name: /return|back/i }).first();
  await Promise.race([back.waitFor(), page.waitForURL(`${shop.url}/**`)]);
  if (!page.url().startsWith(shop.url)) await back.click();
  await page.waitForURL(`${shop.url}/account**`);
}

function secretsOfTheStack(): string[] {
  return [
    stack.secretKey,
    stack.workerKey,
    stack.stripeSecretKey,
    stack.webhookSecret,
    stack.dbUrl,
    ...Object.values(stack.secretKeys),
  ];
}
