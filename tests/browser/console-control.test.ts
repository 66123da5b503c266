// Alert rules, retention and legal holds, as people set them in the console.
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { until } from "../support/payments.ts";
import { runTasks } from "../support/pipeline.ts";
import { serveShop, type Shop } from "../support/serve-shop.ts";
import { adminSql, type SignedInUser, signUp, stack as runningStack } from "../support/stack.ts";
import { drawIn } from "./support/draw-in.ts";
import { findViolations } from "./support/find-violations.ts";
import { confirm, enterConsole, makeMember, openPage } from "./support/operator.ts";

const stack = runningStack();
const sql = adminSql();
const signatures = "Many webhook deliveries with a bad signature";

let shop: Shop;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let admin: SignedInUser;
let auditor: SignedInUser;
let support: SignedInUser;
let customer: SignedInUser;

beforeAll(async () => {
  [shop, browser, admin, auditor, support, customer] = await Promise.all([
    serveShop(stack),
    launchBrowser(),
    makeMember(sql, "admin"),
    makeMember(sql, "auditor"),
    makeMember(sql, "support"),
    signUp(),
  ]);
});

afterAll(async () => {
  await browser?.close();
  await shop?.close();
  await sql`delete from payments_private.staff_members
    where user_id in ${sql([admin.user.id, auditor.user.id, support.user.id])}`;
  await sql.end();
});

beforeEach(async () => {
  context = await newContext();
  page = await context.newPage();
});

afterEach(async () => {
  await context.close();
  await sql`delete from payments_private.legal_holds
    where placed_by in ${sql([admin.user.id, auditor.user.id])}`;
  await sql`update payments_private.retention_classes set keep_days = 90 where class = 'client_details'`;
  await sql`update payments_private.alert_rules
    set severity = 'critical', enabled = true, threshold = 20, window_seconds = 300
    where rule = 'signature_failures'`;
});

function newContext(): Promise<BrowserContext> {
  return browser.newContext({ viewport: { width: 1280, height: 860 }, reducedMotion: "reduce" });
}

async function call({ client }: SignedInUser, name: string, args: Record<string, unknown>) {
  const { data } = await client.schema("payments").rpc(name, args);
  return data;
}

/** What the open question answers to the last try. */
function refusal(on: Page = page): Promise<string> {
  return on.getByRole("dialog").getByRole("alert").innerText();
}

function rowOf(text: string, on: Page = page): Locator {
  return on.getByRole("row", { name: new RegExp(text) });
}

async function keepDays(): Promise<unknown> {
  const [row] = await sql`
    select keep_days from payments_private.retention_classes where class = 'client_details'`;
  return row?.["keep_days"];
}

async function openAlerts(): Promise<unknown[]> {
  const rows = await sql`select severity from payments_private.alerts
    where rule = 'signature_failures' and resolved_at is null`;
  return rows.map(({ severity }) => severity);
}

/** Three deliveries that nobody signed, counted by the worker. */
async function forge(): Promise<void> {
  await sql`delete from payments_private.operation_minutes where code = 'invalid_signature'`;
  await sql`select payments_private.resolve_alert('signature_failures', 'stripe-webhook')`;
  for (let sent = 0; sent < 3; sent++) {
    const response = await fetch(`${stack.functionsUrl}/stripe-webhook`, {
      method: "POST",
      headers: { "content-type": "application/json", "stripe-signature": "t=1,v1=00" },
      body: "{}",
    });
    await response.body?.cancel();
  }
  await until(async () => {
    await runTasks(["detect"]);
    const [row] = await sql`select sum(requests)::int as n from payments_private.operation_minutes
      where code = 'invalid_signature'`;
    return Number(row?.["n"] ?? 0) >= 3;
  });
  await runTasks(["detect"]);
}

async function changeRule(name: string): Promise<Locator> {
  await rowOf(name).getByRole("button", { name: "Change" }).click();
  return page.getByRole("dialog");
}

test("8.2a a rule that is changed in the page is used at the next look, and off it is silent", async () => {
  await forge();
  expect(await openAlerts()).toEqual([]); // three of twenty
  await enterConsole(page, shop.url, admin);
  await openPage(page, "alert-rules");
  const row = rowOf(signatures);
  await row.getByText("20 within 5 min").waitFor();
  const question = await changeRule(signatures);
  await question.getByLabel("Severity").selectOption("warning");
  await question.getByLabel("Threshold").fill("3");
  await confirm(page, "Change", "a quiet shop");
  await row.getByText("3 within 5 min").waitFor();

  await forge();
  expect(await openAlerts()).toEqual(["warning"]);
  const [told] = await sql`select actor_id, reason, detail from audit.audit_logs
    where action = 'staff.alert_rule_set' order by occurred_at desc limit 1`;
  expect(told).toMatchObject({
    actor_id: admin.user.id,
    reason: "a quiet shop",
    detail: { before: { threshold: 20 }, after: { threshold: 3, severity: "warning" } },
  });

  await (await changeRule(signatures)).getByLabel("State").selectOption("off");
  await confirm(page, "Change", "the endpoint moves");
  await row.getByText("off", { exact: true }).waitFor();
  await forge();
  expect(await openAlerts()).toEqual([]);
  await row.getByRole("link", { name: "Runbook" }).click();
  await page.getByRole("heading", { name: "signature_failures" }).waitFor();
});

test("8.2a a rule takes no threshold that makes no sense, and says what would", async () => {
  await enterConsole(page, shop.url, admin);
  await openPage(page, "alert-rules");
  const question = await changeRule(signatures);
  await confirm(page, "Change");
  expect(await refusal()).toBe("Nothing is different from what it was.");
  for (const [label, value] of [["Threshold", "0"], ["Threshold", "many"], ["Window", "59"]]) {
    await question.getByLabel("Threshold").fill("20");
    await question.getByLabel(String(label)).fill(String(value));
    await confirm(page, "Change");
    await question.getByText(/A threshold is a whole number above zero, a window between 60/)
      .waitFor();
  }
  // a rule without a threshold offers none
  await question.getByRole("button", { name: "Cancel" }).click();
  await changeRule("A payment is disputed");
  expect(await page.getByRole("dialog").getByLabel("Threshold").count()).toBe(0);
  const [rule] = await sql`select severity, enabled, threshold, window_seconds
    from payments_private.alert_rules where rule = 'signature_failures'`;
  expect(rule)
    .toEqual({ severity: "critical", enabled: true, threshold: 20, window_seconds: 300 });
});

test("8.1c retention shows each class of the database in words, and changes one", async () => {
  await enterConsole(page, shop.url, admin);
  await openPage(page, "retention");
  const row = rowOf("client details");
  await row.getByText("90 days").waitFor();
  const classes = await sql`select class, keep_days, least_days, most_days
    from payments_private.retention_classes`;
  const shown = await page.locator("tbody tr").evaluateAll((rows) =>
    rows.map((one) => [...one.children].map((cell) => cell.textContent))
  );
  expect(shown.map(([name, , kept, bounds]) => [name, kept, bounds])).toEqual(
    classes.map((one) => [
      String(one["class"]).replaceAll("_", " "),
      `${one["keep_days"]} days`,
      `${one["least_days"]} to ${one["most_days"]}`,
    ]).toSorted(([one], [other]) => String(one).localeCompare(String(other))),
  );
  // what goes and what a hold suspends, of each
  for (const [name, goes, , , held] of shown) {
    expect([name, goes === "", held === ""]).toEqual([name, false, false]);
  }

  await row.getByRole("button", { name: "Change" }).click();
  await page.getByRole("dialog").getByLabel("Days").fill("30");
  await confirm(page, "Change", "privacy review");
  await row.getByText("30 days").waitFor();
  expect(await keepDays()).toBe(30);
});

test("8.1c retention below the lower bound is refused, and the page says the bounds", async () => {
  await enterConsole(page, shop.url, admin);
  await openPage(page, "retention");
  await rowOf("client details").getByRole("button", { name: "Change" }).click();
  for (const days of ["0", "401", "-1", "1.5", "99999999999", ""]) {
    await page.getByRole("dialog").getByLabel("Days").fill(days);
    await confirm(page, "Change", "as short as it goes");
    expect([days, await refusal()])
      .toEqual([days, "Days are a whole number between 1 and 400. Nothing was changed."]);
  }
  expect(await keepDays()).toBe(90);
});

/** Places a hold on the customer in the page. */
async function placeHold(): Promise<Locator> {
  await openPage(page, "legal-holds");
  await page.getByRole("button", { name: "Place a hold" }).click();
  const question = page.getByRole("dialog");
  await question.getByLabel("User id").fill(customer.user.id);
  await question.getByLabel("Happened from").fill("2026-10-01T00:00");
  await confirm(page, "Place it", "case 12/26");
  const row = rowOf(customer.user.id);
  await row.getByText("case 12/26").waitFor();
  return row;
}

async function holdOf(placedBy: SignedInUser) {
  const rows = await sql`select id, scope, user_id, lower(covers) as begins, upper(covers) as ends,
      reason, release_requested_by, released_by
    from payments_private.legal_holds where placed_by = ${placedBy.user.id}`;
  expect(rows).toHaveLength(1);
  return rows[0];
}

test("10.2a a legal hold that is placed in the page is in force, and who placed it cannot release it", async () => {
  await enterConsole(page, shop.url, admin);
  const row = await placeHold();
  const hold = await holdOf(admin);
  expect(hold).toMatchObject({
    scope: "user",
    user_id: customer.user.id,
    ends: null,
    reason: "case 12/26",
    released_by: null,
  });
  await row.getByText("from 1 Oct 2026 on").waitFor();

  await row.getByRole("button", { name: "Ask for release" }).click();
  await confirm(page, "Ask", "case closed");
  await row.getByText("You asked: another must release it.").waitFor();
  expect(await row.innerText()).toMatch(/Asked for by .* you\s+case closed/s);
  expect(await row.getByRole("button").count()).toBe(0);
  const answer = await call(admin, "staff_release_legal_hold", {
    p_hold: hold?.["id"],
    p_reason: "case closed",
  });
  expect(answer).toEqual({ ok: false, code: "second_person_required" });
  expect(await holdOf(admin)).toMatchObject({ released_by: null });
});

test("10.2a a legal hold is released by a second person, and by nobody who asked meanwhile", async () => {
  await enterConsole(page, shop.url, admin);
  const row = await placeHold();
  const p_hold = (await holdOf(admin))?.["id"];
  await call(admin, "staff_request_hold_release", { p_hold, p_reason: "case closed" });
  const other = await newContext();
  const second = await other.newPage();
  await enterConsole(second, shop.url, auditor);
  await openPage(second, "legal-holds");
  const theirs = rowOf(customer.user.id, second);
  const release = theirs.getByRole("button", { name: "Release" });
  await release.waitFor();

  // asks as well, from elsewhere: the page still offers what the database now refuses
  await call(auditor, "staff_request_hold_release", { p_hold, p_reason: "case closed" });
  await release.click();
  await confirm(second, "Release", "case closed");
  expect(await refusal(second)).toBe(
    "It takes a second person: who placed a hold or asked for its release cannot release it.",
  );
  await second.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await second.getByRole("button", { name: "Refresh" }).click();
  await theirs.getByText("You asked: another must release it.").waitFor();

  // of two people, who placed it asks in the other's place
  await page.getByRole("button", { name: "Refresh" }).click();
  await row.getByText("You placed it: another must release it.").waitFor();
  await row.getByRole("button", { name: "Ask instead" }).click();
  await confirm(page, "Ask", "case closed");
  await row.getByText("You asked").waitFor();
  await second.getByRole("button", { name: "Refresh" }).click();
  await release.click();
  await confirm(second, "Release", "case closed");
  await theirs.waitFor({ state: "detached" });
  expect(await holdOf(admin)).toMatchObject({
    release_requested_by: admin.user.id,
    released_by: auditor.user.id,
  });
  await other.close();
});

test("10.2a a legal hold that names nothing is not placed, and the page says why", async () => {
  await enterConsole(page, shop.url, admin);
  await openPage(page, "legal-holds");
  await page.getByRole("button", { name: "Place a hold" }).click();
  const question = page.getByRole("dialog");
  await confirm(page, "Place it");
  expect(await refusal()).toMatch(/^Say what is held/);
  await question.getByLabel("User id").fill("somebody");
  await confirm(page, "Place it");
  await question.getByText("A user's id is a UUID, as Auth shows it. Nothing was placed.")
    .waitFor();
  await question.getByLabel("On", { exact: true }).selectOption("time");
  await question.getByLabel("Happened from").fill("2026-11-02T00:00");
  await question.getByLabel("Happened until").fill("2026-11-01T00:00");
  await confirm(page, "Place it");
  await question.getByText(/^Say what is held/).waitFor();
  const placed = await sql`select from payments_private.legal_holds
    where placed_by = ${admin.user.id}`;
  expect(placed).toHaveLength(0);
});

test("5.2a a support user sees no legal holds and changes nothing: no page, no buttons, and the procedures refuse", async () => {
  await enterConsole(page, shop.url, support);
  const menu = page.getByRole("navigation", { name: "Console" });
  expect(await menu.getByRole("link", { name: "Legal holds" }).count()).toBe(0);
  await openPage(page, "legal-holds");
  await page.locator('[data-refusal="forbidden"]').waitFor();
  for (const route of ["alert-rules", "retention"]) {
    await openPage(page, route);
    await page.locator("tbody tr").first().waitFor();
    expect([route, await page.getByRole("main").getByRole("button", { name: "Change" }).count()])
      .toEqual([route, 0]);
  }
  const reason = { p_reason: "I should not" };
  const hold = { p_hold: crypto.randomUUID(), ...reason };
  const calls = {
    staff_list_legal_holds: reason,
    staff_place_legal_hold: { p_scope: "all", ...reason },
    staff_request_hold_release: hold,
    staff_release_legal_hold: hold,
    staff_set_retention: { p_class: "client_details", p_keep_days: 30, ...reason },
    staff_set_alert_rule: {
      p_rule: "signature_failures",
      p_changes: { enabled: false },
      ...reason,
    },
  };
  for (const [name, args] of Object.entries(calls)) {
    expect([name, await call(support, name, args)])
      .toEqual([name, { ok: false, code: "forbidden" }]);
  }
  for (const name of ["staff_list_alert_rules", "staff_read_retention"]) {
    expect([name, await call(customer, name, {})])
      .toEqual([name, { ok: false, code: "forbidden" }]);
  }
  expect(await keepDays()).toBe(90);
});

test("rules, retention and holds have no accessibility fault, in their questions neither, and fit a phone", async () => {
  await enterConsole(page, shop.url, admin);
  await placeHold();
  const p_hold = (await holdOf(admin))?.["id"];
  await call(auditor, "staff_request_hold_release", { p_hold, p_reason: "case closed" });
  await page.setViewportSize({ width: 360, height: 740 });
  const routes = { "alert-rules": "Change", retention: "Change", "legal-holds": "Place a hold" };
  for (const [route, button] of Object.entries(routes)) {
    await openPage(page, "overview");
    await openPage(page, route);
    const opener = page.getByRole("main").getByRole("button", { name: button }).first();
    await opener.waitFor();
    await page.locator("tbody tr").first().waitFor();
    await expectSound(route);
    await opener.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await expectSound(`${route}, asked`);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await opener.evaluate((element) => element === document.activeElement)).toBe(true);
  }
});

async function expectSound(name: string): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await drawIn(page, colorScheme);
    expect(await findViolations(page), `${name}, ${colorScheme}`).toEqual([]);
  }
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(width, `${name} is no wider than the phone`).toBeLessThanOrEqual(360);
}
