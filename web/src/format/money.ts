/**
 * Digits after the point in Stripe's minor units, where they are not two.
 * Source: https://docs.stripe.com/currencies#zero-decimal (ISK and UGX are kept with two).
 */
const stripeDigits: ReadonlyMap<string, number> = new Map([
  ...["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv"]
    .map((currency) => [currency, 0] as const),
  ...["xaf", "xof", "xpf"].map((currency) => [currency, 0] as const),
  ...["bhd", "jod", "kwd", "omr", "tnd"].map((currency) => [currency, 3] as const),
]);

/**
 * Writes an amount the way people read it: `900`, `usd` → `$9.00`; `5000`, `jpy` → `¥5,000`.
 *
 * @param amountMinor The amount in Stripe's minor units of the currency.
 * @param currency Three letters, as Stripe writes them (lower case).
 * @param options `short` leaves the decimals out when they are all zero.
 */
export function formatMoney(
  amountMinor: number,
  currency: string,
  options: { short?: boolean; locale?: string } = {},
): string {
  const digits = stripeDigits.get(currency.toLowerCase()) ?? 2;
  const whole = options.short === true && amountMinor % 10 ** digits === 0;
  return new Intl.NumberFormat(options.locale ?? "en-US", {
    style: "currency",
    currency: currency.toUpperCase(),
    minimumFractionDigits: whole ? 0 : digits,
    maximumFractionDigits: digits,
  }).format(amountMinor / 10 ** digits);
}
