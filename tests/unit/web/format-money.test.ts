import { expect, test } from "vitest";
import { formatMoney } from "../../../web/src/format/money.ts";

test("writes two decimals for a currency that has them", () => {
  expect(formatMoney(900, "usd")).toBe("$9.00");
  expect(formatMoney(123_456, "eur")).toBe("€1,234.56");
});

test("writes a zero-decimal currency as it is", () => {
  expect(formatMoney(5_000, "jpy")).toBe("¥5,000");
});

test("writes a three-decimal currency with three", () => {
  expect(formatMoney(5_125, "kwd").replace(/\s/, " ")).toBe("KWD 5.125");
});

test("follows Stripe, not ISO 4217, where they differ", () => {
  // ISO 4217 has no decimals for ISK; Stripe's amounts keep two.
  expect(formatMoney(50_000, "isk").replace(/\s/, " ")).toBe("ISK 500.00");
});

test("leaves out decimals that say nothing, when asked to", () => {
  expect(formatMoney(900, "usd", { short: true })).toBe("$9");
  expect(formatMoney(950, "usd", { short: true })).toBe("$9.50");
});
