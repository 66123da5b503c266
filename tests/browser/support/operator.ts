import type { Page } from "playwright-core";
import type postgres from "postgres";
import { type SignedInUser, signUp } from "../../support/stack.ts";

/** A member of staff who has just been given this role. */
export async function makeMember(
  sql: postgres.Sql,
  role: "admin" | "finance" | "support" | "auditor",
): Promise<SignedInUser> {
  const member = await signUp({ email: `mara-${crypto.randomUUID().slice(0, 4)}@example.com` });
  await sql`insert into payments_private.staff_members (user_id, role, granted_by)
    values (${member.user.id}, ${role}, 'test')`;
  return member;
}

/** Signs in at the console's door, and says what they are working on. */
export async function enterConsole(
  page: Page,
  shopUrl: string,
  { email, password, user }: SignedInUser,
  reason = "ticket 4711",
): Promise<void> {
  await page.addInitScript(({ key, given }) => {
    if (sessionStorage.getItem(key) === null) sessionStorage.setItem(key, given);
  }, { key: `payments-console-reason:${user.id}`, given: reason });
  await page.goto(`${shopUrl}/console/`);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
}

/** Goes to a page of the console by its address, and waits until it is drawn. */
export async function openPage(page: Page, route: string): Promise<void> {
  await page.evaluate((hash) => {
    location.hash = hash;
  }, `#/${route}`);
  await page.locator(`main[data-route="${route.replace(/\?.*$/, "")}"]`).waitFor();
}

/** Answers the question that is open: a reason, then the button that does it. */
export async function confirm(page: Page, button: string, reason = "ticket 4711"): Promise<void> {
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Reason").fill(reason);
  await dialog.getByRole("button", { name: button, exact: true }).click();
}
