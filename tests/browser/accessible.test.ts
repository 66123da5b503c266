import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { serveShop, type Shop } from "../support/serve-shop.ts";
import { stack as runningStack } from "../support/stack.ts";
import { drawIn } from "./support/draw-in.ts";
import { findViolations } from "./support/find-violations.ts";
import { picture } from "./support/picture.ts";
import {
  cards,
  chooseAsNewcomer,
  expectStage,
  leaveForCheckout,
  newPerson,
  pay,
} from "./support/shopper.ts";

const stack = runningStack();
const phone = { width: 360, height: 740 };

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
  context = await browser.newContext({ viewport: phone });
  page = await context.newPage();
});

afterEach(() => context.close());

test("has no serious accessibility fault at phone width, in light and dark", async () => {
  await page.goto(shop.url);
  await page.getByRole("link", { name: "Choose Starter" }).waitFor();
  await picture(page, "phone");
  await expectSound("home");
  await page.goto(`${shop.url}/sign-in`);
  await expectSound("sign-in");
  await page.goto(`${shop.url}/sign-up`);
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByText("Enter your password").waitFor();
  await expectSound("sign-up with errors");
  await page.goto(`${shop.url}/nowhere`);
  await expectSound("not found");

  await chooseAsNewcomer(page, shop.url, "Choose Starter");
  await expectSound("order");
  await page.goto(`${shop.url}/account`);
  await page.getByText("You have no subscription").waitFor();
  await expectSound("empty account");
  await page.goto(`${shop.url}/return?session_id=cs_test_unknown`);
  await page.getByText("Confirming your payment").waitFor();
  await expectSound("confirming");

  await page.goto(`${shop.url}/checkout?price=starter_monthly`);
  await leaveForCheckout(page, shop.url, "Subscribe");
  await pay(page, cards.good);
  await expectStage(page, "active");
  await expectSound("active");
  await page.getByRole("link", { name: "Open your account" }).click();
  await page.getByText(/It renews on/).waitFor();
  await expectSound("account");
}, 120_000);

test("can be used by keyboard alone from the landing page to the hosted checkout", async () => {
  await page.setViewportSize({ width: 1280, height: 860 });
  const person = newPerson();
  await page.goto(shop.url);
  await page.getByRole("link", { name: "Choose Starter" }).waitFor();

  await page.keyboard.press("Tab");
  expect(await focusedName()).toBe("Skip to content");
  await tabTo("Choose Starter");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Create your account" }).waitFor();
  await tabTo("E-mail");
  await page.keyboard.type(person.email);
  await tabTo("Password");
  await page.keyboard.type(person.password);
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Subscribe" }).waitFor();
  await tabTo("Subscribe");
  await page.keyboard.press("Enter");
  await page.getByLabel(/card number/i).waitFor();
});

test("moves the focus to the new page when the page changes", async () => {
  await page.goto(shop.url);
  await page.getByRole("link", { name: "Sign in", exact: true }).click();
  await page.getByRole("heading", { name: "Welcome back" }).waitFor();
  expect(await page.evaluate(() => document.activeElement?.tagName)).toBe("MAIN");
  expect(await page.title()).toBe("Sign in · Tidepost");
});

async function expectSound(name: string): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await drawIn(page, colorScheme);
    expect(await findViolations(page), `${name}, ${colorScheme}`).toEqual([]);
  }
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(width, `${name} is no wider than the phone`).toBeLessThanOrEqual(phone.width);
}

/** Presses Tab until the element of this name has the focus, and checks that the focus is seen. */
async function tabTo(name: string): Promise<void> {
  for (let presses = 0; presses < 30; presses++) {
    await page.keyboard.press("Tab");
    if (await focusedName() === name) {
      expect(await focusIsVisible(), `focus on "${name}" is visible`).toBe(true);
      return;
    }
  }
  throw new Error(`reached no "${name}" with the Tab key`);
}

function focusedName(): Promise<string> {
  return page.evaluate(() => {
    const focused = document.activeElement;
    if (focused instanceof HTMLInputElement) return focused.labels?.[0]?.textContent ?? "";
    return focused?.textContent ?? "";
  });
}

function focusIsVisible(): Promise<boolean> {
  return page.evaluate(() => {
    const focused = document.activeElement;
    if (focused === null) return false;
    const { outlineStyle, outlineWidth } = getComputedStyle(focused);
    return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
  });
}
