import Stripe from "stripe";
import type { Config } from "./config.ts";

/** The API version this code was written against; webhook endpoints pin the same one. */
export const STRIPE_API_VERSION = "2026-10-28.endive";

const TIMEOUT_MS = 10_000;
const MAX_NETWORK_RETRIES = 2;

/**
 * The SDK with explicit time-outs, retries with the same idempotency key, no telemetry, and no
 * redirects: a redirected request would carry the key somewhere else (requirement 3.3b).
 */
export function createStripe(
  config: Pick<Config, "stripeSecretKey" | "stripeApiBase">,
): Stripe {
  const base = new URL(config.stripeApiBase);
  const https = base.protocol === "https:";
  return new Stripe(config.stripeSecretKey, {
    apiVersion: STRIPE_API_VERSION,
    httpClient: Stripe.createFetchHttpClient((input: RequestInfo | URL, init?: RequestInit) =>
      fetch(input, { ...init, redirect: "error" })
    ),
    timeout: TIMEOUT_MS,
    maxNetworkRetries: MAX_NETWORK_RETRIES,
    telemetry: false,
    emitEventBodies: false,
    host: base.hostname,
    port: base.port === "" ? (https ? 443 : 80) : Number(base.port),
    protocol: https ? "https" : "http",
    appInfo: { name: "supabase-stripe-payments" },
  });
}
