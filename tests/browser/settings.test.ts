import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { buildShop, serveShop, serveShopForDevelopment, type Shop } from "../support/serve-shop.ts";
import { stack as runningStack } from "../support/stack.ts";
import { recordTraffic } from "./support/record-traffic.ts";

const stack = runningStack();
const secret = "sb_secret_canary0123456789abcdef";

let browser: Browser;
let page: Page;
let shop: Shop | undefined;

beforeAll(async () => {
  browser = await launchBrowser();
});

afterAll(() => browser?.close());

beforeEach(async () => {
  page = await browser.newPage();
});

afterEach(async () => {
  await page.close();
  await shop?.close();
  shop = undefined;
});

test("refuses to open without its settings and names both", async () => {
  shop = await serveShop({ webUrl: stack.webUrl, supabaseUrl: "", publishableKey: "" });
  await page.goto(shop.url);
  await page.getByRole("heading", { name: "The shop is not open yet" }).waitFor();
  const faults = page.locator("[data-fault]");
  expect(await faults.evaluateAll((nodes) => nodes.map((node) => node.getAttribute("data-fault"))))
    .toEqual(["url_missing", "key_missing"]);
});

test("2.1a refuses to build with a secret key in the publishable key's place", async () => {
  const outDir = await mkdtemp(join(tmpdir(), "payments-shop-"));
  try {
    const building = buildShop(
      { supabaseUrl: stack.supabaseUrl, publishableKey: secret },
      outDir,
    );
    const error = await building.then(() => "it built", String);
    expect(error).toContain("refused to build");
    expect(error).not.toContain(secret);
  } finally {
    await rm(outDir, { recursive: true, force: true });
  }
});

test("2.1a serves no secret key in development either, and says what is wrong", async () => {
  shop = await serveShopForDevelopment({ ...stack, publishableKey: secret });
  const traffic = recordTraffic(page.context());
  await page.goto(shop.url);
  await page.locator('[data-fault="key_is_secret"]').waitFor();
  const code = await traffic.codeFrom(shop.url);
  expect(code.length).toBeGreaterThan(5);
  for (const { url, text } of code) expect(text.includes(secret), url).toBe(false);
});

test("4.3b gives the built page a policy that allows its own files and its own Supabase only", async () => {
  shop = await serveShop(stack);
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  await page.goto(shop.url);
  await page.getByRole("link", { name: "Choose Starter" }).waitFor();
  expect(complaints).toEqual([]);

  const policy = await page.locator('meta[http-equiv="Content-Security-Policy"]')
    .getAttribute("content");
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain(`connect-src ${stack.supabaseUrl};`);
  expect(policy).not.toMatch(/unsafe|https:|\*/);
  const refused = await page.evaluate(() =>
    fetch("http://127.0.0.1:9/").then(() => "sent", (error: unknown) => String(error))
  );
  expect(refused).toContain("Failed to fetch");
  expect(complaints.join("\n")).toContain("Content Security Policy");
});
