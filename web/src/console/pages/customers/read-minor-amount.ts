import { formatMoney } from "../../../format/money.ts";

/**
 * Reads an amount that a person typed into Stripe's minor units: `9.50`, `usd` → 950.
 *
 * @returns `undefined` for what is no positive amount, or has more digits than the currency
 */
export function readMinorAmount(text: string, currency: string): number | undefined {
  const [, whole, part = ""] = /^(\d{1,9})(?:\.(\d{1,3}))?$/.exec(text.trim()) ?? [];
  if (whole === undefined) return undefined;
  const digits = digitsOf(currency);
  if (part.length > digits) return undefined;
  const minor = Number(whole) * 10 ** digits + Number(part.padEnd(digits, "0"));
  return minor > 0 ? minor : undefined;
}

/** As many as the currency's amounts are written with. */
function digitsOf(currency: string): number {
  return /\.(\d+)/.exec(formatMoney(0, currency))?.[1]?.length ?? 0;
}
