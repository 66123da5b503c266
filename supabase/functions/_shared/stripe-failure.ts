import Stripe from "stripe";
import { PaymentError } from "./errors.ts";

/**
 * True when Stripe definitely did not do what it was asked: a 4xx about the request itself. A
 * time-out, a 429, a 409 on a key still in use, a 5xx or an answer that cannot be read leaves it open
 * whether the object exists.
 *
 * @see https://docs.stripe.com/error-low-level
 */
export function isDefiniteRefusal(error: unknown): error is Stripe.errors.StripeError {
  if (!(error instanceof Stripe.errors.StripeError)) return false;
  if (error instanceof Stripe.errors.StripeIdempotencyError) return false;
  const status = error.statusCode ?? 0;
  return status >= 400 && status < 500 && status !== 409 && status !== 429;
}

/** True when Stripe answered that the object does not exist. */
export function isMissing(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeError && error.statusCode === 404;
}

/** True for a saved or fresh server error, which Stripe replays for the same idempotency key. */
export function isServerError(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeError && (error.statusCode ?? 0) >= 500;
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
