/** Headers of every response, whatever its status (requirement 4.3b). */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = Object.freeze({
  "Cache-Control": "no-store",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Referrer-Policy": "no-referrer",
  "Strict-Transport-Security": "max-age=63072000; includeSubDomains; preload",
  "X-Content-Type-Options": "nosniff",
});

const ALLOWED_REQUEST_HEADERS = "authorization, apikey, content-type, x-client-info";
const EXPOSED_RESPONSE_HEADERS =
  "X-Request-Id, Retry-After, RateLimit, RateLimit-Policy, Content-Type";

/**
 * CORS headers for an origin that is on the allow-list, to the letter; no grant for any other.
 * `Vary: Origin` is always there, so that no cache hands one origin's grant to another.
 */
export function corsHeaders(
  origin: string | null,
  allowedOrigins: readonly string[],
  isPreflight: boolean,
): Record<string, string> {
  if (origin === null || !allowedOrigins.includes(origin)) return { Vary: "Origin" };
  const granted = {
    "Access-Control-Allow-Origin": origin,
    "Access-Control-Expose-Headers": EXPOSED_RESPONSE_HEADERS,
    Vary: "Origin",
  };
  if (!isPreflight) return granted;
  return {
    ...granted,
    "Access-Control-Allow-Methods": "POST, OPTIONS",
    "Access-Control-Allow-Headers": ALLOWED_REQUEST_HEADERS,
    "Access-Control-Max-Age": "600",
  };
}
