import Stripe from "stripe";
import { STRIPE_API_VERSION } from "../../supabase/functions/_shared/stripe-client.ts";
import { startTwin, type Twin } from "../stripe-twin/start-twin.ts";
import type { Log } from "./log.ts";
import type { ProcessGuard } from "./process.ts";
import { startStripeListen } from "./stripe-listen.ts";
import type { StackSecrets } from "./secrets.ts";

/** Stripe as the stack sees it: the twin, or Stripe's own test mode. */
export interface StripeSide {
  readonly url: string;
  /** For STRIPE_API_BASE; undefined when the functions talk to Stripe itself. */
  readonly apiBase: string | undefined;
  readonly secretKey: string;
  readonly webhookSecret: string;
  readonly twin: Twin | undefined;
  readonly client: Stripe;
  /** Sends events to this URL from now on. */
  deliverTo(webhookUrl: string, events: readonly string[]): Promise<void>;
  /** Resolves when no delivery is pending; at once for Stripe itself, which does not say. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

/** Starts the twin on a port of 127.0.0.1. */
export async function startTwinSide(
  port: number,
  secrets: StackSecrets,
  log: Log,
): Promise<StripeSide> {
  const twin = await startTwin({
    hostname: "127.0.0.1",
    port,
    apiKeys: [secrets.stripeSecretKey],
    log,
  });
  return {
    url: twin.url,
    apiBase: twin.url,
    secretKey: secrets.stripeSecretKey,
    webhookSecret: secrets.webhookSecret,
    twin,
    client: new Stripe(secrets.stripeSecretKey, {
      protocol: "http",
      host: "127.0.0.1",
      port,
      telemetry: false,
    }),
    deliverTo(url, events) {
      twin.setEndpoints([{
        url,
        secret: secrets.webhookSecret,
        enabledEvents: [...events],
        apiVersion: STRIPE_API_VERSION,
      }]);
      return Promise.resolve();
    },
    idle: () => twin.idle(),
    close: () => twin.close(),
  };
}

/** Uses Stripe's test mode; the Stripe CLI brings the webhooks here. */
export async function useStripeItself(
  secretKey: string,
  guard: ProcessGuard,
  log: Log,
): Promise<StripeSide> {
  const listen = await startStripeListen({ secretKey, guard, log });
  return {
    url: "https://api.stripe.com",
    apiBase: undefined,
    secretKey,
    webhookSecret: listen.webhookSecret,
    twin: undefined,
    client: new Stripe(secretKey, { telemetry: false }),
    deliverTo: (url, events) => listen.forwardTo(url, events),
    idle: () => Promise.resolve(),
    close: () => listen.stop(),
  };
}
