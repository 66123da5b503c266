import type { Page } from "playwright-core";

/** Shows the page in a colour scheme, and waits until it is drawn in it: nothing fades any more. */
export async function drawIn(page: Page, colorScheme: "light" | "dark"): Promise<void> {
  await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
  // drawn anew as a whole: what lies under the mouse would change its colours a moment later
  await page.mouse.move(0, 0);
  await page.evaluate(async () => {
    await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
    await Promise.allSettled(document.getAnimations().map(({ finished }) => finished));
  });
}
