import Stripe from "stripe";
import type { LogFields } from "./log.ts";

/**
 * Names whatever was thrown for the log: its class and codes. Messages are left out, they may quote
 * input. Survives objects whose properties throw.
 */
export function describeCause(cause: unknown): LogFields {
  try {
    return readCause(cause);
  } catch {
    return { error_name: "unreadable" };
  }
}

function readCause(cause: unknown): LogFields {
  if (cause === undefined) return {};
  if (typeof cause !== "object" || cause === null) return { error_name: typeof cause };
  const fields: LogFields = {};
  if ("name" in cause && typeof cause.name === "string") fields.error_name = cause.name;
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
  if (cause instanceof Stripe.errors.StripeError) {
    fields.error_name = cause.type;
    fields.stripe_code = cause.code ?? null;
    fields.stripe_status = cause.statusCode ?? null;
    fields.stripe_request_id = cause.requestId ?? null;
  } else if (code !== undefined) fields.database_code = code;
  return fields;
}
