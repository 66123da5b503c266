import { generateKeyPairSync, randomBytes } from "node:crypto";
import type { AuditPublicKey } from "../../supabase/functions/_shared/audit/key-ring.ts";

/** Everything secret in one stack, made anew at each start. */
export interface StackSecrets {
  superuserPassword: string;
  postgresPassword: string;
  authenticatorPassword: string;
  jwtSecret: string;
  publishableKey: string;
  /** By name; the name is the database role, except "default", which is service_role. */
  secretKeys: Record<string, string>;
  stripeSecretKey: string;
  webhookSecret: string;
  encryptionKey: string;
  hashKey: string;
  auditKey: { privateKey: string; publicKeys: AuditPublicKey[] };
}

/** Makes random secrets in the shapes that hosted Supabase and Stripe use. */
export function generateSecrets(secretKeyNames: readonly string[]): StackSecrets {
  return {
    superuserPassword: token(24),
    postgresPassword: token(24),
    authenticatorPassword: token(24),
    jwtSecret: token(40),
    publishableKey: `sb_publishable_${token(24)}`,
    secretKeys: Object.fromEntries(
      secretKeyNames.map((name) => [name, `sb_secret_${token(24)}`]),
    ),
    stripeSecretKey: `rk_test_${alphanumeric(48)}`,
    webhookSecret: `whsec_${alphanumeric(32)}`,
    encryptionKey: randomBytes(32).toString("base64"),
    hashKey: randomBytes(32).toString("base64"),
    auditKey: generateAuditKey(),
  };
}

function generateAuditKey(): StackSecrets["auditKey"] {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return {
    privateKey: privateKey.export({ format: "der", type: "pkcs8" }).toString("base64"),
    publicKeys: [{
      id: "dev",
      public_key: publicKey.export({ format: "der", type: "spki" }).toString("base64"),
      from: "2026-01-01T00:00:00.000Z",
    }],
  };
}

function token(bytes: number): string {
  return randomBytes(bytes).toString("base64url");
}

function alphanumeric(length: number): string {
  let text = "";
  while (text.length < length) {
    text += randomBytes(64).toString("base64").replace(/[^A-Za-z0-9]/g, "");
  }
  return text.slice(0, length);
}
