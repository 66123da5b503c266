import { z } from "zod";
import { PaymentError } from "./errors.ts";

/** What every guard may answer, beside its operation's own refusals. */
export const sharedRefusals = [
  z.object({ decision: z.literal("refuse"), code: z.literal("switched_off") }),
  z.object({ decision: z.literal("refuse"), code: z.literal("session_ended") }),
  z.object({ decision: z.literal("refuse"), code: z.literal("sign_in_again") }),
  z.object({ decision: z.literal("refuse"), code: z.literal("second_factor_required") }),
  z.object({ decision: z.literal("refuse"), code: z.literal("forbidden") }),
  z.object({ decision: z.literal("refuse"), code: z.literal("on_hold") }),
  z.object({
    decision: z.literal("refuse"),
    code: z.literal("rate_limited"),
    limit: z.object({
      bucket: z.enum(["user", "address", "stripe"]),
      /** Seconds, both. */
      retry_after: z.number(),
      window: z.number(),
      quota: z.number(),
    }),
  }),
] as const;

export const sharedRefusal = z.discriminatedUnion("code", sharedRefusals);
export type SharedRefusal = z.infer<typeof sharedRefusal>;

const SWITCHED_OFF_RETRY_SECONDS = 60;

/**
 * A guard's refusal as the error to be told. A limit carries Retry-After and the fields of
 * draft-ietf-httpapi-ratelimit-headers-10.
 *
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/10/
 */
export function refusalError(refusal: SharedRefusal): PaymentError {
  if (refusal.code === "switched_off") return switchedOff();
  if (refusal.code !== "rate_limited") return new PaymentError(refusal.code);
  const { bucket, retry_after, window, quota } = refusal.limit;
  return new PaymentError("rate_limited", {
    detail: `limit ${bucket}`,
    headers: {
      "Retry-After": String(retry_after),
      "RateLimit-Policy": `"${bucket}";q=${quota};w=${window}`,
      RateLimit: `"${bucket}";r=0;t=${retry_after}`,
    },
  });
}

/** A kill switch is thrown. */
export function switchedOff(): PaymentError {
  return new PaymentError("switched_off", {
    headers: { "Retry-After": String(SWITCHED_OFF_RETRY_SECONDS) },
  });
}
