import type Stripe from "stripe";
import { createStripe } from "../../supabase/functions/_shared/stripe-client.ts";
import { type CommandIo, UsageError } from "../command-io.ts";
import { readRunningStack } from "./stack-state.ts";

const STRIPE_API = "https://api.stripe.com";

/** Stripe as a command talks to it. */
export interface StripeTarget {
  readonly stripe: Stripe;
  readonly livemode: boolean;
}

/**
 * The key in `STRIPE_SECRET_KEY`, else the running local stack's. There is no option for it: every
 * user of a machine reads the arguments of every process.
 *
 * @throws UsageError that repeats nothing of the key
 */
export async function findStripe(io: CommandIo): Promise<StripeTarget> {
  const key = io.env["STRIPE_SECRET_KEY"] ?? "";
  if (key !== "") return connect(key, io.env["STRIPE_API_BASE"] || STRIPE_API);
  const stack = await readRunningStack(io.root);
  if (stack !== null) return connect(stack.stripeSecretKey, stack.stripeUrl);
  throw new UsageError("No Stripe key: start the local stack, or set STRIPE_SECRET_KEY");
}

function connect(key: string, apiBase: string): StripeTarget {
  const mode = /^(?:sk|rk)_(test|live)_[A-Za-z0-9_]{8,}$/.exec(key)?.[1];
  if (mode === undefined) throw new UsageError("STRIPE_SECRET_KEY is no secret or restricted key");
  const base = URL.parse(apiBase);
  const isLoopback = base !== null && ["127.0.0.1", "[::1]", "localhost"].includes(base.hostname);
  if (base === null || !(base.protocol === "https:" || (base.protocol === "http:" && isLoopback))) {
    throw new UsageError("STRIPE_API_BASE must be an https URL, or one of this machine");
  }
  if (mode === "live" && base.origin !== STRIPE_API) {
    throw new UsageError("A live key goes to api.stripe.com only: unset STRIPE_API_BASE");
  }
  return {
    stripe: createStripe({ stripeSecretKey: key, stripeApiBase: base.origin }),
    livemode: mode === "live",
  };
}
