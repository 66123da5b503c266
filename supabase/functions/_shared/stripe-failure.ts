import Stripe from "stripe";
import { PaymentError } from "./errors.ts";

/**
 * True when Stripe definitely did not do what it was asked: it refused the request itself (400, 402,
 * 404). Everything else leaves it open whether the object exists: a time-out, a 429, a 409 on a key in
 * use, a 5xx, an answer that cannot be read; and a 401 or 403 says something about our key only.
 *
 * @see https://docs.stripe.com/error-low-level
 */
export function isDefiniteRefusal(error: unknown): error is Stripe.errors.StripeError {
  if (!(error instanceof Stripe.errors.StripeError)) return false;
  if (error instanceof Stripe.errors.StripeIdempotencyError) return false;
  return [400, 402, 404].includes(error.statusCode ?? 0);
}

/**
 * True when Stripe answered that the object does not exist: 404 where its id is in the path, 400 where
 * it is a parameter (the entitlements of a deleted customer).
 */
export function isMissing(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeError &&
    (error.statusCode === 404 || error.code === "resource_missing");
}

/**
 * True for a server error that Stripe saved and replays for its idempotency key. A fresh one proves
 * nothing: the first request may still be on its way, and another key would make a second object.
 *
 * @see https://docs.stripe.com/api/idempotent_requests
 */
export function isSavedError(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeError && (error.statusCode ?? 0) >= 500 &&
    new Headers(error.headers ?? {}).get("idempotent-replayed") === "true";
}

/** Turns whatever a call to Stripe threw into a 502; errors of our own pass through. */
export function toStripeFailure(error: unknown, attempted: string): PaymentError {
  if (error instanceof PaymentError) return error;
  return new PaymentError("stripe_failed", {
    detail: attempted,
    cause: error,
    headers: { "Retry-After": "5" },
  });
}
