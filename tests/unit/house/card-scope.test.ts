import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { listProjectFiles } from "../../../cli/list-project-files.ts";
import { ROOT } from "./root.ts";

// What ships or runs in a customer's browser. The Stripe twin in dev/ stands for Stripe's own pages.
const SHIPPED = /^(?:web|supabase\/functions|supabase\/migrations)\/.*\.(?:tsx?|sql|html|css)$/;

const STRIPE_IN_A_PAGE = /js\.stripe\.com|@stripe\/(?:stripe-js|react-stripe-js)|\bloadStripe\b/;
const STRIPE_PUBLISHABLE_KEY = /\bpk_(?:test|live)_\w|STRIPE_PUBLISHABLE_KEY/;
const EMBEDDED_CHECKOUT = /\bui_mode:\s*["'](?!hosted)|\bclient_secret\b/;
const CARD_FIELD =
  /autocomplete="cc-|\b(?:card_?number|cc_?number|cvc|cvv|security_?code|exp(?:iry)?_?(?:month|year))\b["'`]?\s*[:=?]/i;
// Where an expiry is read that Stripe answered or our table holds, line by line and counted; nobody
// sends one to us anywhere.
const READS_AN_EXPIRY: Readonly<Record<string, { lines: RegExp; count: number }>> = {
  "supabase/functions/_shared/projections/payment-method.ts": {
    lines: /^ {6}exp_(?:month|year): optionalInteger,$|\bcard\?\.exp_(?:month|year) \?\? null,$/gm,
    count: 4,
  },
  "web/src/billing/billing.ts": { lines: /^ {4}readonly exp(?:Month|Year): number;$/gm, count: 2 },
  "web/src/billing/read-payment-methods.ts": {
    lines: /\bexpMonth: card_exp_month, expYear: card_exp_year\b/g,
    count: 1,
  },
};
const CARD_COLUMN =
  /^\s+(?:pan|card_number|number_of_card|cvc|cvv|security_code|exp_month|exp_year|track_data)\s+(?:text|bytea|jsonb|integer|bigint)/im;

async function findIn(pattern: RegExp, files = SHIPPED): Promise<string[]> {
  const paths = (await listProjectFiles(ROOT)).filter((path) => files.test(path));
  const texts = await Promise.all(paths.map(readSource));
  expect(paths.length).toBeGreaterThan(20);
  return paths.filter((_path, index) => pattern.test(texts[index] ?? ""));
}

async function readSource(path: string): Promise<string> {
  const text = await readFile(join(ROOT, path), "utf8");
  const allowed = READS_AN_EXPIRY[path];
  if (allowed === undefined) return text;
  expect(text.match(allowed.lines)).toHaveLength(allowed.count);
  return text.replace(allowed.lines, "");
}

describe("what ships", () => {
  it("2.2a uses no publishable Stripe key, and the documents say so", async () => {
    expect(await findIn(STRIPE_PUBLISHABLE_KEY)).toEqual([]);
    expect(await readFile(join(ROOT, "docs/pci.md"), "utf8"))
      .toContain("Why no publishable Stripe key is needed");
  });

  it("6.1a loads nothing of Stripe's into a page and embeds no checkout", async () => {
    expect(await findIn(STRIPE_IN_A_PAGE)).toEqual([]);
    expect(await findIn(EMBEDDED_CHECKOUT)).toEqual([]);
    expect(await readFile(join(ROOT, "package.json"), "utf8")).not.toMatch(STRIPE_IN_A_PAGE);
  });

  it("6.1b has no field for card data in a page or a request", async () => {
    expect(await findIn(CARD_FIELD)).toEqual([]);
  });

  it("6.1c has no column for card data in a table", async () => {
    expect(await findIn(CARD_COLUMN)).toEqual([]);
  });
});

describe("the patterns of this scan", () => {
  it.each([
    [STRIPE_IN_A_PAGE, '<script src="https://js.stripe.com/v3/">'],
    [STRIPE_PUBLISHABLE_KEY, "pk_live_abc"],
    [EMBEDDED_CHECKOUT, 'ui_mode: "embedded_page"'],
    [CARD_FIELD, '<input autocomplete="cc-number">'],
    [CARD_FIELD, "  cardNumber: z.string()"],
    [CARD_FIELD, "cvc?: string"],
    [CARD_COLUMN, "create table t (\n  card_number text not null\n);"],
  ])("6.1a–c/2.2a match what they are for: %s", (pattern, text) => {
    expect(text).toMatch(pattern);
  });
});
