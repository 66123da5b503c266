import { expect } from "vitest";
import type { Page } from "playwright-core";
import { signUp as signUpAtAuth, stack } from "../../support/stack.ts";

/** A test card, as Stripe publishes them. */
export const cards = {
  good: "4242 4242 4242 4242",
  declined: "4000 0000 0000 0002",
} as const;

export interface Person {
  email: string;
  password: string;
}

/** Somebody nobody has seen before. */
export function newPerson(): Person {
  const id = crypto.randomUUID().slice(0, 8);
  return { email: `marie.${id}@example.com`, password: "a long sentence 42" };
}

/** Fills the sign-up form that is on screen and sends it. */
export async function signUp(page: Page, person: Person): Promise<void> {
  await page.getByRole("heading", { name: "Create your account" }).waitFor();
  await page.getByLabel("E-mail").fill(person.email);
  await page.getByLabel("Password", { exact: true }).fill(person.password);
  await page.getByRole("button", { name: "Create account" }).click();
}

/** From the landing page to the order, as a person who has no account yet. */
export async function chooseAsNewcomer(
  page: Page,
  shopUrl: string,
  offer: string,
): Promise<Person> {
  const person = newPerson();
  await page.goto(shopUrl);
  await page.getByRole("link", { name: offer }).click();
  await signUp(page, person);
  await page.getByRole("heading", { name: "Check your order" }).waitFor();
  return person;
}

/**
 * To the order, as somebody who has an account and is signed in: what the sign-up form would have left
 * in this browser is put there.
 */
export async function orderSignedIn(
  page: Page,
  shopUrl: string,
  price: string,
): Promise<Person> {
  const person = newPerson();
  const { client } = await signUpAtAuth(person);
  const { data } = await client.auth.getSession();
  const [host] = new URL(stack().supabaseUrl).hostname.split(".");
  await page.addInitScript(({ origin, key, session }) => {
    if (location.origin !== origin || sessionStorage.getItem("arrived") !== null) return;
    sessionStorage.setItem("arrived", "yes"); // once: whoever signs out afterwards stays signed out
    localStorage.setItem(key, session);
  }, { origin: shopUrl, key: `sb-${host}-auth-token`, session: JSON.stringify(data.session) });
  await page.goto(`${shopUrl}/checkout?price=${price}`);
  await page.getByRole("heading", { name: "Check your order" }).waitFor();
  return person;
}

/** Presses the order's button and waits for the hosted page, which is not the shop's. */
export async function leaveForCheckout(page: Page, shopUrl: string, button: string) {
  await page.getByRole("button", { name: button }).click();
  await page.waitForURL((url) => url.origin !== new URL(shopUrl).origin);
  await page.getByLabel(/card number/i).waitFor();
}

/** Fills the hosted page with a card and pays. */
export async function pay(page: Page, card: string): Promise<void> {
  await page.getByLabel(/card number/i).fill(card);
  await page.getByLabel(/expir/i).fill("12 / 34");
  await page.getByLabel(/cvc|security code/i).fill("123");
  await page.getByRole("button", { name: /^(pay|subscribe)/i }).click();
}

/** Waits until the return page says that the purchase reached this state. */
export async function expectStage(page: Page, stage: string): Promise<void> {
  await page.locator(`[data-stage="${stage}"]`).waitFor({ timeout: 30_000 });
}

/** The words of the subscription's card on the account page. */
export async function subscriptionText(page: Page): Promise<string> {
  const card = page.getByRole("region", { name: "Subscription" });
  await expect.poll(() => card.count()).toBe(1);
  return await card.innerText();
}
