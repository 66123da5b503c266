import { createClient } from "@supabase/supabase-js";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { serveShop, type Shop } from "../support/serve-shop.ts";
import { adminSql, stack as runningStack } from "../support/stack.ts";
import {
  cards,
  chooseAsNewcomer,
  expectStage,
  leaveForCheckout,
  newPerson,
  orderSignedIn,
  pay,
  type Person,
  signUp,
} from "./support/shopper.ts";

const stack = runningStack();

let shop: Shop;
let browser: Browser;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  [shop, browser] = await Promise.all([serveShop(stack), launchBrowser()]);
});

afterAll(async () => {
  await browser?.close();
  await shop?.close();
});

beforeEach(async () => {
  context = await browser.newContext();
  page = await context.newPage();
});

afterEach(() => context.close());

test("sends a person who is subscribed already to their account", async () => {
  await orderSignedIn(page, shop.url, "starter_monthly");
  await leaveForCheckout(page, shop.url, "Subscribe");
  await pay(page, cards.good);
  await expectStage(page, "active");

  await page.goto(`${shop.url}/checkout?price=starter_yearly`);
  await page.getByRole("button", { name: "Subscribe" }).click();
  const alert = page.getByRole("alert");
  expect(await alert.innerText()).toMatch(/You already have this plan[\s\S]*Reference \S+/);
  await alert.getByRole("link", { name: "Open your account" }).click();
  await page.getByText(/It renews on/).waitFor();

  await page.goto(shop.url);
  await page.getByRole("link", { name: "Manage Starter" }).waitFor();
});

test("5.1b asks for a new sign-in when the session was ended elsewhere, and keeps the order", async () => {
  const person = await orderSignedIn(page, shop.url, "pro_monthly");
  await endAllSessions(person);
  await page.getByRole("button", { name: "Subscribe" }).click();
  await page.getByRole("alert").getByRole("button", { name: "Sign in again" }).click();
  await page.getByRole("heading", { name: "Welcome back" }).waitFor();
  await page.getByLabel("E-mail").fill(person.email);
  await page.getByLabel("Password", { exact: true }).fill(person.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Check your order" }).waitFor();
  await leaveForCheckout(page, shop.url, "Subscribe");
});

test("says so when the e-mail or the password is wrong", async () => {
  await page.goto(`${shop.url}/sign-in`);
  await page.getByLabel("E-mail").fill(newPerson().email);
  await page.getByLabel("Password", { exact: true }).fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  expect(await page.getByRole("alert").innerText()).toContain("do not match");
});

test("says so when there is an account with this e-mail already", async () => {
  const person = await chooseAsNewcomer(page, shop.url, "Choose Pro");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("link", { name: "Get started" }).click();
  await signUp(page, person);
  expect(await page.getByRole("alert").innerText()).toContain("Sign in instead");
});

test("follows no sign-in link to another site", async () => {
  await page.goto(`${shop.url}/sign-up?next=//evil.invalid/`);
  await signUp(page, newPerson());
  await page.getByRole("heading", { name: "Your account" }).waitFor();
  expect(new URL(page.url()).origin).toBe(shop.url);
});

test("shows a return link that names no checkout for what it is", async () => {
  await orderSignedIn(page, shop.url, "pro_monthly");
  await page.goto(`${shop.url}/return?session_id={CHECKOUT_SESSION_ID}`);
  await page.getByRole("heading", { name: "There is no purchase in this link" }).waitFor();
});

const refusals = [
  { status: 403, code: "forbidden", words: "not available for your account" },
  { status: 403, code: "on_hold", words: "paused for your account" },
  { status: 403, code: "country_not_allowed", words: "do not sell to your country" },
  { status: 422, code: "not_purchasable", words: "cannot be bought right now" },
  { status: 429, code: "rate_limited", words: "Too many attempts" },
  { status: 502, code: "stripe_failed", words: "did not answer" },
  { status: 503, code: "unavailable", words: "paused for a moment" },
  { status: 503, code: "switched_off", words: "paused for everybody" },
];

test("7.1a 10.1a says what the guard refused, and when to come back", async () => {
  const { email } = await orderSignedIn(page, shop.url, "starter_monthly");
  const sql = adminSql();
  const button = page.getByRole("button", { name: "Subscribe" });
  try {
    await sql`update payments_private.settings set stop_checkout = true`;
    await button.click();
    await page.getByText("paused for everybody").waitFor();
    await page.getByText("You can try again in 60 seconds.").first().waitFor();
    await sql`update payments_private.settings set stop_checkout = false, user_burst = 1, user_interval_seconds = 600`;
    await page.reload();
    await sql`select payments_private.take_token('user', id::text, 1, interval '600 seconds')
      from auth.users where email = ${email}`;
    await button.click();
    await page.getByText("Too many attempts").waitFor();
    await page.getByText(/You can try again in (10|9) minutes/).first().waitFor();

    await sql`insert into payments_private.user_holds (user_id, reason, placed_by)
      select id, 'test', 'somebody' from auth.users where email = ${email}`;
    await page.reload();
    await button.click();
    await page.getByText("paused for your account").waitFor();
    expect(await page.getByRole("alert").innerText()).toMatch(/Reference [0-9a-f-]{36}/);
  } finally {
    await sql`delete from payments_private.settings`;
    await sql`insert into payments_private.settings default values`;
    await sql.end();
  }
});

test("9.1a puts each refusal into words and shows the request id", async () => {
  await orderSignedIn(page, shop.url, "starter_monthly");
  for (const { status, code, words } of refusals) {
    await answerCheckoutWith(status, code);
    await page.getByRole("button", { name: "Subscribe" }).click();
    const alert = page.getByRole("alert");
    await alert.getByText(words).first().waitFor();
    expect(await alert.innerText(), code).toContain("Reference req_for_support");
    await page.unroute("**/functions/v1/create-checkout");
  }
});

test("holds the button until Retry-After is over, then works", async () => {
  await orderSignedIn(page, shop.url, "starter_monthly");
  await answerCheckoutWith(429, "rate_limited", { "retry-after": "2" });
  const button = page.getByRole("button", { name: "Subscribe" });
  await button.click();
  await page.getByText("You can try again in 2 seconds.").first().waitFor();
  expect(await button.getAttribute("aria-disabled")).toBe("true");
  await page.unroute("**/functions/v1/create-checkout");
  await page.locator('button[aria-disabled="false"]', { hasText: "Subscribe" }).click();
  await page.getByLabel(/card number/i).waitFor();
});

test("sends the same idempotency key again after the network failed, and another after an answer", async () => {
  await orderSignedIn(page, shop.url, "starter_monthly");
  const keys: unknown[] = [];
  page.on("request", (request) => {
    if (request.method() === "POST" && request.url().endsWith("/create-checkout")) {
      keys.push(request.postDataJSON().idempotency_key);
    }
  });
  const button = page.getByRole("button", { name: "Subscribe" });
  await page.route("**/functions/v1/create-checkout", (route) => route.abort());
  await button.click();
  await page.getByText("We could not reach").waitFor();
  await page.unroute("**/functions/v1/create-checkout");
  await answerCheckoutWith(422, "not_purchasable");
  await button.click();
  await page.getByText("cannot be bought").waitFor();
  await page.unroute("**/functions/v1/create-checkout");
  await button.click();
  await page.getByLabel(/card number/i).waitFor();
  expect(keys).toHaveLength(3);
  expect(keys[1]).toBe(keys[0]);
  expect(keys[2]).not.toBe(keys[0]);
});

test("says so when the catalogue cannot be read, and reads it on request", async () => {
  await page.route(
    "**/rest/v1/**",
    (route) => route.fulfill({ status: 500, headers: { "access-control-allow-origin": "*" } }),
  );
  await page.goto(shop.url);
  await page.getByText("Something went wrong on our side").waitFor();
  await page.unroute("**/rest/v1/**");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("link", { name: "Choose Starter" }).waitFor();
});

/** Answers in the function's place, for refusals that a working stack does not give on demand. */
async function answerCheckoutWith(
  status: number,
  code: string,
  headers: Record<string, string> = {},
): Promise<void> {
  await page.route(
    "**/functions/v1/create-checkout",
    (route) =>
      route.request().method() === "POST"
        ? route.fulfill({
          status,
          headers: {
            ...headers,
            "content-type": "application/problem+json",
            "access-control-allow-origin": shop.url,
            "access-control-expose-headers": "Retry-After, X-Request-Id",
          },
          body: JSON.stringify({ title: "x", status, code, request_id: "req_for_support" }),
        })
        : route.fallback(),
  );
}

async function endAllSessions(person: Person): Promise<void> {
  const client = createClient(stack.supabaseUrl, stack.publishableKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  const { error } = await client.auth.signInWithPassword({ ...person });
  if (error !== null) throw error;
  const { error: failure } = await client.auth.signOut({ scope: "global" });
  if (failure !== null) throw failure;
}
