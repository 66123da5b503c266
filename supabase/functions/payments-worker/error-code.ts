import Stripe from "stripe";

/** A short name of what was thrown, for the database and the log; never a message. */
export function errorCode(error: unknown): string {
  if (error instanceof Stripe.errors.StripeError) return error.code ?? error.type;
  return error instanceof Error ? error.name : "unknown";
}
