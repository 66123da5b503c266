import { z } from "zod";
import { returnUrl } from "../_shared/return-url-schema.ts";

const MAX_ITEMS = 20;
const MAX_QUANTITY = 999_999;

/** @see https://docs.stripe.com/api/checkout/sessions/create#create_checkout_session-locale */
// deno-fmt-ignore
const LOCALES = [
  "auto", "bg", "cs", "da", "de", "el", "en", "en-GB", "es", "es-419", "et", "fi", "fil", "fr",
  "fr-CA", "hr", "hu", "id", "it", "ja", "ko", "lt", "lv", "ms", "mt", "nb", "nl", "pl", "pt",
  "pt-BR", "ro", "ru", "sk", "sl", "sv", "th", "tr", "vi", "zh", "zh-HK", "zh-TW",
] as const;

/** The body of `POST create-checkout`. The amount is not among the fields: the catalogue knows it. */
export function checkoutSchema(allowedOrigins: readonly string[]) {
  return z.strictObject({
    mode: z.enum(["subscription", "payment"]),
    items: z.array(z.strictObject({
      price: z.string().regex(/^[\w.:-]{1,200}$/),
      quantity: z.number().int().min(1).max(MAX_QUANTITY),
    })).min(1).max(MAX_ITEMS),
    success_url: returnUrl(allowedOrigins),
    cancel_url: returnUrl(allowedOrigins),
    idempotency_key: z.string().regex(/^[\x21-\x7e]{1,255}$/).optional(),
    locale: z.enum(LOCALES).optional(),
  });
}

export type CheckoutRequest = z.infer<ReturnType<typeof checkoutSchema>>;
