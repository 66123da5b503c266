// Runs one edge function for a test, with an environment of the test's own, unmodified and in Deno.
import { join } from "node:path";
import { startFunction } from "../../dev/stack/function-process.ts";
import type { FunctionName } from "../../supabase/functions/_shared/config.ts";
import { stack } from "./stack.ts";

export interface RunningFunction {
  url: string;
  logs(): string[];
  stop(): Promise<void>;
}

/** The stack's own settings for a function; `changes` on top, an empty text removes one. */
export function functionEnv(changes: Record<string, string> = {}): Record<string, string> {
  const env = {
    SUPABASE_URL: stack().supabaseUrl,
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: stack().publishableKey }),
    SUPABASE_SECRET_KEYS: JSON.stringify(stack().secretKeys),
    PAYMENTS_ENV: "development",
    PAYMENTS_ALLOWED_ORIGINS: stack().webUrl,
    PAYMENTS_ENCRYPTION_KEYS: JSON.stringify({ k1: btoa("0123456789abcdef0123456789abcdef") }),
    PAYMENTS_HASH_KEY: btoa("0123456789abcdef0123456789abcdef"),
    STRIPE_SECRET_KEY: stack().stripeSecretKey,
    STRIPE_WEBHOOK_SECRETS: stack().webhookSecret,
    STRIPE_API_BASE: stack().stripeUrl,
    PAYMENTS_AUDIT_SIGNING_KEY: stack().auditSigningKey,
    PAYMENTS_AUDIT_PUBLIC_KEYS: stack().auditPublicKeys,
    ...changes,
  };
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
}

/** Starts it on a free port. It may reach only `allowedHosts` (`host:port`). */
export async function runFunction(
  name: FunctionName,
  env: Record<string, string>,
  allowedHosts: readonly string[],
): Promise<RunningFunction> {
  const lines: string[] = [];
  const running = await startFunction({
    name,
    supabaseFolder: join(stack().projectRoot, "supabase"),
    port: 0,
    env,
    // Deno reads an empty list as "everything": a host that resolves nowhere stands for nobody
    allowedHosts: allowedHosts.length > 0 ? allowedHosts : ["nobody.invalid:1"],
    guard: { addProcess: () => {}, removeProcess: () => {} },
    log: (line) => lines.push(line),
  });
  return {
    url: `http://127.0.0.1:${running.port()}`,
    logs: () => [...lines],
    stop: () => running.stop(),
  };
}
