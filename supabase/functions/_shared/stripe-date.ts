/**
 * Stripe's own time of an answer, in unix seconds, from its Date header.
 *
 * The SDK types the headers as a plain object; on its fetch client they are a `Headers`. Both will do.
 *
 * @throws TypeError when the header is missing or unreadable
 */
export function stripeDate(response: { lastResponse: { headers: HeadersInit } }): number {
  const milliseconds = Date.parse(new Headers(response.lastResponse.headers).get("date") ?? "");
  if (Number.isNaN(milliseconds)) throw new TypeError("Stripe's answer has no Date header");
  return Math.floor(milliseconds / 1000);
}
