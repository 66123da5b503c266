import axe from "axe-core";
import type { Page } from "playwright-core";

const RULES = {
  all: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  colours: { type: "rule", values: ["color-contrast", "link-in-text-block"] },
};

/**
 * Runs axe-core's rules for WCAG 2.2 A and AA and its best practices on the page as it is.
 *
 * @param what "colours": only what another colour scheme can break
 * @returns One line for each serious or critical violation: rule, and the elements it found.
 */
export async function findViolations(
  page: Page,
  what: "all" | "colours" = "all",
): Promise<string[]> {
  // Evaluated, not added as a script element: the page's own policy would refuse that.
  if (await page.evaluate(`typeof axe === "undefined"`)) await page.evaluate(axe.source);
  const found: unknown = await page.evaluate(`axe.run(document, {
    resultTypes: ["violations"],
    runOnly: ${JSON.stringify(RULES[what])},
  }).then(({ violations }) => violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => id + ": " + nodes.map(({ target }) => target.join(" ")).join(", ")))`);
  if (!Array.isArray(found)) throw new Error("axe-core gave no list");
  return found.map(String);
}
