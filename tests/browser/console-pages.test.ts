import process from "node:process";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { subscribe } from "../support/payments.ts";
import { serveShop, type Shop } from "../support/serve-shop.ts";
import { adminSql, type SignedInUser, signUp, stack as runningStack } from "../support/stack.ts";
import { drawIn } from "./support/draw-in.ts";
import { findViolations } from "./support/find-violations.ts";
import { fillAnHour } from "./support/fill-an-hour.ts";
import { confirm, enterConsole, makeMember, openPage } from "./support/operator.ts";
import { picture } from "./support/picture.ts";

const stack = runningStack();
const sql = adminSql();
const desk = { width: 1280, height: 900 };
const phone = { width: 360, height: 740 };

let shop: Shop;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let admin: SignedInUser;
let customer: SignedInUser;
let incident = "";

beforeAll(async () => {
  [shop, browser, admin, customer] = await Promise.all([
    serveShop(stack),
    launchBrowser(),
    makeMember(sql, "admin"),
    signUp(),
  ]);
  await subscribe(customer);
  await arrange();
  context = await browser.newContext({ viewport: desk, reducedMotion: "reduce" });
  page = await context.newPage();
  await enterConsole(page, shop.url, admin);
});

afterAll(async () => {
  await browser?.close();
  await shop?.close();
  await staff("staff_assess_incident", {
    p_incident: incident,
    p_changes: { personal_data: false },
  });
  await staff("staff_close_incident", {
    p_incident: incident,
    p_root_cause: "cards were tested with a list that somebody bought",
    p_follow_ups: [{ what: "tighter limits", owner: "payments", due: "2027-01-31" }],
  });
  await sql`update payments_private.settings set stop_checkout = false`;
  await sql`delete from payments_private.alerts where subject like 'console-test%'`;
  await sql`delete from payments_private.user_holds where user_id = ${customer.user.id}`;
  await sql`delete from payments_private.operation_minutes where minute < now() - interval '40 minutes'`;
  await sql`delete from payments_private.staff_members where user_id = ${admin.user.id}`;
  await sql.end();
});

async function staff(name: string, args: Record<string, unknown>) {
  const { data } = await admin.client.schema("payments").rpc(name, {
    p_reason: "declines since noon",
    ...args,
  });
  if (data?.ok !== true) throw new Error(`${name}: ${JSON.stringify(data)}`);
  return data;
}

function minutesAgo(minutes: number): string {
  return new Date(Date.now() - minutes * 60_000).toISOString();
}

/** Something to see on every page. */
async function arrange(): Promise<void> {
  await sql`select payments_private.raise_alert('card_testing', 'console-test', 'critical',
    '{"declines": 11}'), payments_private.raise_alert('refund_refused', 'console-test-refund', 'warning', '{}')`;
  ({ incident } = await staff("staff_open_incident", {
    p_kind: "fraud",
    p_severity: "high",
    p_title: "Cards are being tested at the checkout",
    p_detected_at: minutesAgo(205),
    p_aware_at: minutesAgo(190),
  }));
  await staff("staff_contain_incident", { p_incident: incident, p_step: "stop-checkout" });
  await staff("staff_assess_incident", {
    p_incident: incident,
    p_changes: { nature: "A list of stolen cards is tried with cheap plans.", people_count: 0 },
  });
  await staff("staff_set_kill_switch", { p_switch: "checkout", p_stop: false });
  await staff("staff_set_hold", { p_user_id: customer.user.id });
  await sql`insert into payments_private.operation_minutes
    (minute, function_name, code, requests, total_ms, buckets)
    values (date_trunc('minute', now()) - interval '59 minutes', 'customer-portal', 'ok', 7, 700,
      '{0,0,0,0,7,0,0,0,0,0,0,0}')`;
  if (process.env.PAYMENTS_SCREENSHOTS === "1") await fillAnHour(sql);
}

test("8.2c charts show the minute roll-ups, and the same as a table", async () => {
  await openPage(page, "overview");
  const volume = page.getByRole("region", { name: "Requests", exact: true });
  await volume.getByRole("img").waitFor();
  await picture(page, "console-overview");
  await volume.getByText("As a table").click();
  const rows = volume.getByRole("row");
  expect(await rows.first().innerText()).toMatch(/From.*customer-portal/s);
  expect(await rows.allInnerTexts()).toContainEqual(expect.stringMatching(/\b7\b/));
  const latency = page.getByRole("region", { name: "Latency of what people wait for" });
  await latency.getByText("As a table").click();
  // all seven between 50 and 100 ms: half of them below 75
  expect(await latency.getByRole("row").last().innerText()).toMatch(/75 ms\s+98 ms\s+100 ms/);
});

test("10.1c an incident shows its clock and what was done when", async () => {
  await openPage(page, "incidents");
  await page.getByRole("link", { name: "Cards are being tested at the checkout" }).click();
  await page.getByRole("timer").getByText(/68 h [45]\d min/).waitFor();
  await page.getByText("incident.contained").waitFor();
  await picture(page, "console-incident");
  await page.getByRole("button", { name: "Close" }).click();
  await confirm(page, "Close");
  await page.getByRole("alert").getByText(/Closing needs/).waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
});

test("10.2c an incident whose notices are undelivered closes with how people were told", async () => {
  const { incident: id } = await staff("staff_open_incident", {
    p_kind: "other",
    p_severity: "low",
    p_title: "A notice that nobody takes",
  });
  await staff("staff_assess_incident", {
    p_incident: id,
    p_changes: { personal_data: false },
  });
  await sql`insert into payments_private.incident_users (incident_id, user_id, times, first_at, last_at)
    values (${id}, ${customer.user.id}, 1, now(), now())`;
  await sql`insert into payments_private.incident_notices (incident_id, user_id, subject, body, state)
    values (${id}, ${customer.user.id}, 'About your account', 'hello', 'dead')`;
  await openPage(page, `incidents/${id}`);
  await page.getByRole("button", { name: "Close" }).click();
  const form = page.getByRole("dialog");
  await form.getByLabel("Root cause").fill("the mailer was down for a day");
  await form.getByLabel("Follow-up").fill("look at the mailer");
  await form.getByLabel("Who does it").fill("ops");
  await form.getByLabel("By").fill("2027-01-31");
  await confirm(page, "Close");
  await page.getByRole("alert").getByText(/Notices to the affected are undelivered/).waitFor();
  await form.getByLabel(/How the affected were told/).fill("each of them by telephone");
  await confirm(page, "Close");
  await page.getByText("each of them by telephone").waitFor();
  await page.getByRole("region", { name: "Where it stands" }).getByText("closed", { exact: true })
    .waitFor();
});

test("8.2a an alert is taken and resolved, with its runbook at hand", async () => {
  await openPage(page, "alerts");
  const row = page.getByRole("row", { name: /console-test\b(?!-refund)/ });
  await row.getByRole("button", { name: "Take" }).click();
  await confirm(page, "Take it", "on it");
  await row.getByText("taken").waitFor();
  await row.getByRole("button", { name: "Resolve" }).click();
  await confirm(page, "Resolve", "own cards");
  await row.waitFor({ state: "detached" });
  await page.getByRole("row", { name: /console-test-refund/ }).getByRole("link", {
    name: "Runbook",
  })
    .click();
  await page.getByRole("heading", { name: "refund_refused" }).waitFor();
});

test("8.3b the proof that a page downloads verifies offline", async () => {
  await openPage(page, `audit?actor=${admin.user.id}&span=1h`);
  const button = page.getByRole("button", { name: /Proof, seal/ }).first();
  for (let looks = 0; looks < 40 && await button.count() === 0; looks++) {
    await page.getByRole("region", { name: "Rows" }).getByRole("button", { name: "Refresh" })
      .click();
    await page.waitForTimeout(250);
  }
  await button.click();
  const [file] = await Promise.all([page.waitForEvent("download"), confirm(page, "Download")]);
  const proof = await file.path();
  const keys = await Deno.makeTempFile({ suffix: ".json" });
  await Deno.writeTextFile(keys, stack.auditPublicKeys);
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-read", "docs/verify-proof.mjs", keys, proof],
    cwd: stack.projectRoot,
  }).output();
  await Deno.remove(keys);
  expect([success, new TextDecoder().decode(stdout)])
    .toEqual([true, expect.stringMatching(/^Row .* is leaf \d+ of seal \d+/)]);
});

test("4.2c a customer is found by a Stripe id, and released from a hold", async () => {
  const [row] = await sql`select id from payments.customers where user_id = ${customer.user.id}`;
  await openPage(page, "customers");
  await page.getByLabel("User or Stripe id").fill(String(row?.["id"]));
  await page.getByRole("button", { name: "Find" }).click();
  const user = page.getByRole("region", { name: "User", exact: true });
  await user.getByText("on hold").waitFor();
  await page.getByRole("region", { name: "Payments" }).getByText("$9.00").waitFor();
  await user.getByRole("button", { name: "Release" }).click();
  await confirm(page, "Release", "own cards");
  await user.getByText("may pay").waitFor();
});

const routes = [
  "overview",
  "alerts",
  "events",
  "incidents",
  "customers",
  "holds",
  "switches",
  "limits",
  "alert-rules",
  "retention",
  "legal-holds",
  "audit",
  "keys",
  "staff",
  "compliance",
  "runbook/alerts.md?at=dead_letter",
];

test("5.2a an admin gives a role and takes it", async () => {
  await openPage(page, "staff");
  await page.getByRole("button", { name: "Give a role" }).click();
  await page.getByRole("dialog").getByLabel("User id").fill(customer.user.id);
  await page.getByRole("dialog").getByLabel("Role").selectOption("auditor");
  await confirm(page, "Give it", "joined the team");
  const row = page.getByRole("row", { name: new RegExp(customer.user.id) });
  await row.getByText("auditor", { exact: true }).waitFor();
  await row.getByRole("button", { name: "Take auditor" }).click();
  await confirm(page, "Take it", "left the team");
  await row.waitFor({ state: "detached" });
});

test(
  "no page has a serious accessibility fault, in light and dark, and each fits a phone",
  async () => {
    const [event] = await sql`select event_id from payments_private.processed_events
    order by received_at desc limit 1`;
    const all = [
      ...routes,
      `customers/${customer.user.id}`,
      `incidents/${incident}`,
      `events/${event?.["event_id"]}`,
    ];
    for (const route of all) {
      await openPage(page, route);
      await page.locator("[role=status].skeleton").first().waitFor({ state: "detached" });
      await page.locator("main h1").waitFor();
      await drawIn(page, "light");
      expect(await findViolations(page), `${route}, light`).toEqual([]);
      await drawIn(page, "dark");
      expect(await findViolations(page, "colours"), `${route}, dark`).toEqual([]);
      await page.setViewportSize(phone);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(width, `${route} is no wider than the phone`).toBeLessThanOrEqual(phone.width);
      await page.setViewportSize(desk);
    }
    await page.emulateMedia({ colorScheme: null });
  },
  120_000,
);

test("the console is worked by keyboard alone: menu, question, Escape", async () => {
  await openPage(page, "overview");
  await page.getByRole("link", { name: "Kill switches" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Kill switches" }).waitFor();
  expect(await page.evaluate(() => document.activeElement?.tagName)).toBe("MAIN");
  const button = page.getByRole("button", { name: "Stop: everything" });
  await button.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  expect(await button.evaluate((element) => element === document.activeElement)).toBe(true);
});
