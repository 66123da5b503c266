import { z } from "zod";
import { flag, integer, metadata, text, timestamp, url } from "../engine/form-params.ts";
import { currencyParam, recurringParam } from "./prices.ts";
import { shippingParam } from "./shared-params.ts";

const locales = [
  ...[
    "auto",
    "bg",
    "cs",
    "da",
    "de",
    "el",
    "en",
    "en-GB",
    "es",
    "es-419",
    "et",
    "fi",
    "fil",
    "fr",
    "fr-CA",
    "hr",
  ],
  ...[
    "hu",
    "id",
    "it",
    "ja",
    "ko",
    "lt",
    "lv",
    "ms",
    "mt",
    "nb",
    "nl",
    "pl",
    "pt",
    "pt-BR",
    "ro",
    "ru",
    "sk",
    "sl",
  ],
  ...["sv", "th", "tr", "vi", "zh", "zh-HK", "zh-TW"],
] as const;

/** One line item of a new session. */
export const lineItemParam = z.strictObject({
  price: text.optional(),
  price_data: z.strictObject({
    currency: currencyParam,
    unit_amount: integer,
    product: text.optional(),
    product_data: z.strictObject({ name: text, metadata: metadata.optional() }).optional(),
    recurring: recurringParam.optional(),
  }).optional(),
  quantity: integer.optional(),
});

/** Parameters of `POST /v1/checkout/sessions`. */
export const checkoutParams = z.strictObject({
  allow_promotion_codes: flag.optional(),
  automatic_tax: z.strictObject({ enabled: z.literal("false") }).optional(),
  billing_address_collection: z.enum(["auto", "required"]).optional(),
  cancel_url: url.optional(),
  client_reference_id: text.optional(),
  customer: text.optional(),
  customer_creation: z.enum(["always", "if_required"]).optional(),
  customer_email: text.optional(),
  customer_update: z.strictObject({
    address: z.enum(["auto", "never"]).optional(),
    name: z.enum(["auto", "never"]).optional(),
    shipping: z.enum(["auto", "never"]).optional(),
  }).optional(),
  expires_at: timestamp.optional(),
  line_items: z.array(lineItemParam).optional(),
  locale: z.enum(locales).optional(),
  metadata: metadata.optional(),
  mode: z.enum(["payment", "subscription"]),
  payment_intent_data: z.strictObject({
    capture_method: z.enum(["automatic", "automatic_async", "manual"]).optional(),
    description: text.optional(),
    metadata: metadata.optional(),
    setup_future_usage: z.enum(["off_session", "on_session"]).optional(),
    shipping: shippingParam.optional(),
  }).optional(),
  payment_method_collection: z.enum(["always", "if_required"]).optional(),
  payment_method_types: z.array(z.enum(["card"])).optional(),
  submit_type: z.enum(["auto", "book", "donate", "pay", "subscribe"]).optional(),
  subscription_data: z.strictObject({
    description: text.optional(),
    metadata: metadata.optional(),
    trial_period_days: integer.optional(),
  }).optional(),
  success_url: url.optional(),
  ui_mode: z.enum(["hosted_page"]).optional(),
});

/** What they parse to. */
export type CheckoutParams = z.output<typeof checkoutParams>;
