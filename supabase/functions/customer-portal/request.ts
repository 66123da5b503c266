import { z } from "zod";
import { returnUrl } from "../_shared/return-url-schema.ts";

/** The body of `POST customer-portal`. */
export function portalSchema(allowedOrigins: readonly string[]) {
  return z.strictObject({
    return_url: returnUrl(allowedOrigins),
    flow: z.enum(["manage", "cancel", "update_payment_method"]).default("manage"),
  });
}

export type PortalRequest = z.infer<ReturnType<typeof portalSchema>>;
