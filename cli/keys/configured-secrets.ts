import { z } from "zod";
import { fingerprint } from "../../supabase/functions/_shared/hex.ts";
import { UsageError } from "../command-io.ts";

/** A secret of the functions' environment, named by its fingerprint. */
export interface ConfiguredSecret {
  readonly fingerprint: string;
  readonly kind: "webhook_secret" | "function_key";
  /** The name of a function's key; of a webhook secret its place, from 1: the newest comes first. */
  readonly label: string;
}

const namedKeysSchema = z.record(z.string(), z.string());

/**
 * The secrets of an environment, as the functions read it. Only those that leave their fingerprint
 * somewhere: webhook secrets in events, functions' keys in audit rows.
 *
 * @throws UsageError when SUPABASE_SECRET_KEYS is no object of strings
 */
export async function configuredSecrets(
  env: Readonly<Record<string, string | undefined>>,
): Promise<ConfiguredSecret[]> {
  const webhook = (env["STRIPE_WEBHOOK_SECRETS"] ?? "").split(",").map((secret) => secret.trim())
    .filter((secret) => secret !== "");
  const named = Object.entries(readNamedKeys(env["SUPABASE_SECRET_KEYS"]))
    .filter(([name]) => name.startsWith("payments_"));
  return await Promise.all([
    ...webhook.map(async (secret, index) => ({
      fingerprint: await fingerprint(secret),
      kind: "webhook_secret" as const,
      label: String(index + 1),
    })),
    ...named.map(async ([name, secret]) => ({
      fingerprint: await fingerprint(secret),
      kind: "function_key" as const,
      label: name,
    })),
  ]);
}

function readNamedKeys(text: string | undefined): Record<string, string> {
  if (text === undefined || text === "") return {};
  try {
    return namedKeysSchema.parse(JSON.parse(text));
  } catch {
    throw new UsageError("SUPABASE_SECRET_KEYS is not a JSON object of names and keys");
  }
}
