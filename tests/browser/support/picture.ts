import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";

const folder = fileURLToPath(new URL("../../../docs/images", import.meta.url));

/** Takes a picture for the docs, when PAYMENTS_SCREENSHOTS=1 asks for them. */
export async function picture(page: Page, name: string): Promise<void> {
  if (process.env.PAYMENTS_SCREENSHOTS !== "1") return;
  await mkdir(folder, { recursive: true });
  await page.mouse.move(0, 0);
  await page.evaluate(() => document.fonts.ready.then(() => undefined));
  await page.screenshot({ path: join(folder, `${name}.png`), animations: "disabled" });
}
