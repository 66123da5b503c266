import { z } from "zod";
import { isAllowedReturnUrl } from "./return-url.ts";

/** A return URL on the allow-list, passed on exactly as received. */
export function returnUrl(allowedOrigins: readonly string[]): z.ZodType<string> {
  return z.string().refine((text) => isAllowedReturnUrl(text, allowedOrigins), {
    params: { code: "url_not_allowed" },
  });
}
