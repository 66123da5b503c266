import { OPTIONAL_VARIABLES, VARIABLES } from "../../supabase/functions/_shared/config.ts";
import type { StackSecrets } from "./secrets.ts";

/** What a function's environment is made of. */
export interface FunctionEnvInput {
  supabaseUrl: string;
  webUrl: string;
  secrets: StackSecrets;
  stripeSecretKey: string;
  webhookSecret: string;
  /** The Stripe twin's URL; undefined when the stack talks to Stripe itself. */
  stripeApiBase: string | undefined;
  /** Settings that a test or an operator puts on top; an empty string removes one. */
  overrides: Record<string, string>;
}

/** Settings without a development value: passed on when the stack's own environment has them. */
const optionalNames = Object.keys(OPTIONAL_VARIABLES);

/** A function may ask for these even where they are not set. */
const readableNames = [...Object.keys(VARIABLES), ...optionalNames];

/** The names for Deno's env permission: the documented variables and what is set besides. */
export function readableVariables(env: Record<string, string>): string[] {
  return [...new Set([...readableNames, ...Object.keys(env)])];
}

/** The functions' environment, with development values for everything docs/configuration.md lists. */
export function buildFunctionEnv(input: FunctionEnvInput): Record<string, string> {
  const { secrets } = input;
  const env: Record<string, string> = {
    SUPABASE_URL: input.supabaseUrl,
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: secrets.publishableKey }),
    SUPABASE_SECRET_KEYS: JSON.stringify(secrets.secretKeys),
    PAYMENTS_ENV: "development",
    // the shop, and whoever is being written beside it
    PAYMENTS_ALLOWED_ORIGINS: [
      input.webUrl,
      ...(Deno.env.get("PAYMENTS_ALLOWED_ORIGINS") ?? "").split(","),
    ]
      .filter((origin) => origin !== "").join(","),
    PAYMENTS_ENCRYPTION_KEYS: JSON.stringify({ dev: secrets.encryptionKey }),
    PAYMENTS_HASH_KEY: secrets.hashKey,
    PAYMENTS_AUDIT_SIGNING_KEY: secrets.auditKey.privateKey,
    PAYMENTS_AUDIT_PUBLIC_KEYS: JSON.stringify(secrets.auditKey.publicKeys),
    STRIPE_SECRET_KEY: input.stripeSecretKey,
    STRIPE_WEBHOOK_SECRETS: input.webhookSecret,
    ...(input.stripeApiBase === undefined ? {} : { STRIPE_API_BASE: input.stripeApiBase }),
  };
  for (const name of optionalNames) {
    const value = Deno.env.get(name);
    if (value !== undefined) env[name] = value;
  }
  const merged = Object.entries({ ...env, ...input.overrides });
  return Object.fromEntries(merged.filter(([, value]) => value !== ""));
}
