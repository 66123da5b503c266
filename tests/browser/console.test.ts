import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { eventBody, outcomeOf, stripeClient, stripeId, until } from "../support/payments.ts";
import { firstReconciliationIsOver, setFaults, withoutDeliveries } from "../support/pipeline.ts";
import { serveShop, type Shop } from "../support/serve-shop.ts";
import { adminSql, type SignedInUser, stack as runningStack } from "../support/stack.ts";
import { confirm, enterConsole, makeMember, openPage } from "./support/operator.ts";
import { picture } from "./support/picture.ts";
import { recordTraffic } from "./support/record-traffic.ts";
import { leaveForCheckout, orderSignedIn } from "./support/shopper.ts";

const stack = runningStack();
const sql = adminSql();
const stripe = stripeClient();

let shop: Shop;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let admin: SignedInUser;
let support: SignedInUser;

beforeAll(async () => {
  [shop, browser, admin, support] = await Promise.all([
    serveShop(stack),
    launchBrowser(),
    makeMember(sql, "admin"),
    makeMember(sql, "support"),
    firstReconciliationIsOver(sql), // it would heal what a test breaks
  ]);
});

afterAll(async () => {
  await browser?.close();
  await shop?.close();
  await sql`delete from payments_private.staff_members
    where user_id in ${sql([admin.user.id, support.user.id])}`;
  await sql.end();
});

beforeEach(async () => {
  context = await browser.newContext({
    viewport: { width: 1280, height: 860 },
    reducedMotion: "reduce",
  });
  page = await context.newPage();
});

afterEach(async () => {
  await context.close();
  await setFaults();
  await sql`update payments_private.settings set stop_checkout = false`;
});

/** An event that was given up while Stripe did not answer. It does not answer until the faults are cleared. */
async function deadEvent(): Promise<{ id: string; product: string }> {
  const { id: product } = await withoutDeliveries(() =>
    stripe.products.create({ name: "Lighthouse" })
  );
  const id = stripeId("evt");
  await setFaults({ api: [{ path: `/v1/products/${product}`, kind: "500" }] });
  const object = { id: product, object: "product", active: "yes", name: 7 };
  await outcomeOf(eventBody({ id, type: "product.updated", object }));
  // what fifteen tries over hours would end in
  await sql.begin(async (tx) => {
    await tx`update payments_private.processed_events set status = 'dead', attempts = 15,
      next_attempt_at = null, last_error = 'stripe_failed' where event_id = ${id}`;
    await tx`delete from payments_private.refresh_marks where object_id = ${product}`;
    await tx`select payments_private.raise_alert('dead_letter', ${id}, 'critical',
      '{"event_type": "product.updated"}')`;
  });
  return { id, product };
}

test("decision 4: an operator finds a failed event, replays it with a reason, and sees it applied", async () => {
  const { id, product } = await deadEvent();
  await enterConsole(page, shop.url, admin);
  await openPage(page, "events");
  await page.getByRole("row", { name: new RegExp(id) }).waitFor();
  await picture(page, "console-events");
  await openPage(page, "overview");
  await page.getByRole("link", { name: "Dead letters" }).click();
  await page.getByRole("row", { name: new RegExp(id) }).getByText("dead").waitFor();
  await page.getByRole("link", { name: id }).click();
  await page.getByText(/with its stored, encrypted body/).waitFor();

  await page.getByRole("button", { name: "Replay" }).click();
  await confirm(page, "Dry run");
  await page.getByText("Dry run: 1 event.").waitFor();
  const [before] = await sql`
    select status from payments_private.processed_events where event_id = ${id}`;
  expect(before).toEqual({ status: "dead" });

  await setFaults();
  await page.getByRole("button", { name: "Replay 1 event" }).click();
  await confirm(page, "Replay", "Stripe answers again");
  await page.getByRole("region", { name: "product.updated" }).getByText("applied", { exact: true })
    .waitFor({ timeout: 20_000 });
  const [mirrored] = await sql`select name from payments.products where id = ${product}`;
  expect(mirrored).toEqual({ name: "Lighthouse" });
  expect(
    await sql`select actor_id, reason from audit.audit_logs
      where action = 'event.replayed' and detail ->> 'event' = ${id}`,
  ).toEqual([{ actor_id: admin.user.id, reason: "Stripe answers again" }]);
});

test("10.1a an operator throws the kill switch, the shop shows it, and takes it back", async () => {
  const shopping = await context.newPage();
  await orderSignedIn(shopping, shop.url, "starter_monthly");
  await enterConsole(page, shop.url, admin);
  await page.getByRole("link", { name: "Kill switches" }).click();
  await page.getByRole("button", { name: "Stop: checkout" }).click();
  await confirm(page, "Stop", "card testing");
  await page.getByRole("region", { name: "Checkout" }).getByText("Stopped").waitFor();

  await shopping.getByRole("button", { name: "Subscribe" }).click();
  await shopping.getByText("Payments are paused for everybody").waitFor();
  await openPage(page, "overview");
  await page.getByText("Stopped: checkout").waitFor();

  await openPage(page, "switches");
  await page.getByRole("button", { name: "Let it run: checkout" }).click();
  await confirm(page, "Let it run", "it is over");
  await page.getByRole("region", { name: "Checkout" }).getByText("Runs").waitFor();
  await shopping.reload();
  await leaveForCheckout(shopping, shop.url, "Subscribe");
});

test("5.2a a support user can do neither: no buttons, and the procedures refuse", async () => {
  const { id } = await deadEvent();
  await enterConsole(page, shop.url, support);
  await openPage(page, `events/${id}`);
  await page.getByText(/with its stored, encrypted body/).waitFor();
  expect(await page.getByRole("button", { name: /replay/i }).count()).toBe(0);
  await openPage(page, "switches");
  await page.getByRole("region", { name: "Checkout" }).getByText("Runs").waitFor();
  expect(await page.getByRole("button", { name: /switch (on|off)/i }).count()).toBe(0);
  await openPage(page, "audit");
  await page.locator('[data-refusal="forbidden"]').waitFor();

  const reason = { p_reason: "I should not" };
  const calls = {
    staff_replay_events: { p_filter: { event_id: id }, p_dry_run: false, ...reason },
    staff_set_kill_switch: { p_switch: "checkout", p_stop: true, ...reason },
  };
  for (const [name, args] of Object.entries(calls)) {
    const { data } = await support.client.schema("payments").rpc(name, args);
    expect([name, data]).toEqual([name, { ok: false, code: "forbidden" }]);
  }
  const [event] = await sql`
    select status from payments_private.processed_events where event_id = ${id}`;
  expect(event).toEqual({ status: "dead" });
  await sql`select payments_private.resolve_alert('dead_letter', ${id})`;
  await sql`update payments_private.processed_events set status = 'ignored', encrypted_body = null,
    projection = null where event_id = ${id}`;
});

test("5.2a a role that is taken away closes the console that is open", async () => {
  const temporary = await makeMember(sql, "admin");
  await enterConsole(page, shop.url, temporary);
  await sql`delete from payments_private.staff_members where user_id = ${temporary.user.id}`;
  // nobody has to touch it: the next look at the figures is refused
  await page.locator('[data-refusal="forbidden"]').waitFor();
  expect(await page.getByRole("navigation").count()).toBe(0);
});

test("figures stay on screen, and say that they are old, while the database cannot be reached", async () => {
  await enterConsole(page, shop.url, admin);
  const tiles = page.getByText("events given up");
  await tiles.waitFor();
  await page.route("**/rpc/staff_read_overview", (route) => route.abort());
  await page.getByRole("button", { name: "Refresh" }).click();
  await page.getByRole("alert").getByText("Not up to date").waitFor();
  expect(await tiles.count()).toBe(1);
  await page.unroute("**/rpc/staff_read_overview");
  await page.getByRole("button", { name: "Refresh" }).click();
  await page.getByText("Not up to date").waitFor({ state: "detached" });
});

test("4.2c nothing about a person is shown before a reason is given", async () => {
  await enterConsole(page, shop.url, admin, "");
  // under the name of what was opened
  for (const name of ["Alerts", "Incidents", "Holds", "Legal holds", "Staff"]) {
    await openPage(page, name.toLowerCase().replace(" ", "-"));
    await page.getByRole("heading", { name: "What are you working on?" }).waitFor();
    await page.getByRole("heading", { level: 1, name }).waitFor();
  }
  await openPage(page, `customers/${admin.user.id}`);
  await page.getByRole("heading", { name: "What are you working on?" }).waitFor();
  expect(await looksAt(admin)).toEqual([]);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("Between 3 and 500 characters.").waitFor();
  await page.getByLabel("Reason").fill("ticket 4712");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("No subscription, now or ever.").waitFor();
  expect(new Set(await looksAt(admin))).toEqual(new Set(["ticket 4712"]));
});

async function looksAt({ user }: SignedInUser): Promise<string[]> {
  const rows = await sql`select reason from audit.audit_logs
    where action = 'staff.billing_read' and resource_id = ${user.id}`;
  return rows.map(({ reason }) => String(reason));
}

test("2.1a 2.2a the console holds no key but the publishable one, and the shop nothing of the console", async () => {
  const traffic = recordTraffic(context);
  await enterConsole(page, shop.url, admin);
  for (const route of ["compliance", "keys", "audit"]) {
    await openPage(page, route);
    await page.getByRole("heading", { level: 1 }).waitFor();
  }
  await page.getByRole("region", { name: "Can it be trusted?" }).waitFor();
  expect(new Set(traffic.urls.map(({ hostname }) => hostname))).toEqual(new Set(["127.0.0.1"]));
  const code = await traffic.codeFrom(shop.url);
  expect(code.some(({ text }) => text.includes(stack.publishableKey))).toBe(true);
  expect(code.some(({ text }) => text.includes("staff_me"))).toBe(true);
  const secrets = [
    stack.secretKey,
    stack.workerKey,
    stack.stripeSecretKey,
    stack.webhookSecret,
    stack.dbUrl,
    ...Object.values(stack.secretKeys),
  ];
  for (const { url, text } of code) {
    for (const secret of secrets) expect(text.includes(secret), url).toBe(false);
    expect(text, url).not.toMatch(/\b(sk|rk|pk)_(test|live)_\w|\bwhsec_\w{8}|\bsb_secret_\w/);
  }

  const stranger = await browser.newContext();
  const shopTraffic = recordTraffic(stranger);
  const home = await stranger.newPage();
  await home.goto(shop.url);
  await home.getByRole("link", { name: "Choose Starter" }).waitFor();
  const shopCode = await shopTraffic.codeFrom(shop.url);
  await stranger.close();
  expect(shopCode.length).toBeGreaterThan(3);
  for (const { url, text } of shopCode) expect(text.includes("staff_"), url).toBe(false);
});

test("a stranger and a customer are not let in", async () => {
  await page.goto(`${shop.url}/console/#/audit`);
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  const { signUp } = await import("../support/stack.ts");
  const customer = await signUp();
  await page.getByLabel("E-mail").fill(customer.email);
  await page.getByLabel("Password", { exact: true }).fill(customer.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "This account has no role" }).waitFor();
  await until(async () =>
    (await sql`select from audit.audit_logs where actor_id = ${customer.user.id}
      and action = 'staff.refused'`).length > 0
  );
});
