import { TwinError } from "./errors.ts";

const unauthorized = (message: string) =>
  new TwinError(401, { type: "invalid_request_error", message });

/** The key of a request, from Bearer or Basic; 401 as at Stripe when it is missing or not one of `keys`. */
export function authenticate(authorization: string | null, keys: ReadonlySet<string>): string {
  if (authorization === null) {
    throw unauthorized(
      "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details.",
    );
  }
  const key = readKey(authorization);
  if (key === undefined || key === "") throw unauthorized("You did not provide an API key.");
  if (keys.has(key)) return key;
  if (/^[sr]k_live_/.test(key)) {
    throw unauthorized("Invalid API Key provided: a live mode key; the twin knows test mode only");
  }
  throw unauthorized(`Invalid API Key provided: ${mask(key)}`);
}

function readKey(authorization: string): string | undefined {
  const [scheme = "", value = ""] = authorization.split(" ", 2);
  if (scheme.toLowerCase() === "bearer") return value.trim();
  if (scheme.toLowerCase() !== "basic") return undefined;
  try {
    return atob(value).split(":")[0];
  } catch {
    return undefined;
  }
}

/** `sk_test_abcdefgh1234` becomes `sk_test_********1234`. */
function mask(key: string): string {
  const prefix = /^[a-z]+_[a-z]+_/.exec(key)?.[0] ?? "";
  const secret = key.slice(prefix.length);
  const shown = secret.length > 8 ? secret.slice(-4) : "";
  return `${prefix}${"*".repeat(secret.length - shown.length)}${shown}`;
}
