import type { z } from "zod";
import { type AuditPublicKey, publicHalf } from "./audit/key-ring.ts";
import {
  anchorCredentialsSchema,
  anchorUrlSchema,
  booleanSchema,
  encryptionKeysSchema,
  environmentSchema,
  hashKeySchema,
  headerSchema,
  issuerSchema,
  originsSchema,
  publicKeysSchema,
  publishableKeysSchema,
  secretKeysSchema,
  signingKeySchema,
  sinkSecretSchema,
  sinkUrlSchema,
  stripeKeySchema,
  urlSchema,
  webhookSecretsSchema,
} from "./config-values.ts";

export type Environment = "development" | "staging" | "production";
export type EnvSource = Readonly<Record<string, string | undefined>>;

export const FUNCTION_NAMES = [
  "create-checkout",
  "customer-portal",
  "payments-worker",
  "stripe-webhook",
  "sync-billing",
] as const;
export type FunctionName = (typeof FUNCTION_NAMES)[number];

/** The database role each function works as; the secret key that carries it has the same name. */
const KEY_NAMES = {
  "create-checkout": "payments_checkout",
  "customer-portal": "payments_portal",
  "payments-worker": "payments_worker",
  "stripe-webhook": "payments_webhook",
  "sync-billing": "payments_sync",
} as const satisfies Record<FunctionName, string>;

/** Which function needs which variable; docs/configuration.md shows the same table. */
export const VARIABLES = {
  SUPABASE_URL: FUNCTION_NAMES,
  SUPABASE_SECRET_KEYS: FUNCTION_NAMES,
  SUPABASE_PUBLISHABLE_KEYS: ["create-checkout", "customer-portal", "sync-billing"],
  PAYMENTS_ENV: FUNCTION_NAMES,
  PAYMENTS_ALLOWED_ORIGINS: ["create-checkout", "customer-portal", "sync-billing"],
  PAYMENTS_ENCRYPTION_KEYS: FUNCTION_NAMES,
  PAYMENTS_HASH_KEY: ["create-checkout", "customer-portal", "sync-billing"],
  STRIPE_SECRET_KEY: ["create-checkout", "customer-portal", "payments-worker", "sync-billing"],
  STRIPE_WEBHOOK_SECRETS: ["stripe-webhook"],
  PAYMENTS_AUDIT_SIGNING_KEY: ["payments-worker"],
  PAYMENTS_AUDIT_PUBLIC_KEYS: ["payments-worker"],
} as const satisfies Record<string, readonly FunctionName[]>;

/** Read where set, refused where set and malformed. */
export const OPTIONAL_VARIABLES = {
  PAYMENTS_ALERT_SECRET: ["payments-worker"],
  PAYMENTS_ALERT_URL: ["payments-worker"],
  PAYMENTS_ALLOW_UNRESTRICTED_KEY: [
    "create-checkout",
    "customer-portal",
    "payments-worker",
    "sync-billing",
  ],
  PAYMENTS_ANCHOR_CREDENTIALS: ["payments-worker"],
  PAYMENTS_ANCHOR_URL: ["payments-worker"],
  PAYMENTS_COUNTRY_HEADER: ["create-checkout"],
  PAYMENTS_JWT_ISSUER: ["create-checkout", "customer-portal", "sync-billing"],
  PAYMENTS_NOTIFY_SECRET: ["payments-worker"],
  PAYMENTS_NOTIFY_URL: ["payments-worker"],
  PAYMENTS_OUTBOX_SECRET: ["payments-worker"],
  PAYMENTS_OUTBOX_URL: ["payments-worker"],
  STRIPE_API_BASE: ["create-checkout", "customer-portal", "payments-worker", "sync-billing"],
} as const satisfies Record<string, readonly FunctionName[]>;

export type VariableName = keyof typeof VARIABLES | keyof typeof OPTIONAL_VARIABLES;

const USERS: Readonly<Record<VariableName, readonly FunctionName[]>> = {
  ...VARIABLES,
  ...OPTIONAL_VARIABLES,
};

/** What a function may know of its surroundings. Absent: this function does not need it. */
export interface Config {
  readonly environment: Environment;
  readonly supabaseUrl: string;
  /** The secret key that carries this function's database role. */
  readonly databaseKey: string;
  /** The key payments-worker accepts; empty where it is not among the keys. */
  readonly workerKey: string;
  readonly publishableKey: string;
  /** `iss` of the Auth server's tokens, where it is not SUPABASE_URL/auth/v1 (a custom domain). */
  readonly jwtIssuer: string;
  readonly allowedOrigins: readonly string[];
  /** Header in which the edge names the client's country; empty where none does. */
  readonly countryHeader: string;
  readonly stripeSecretKey: string;
  readonly stripeApiBase: string;
  readonly webhookSecrets: readonly string[];
  readonly encryptionKeys: readonly EncryptionKey[];
  /** Key of the blind index (client addresses), base64. */
  readonly hashKey: string;
  /** Whether Stripe objects here are live ones. */
  readonly livemode: boolean;
  /** Where domain events go; empty where nobody wants them. */
  readonly outboxUrl: string;
  /** Signs domain events: base64 after `whsec_`, per Standard Webhooks. */
  readonly outboxSecret: string;
  /** Where alerts go: a Slack-compatible address, or one that takes signed messages; empty for nowhere. */
  readonly alertUrl: string;
  /** Signs alerts, per Standard Webhooks; empty for Slack itself, whose address is the secret. */
  readonly alertSecret: string;
  /** Where notices to people go that an incident touches; empty where nobody sends them on. */
  readonly notifyUrl: string;
  /** Signs notices: base64 after `whsec_`, per Standard Webhooks. */
  readonly notifySecret: string;
  /** Signs audit seals: Ed25519, PKCS#8 in base64. */
  readonly auditSigningKey: string;
  /** Public keys of audit seals, oldest first. */
  readonly auditPublicKeys: readonly AuditPublicKey[];
  /** Where heads of the audit trail are written; empty where nowhere. */
  readonly anchorUrl: string;
  /** `<access key id>:<secret access key>` of an S3-compatible anchor. */
  readonly anchorCredentials: string;
}

export interface EncryptionKey {
  readonly id: string;
  readonly base64: string;
}

/** Why a configuration was refused: variable names and reasons, never values. */
export class ConfigError extends Error {
  constructor(readonly reasons: readonly string[]) {
    super(reasons.join("; "));
    this.name = "ConfigError";
  }
}

const STRIPE_API = "https://api.stripe.com";
const SLACK_HOST = "hooks.slack.com";

/**
 * Reads, checks and freezes the configuration of one function. A variable that is set and malformed
 * is an error like a missing one; nothing falls back.
 *
 * @throws ConfigError with every reason at once
 */
export function loadConfig(name: FunctionName, env: EnvSource): Config {
  const reasons: string[] = [];
  const read = <T>(variable: VariableName, schema: z.ZodType<T>, absent: T): T => {
    if (!USERS[variable].includes(name)) return absent;
    const value = env[variable];
    if (value === undefined || value === "") {
      if (variable in VARIABLES) reasons.push(`${variable} is not set`);
      return absent;
    }
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    reasons.push(`${variable} ${parsed.error.issues[0]?.message ?? "is malformed"}`);
    return absent;
  };

  const environment = read("PAYMENTS_ENV", environmentSchema, "production");
  const secretKeys = read("SUPABASE_SECRET_KEYS", secretKeysSchema, {});
  const publishableKeys = read("SUPABASE_PUBLISHABLE_KEYS", publishableKeysSchema, {});
  const config: Config = {
    environment,
    livemode: environment === "production",
    supabaseUrl: read("SUPABASE_URL", urlSchema, ""),
    databaseKey: namedKey(secretKeys, KEY_NAMES[name], reasons, "SUPABASE_SECRET_KEYS"),
    workerKey: secretKeys[KEY_NAMES["payments-worker"]] ?? "",
    publishableKey: USERS.SUPABASE_PUBLISHABLE_KEYS.includes(name)
      ? namedKey(publishableKeys, "default", reasons, "SUPABASE_PUBLISHABLE_KEYS")
      : "",
    jwtIssuer: read("PAYMENTS_JWT_ISSUER", issuerSchema, ""),
    allowedOrigins: read("PAYMENTS_ALLOWED_ORIGINS", originsSchema, []),
    countryHeader: read("PAYMENTS_COUNTRY_HEADER", headerSchema, ""),
    stripeSecretKey: read("STRIPE_SECRET_KEY", stripeKeySchema, ""),
    stripeApiBase: read("STRIPE_API_BASE", urlSchema, STRIPE_API),
    webhookSecrets: read("STRIPE_WEBHOOK_SECRETS", webhookSecretsSchema, []),
    encryptionKeys: read("PAYMENTS_ENCRYPTION_KEYS", encryptionKeysSchema, []),
    hashKey: read("PAYMENTS_HASH_KEY", hashKeySchema, ""),
    outboxUrl: read("PAYMENTS_OUTBOX_URL", sinkUrlSchema, ""),
    outboxSecret: read("PAYMENTS_OUTBOX_SECRET", sinkSecretSchema, ""),
    alertUrl: read("PAYMENTS_ALERT_URL", sinkUrlSchema, ""),
    alertSecret: read("PAYMENTS_ALERT_SECRET", sinkSecretSchema, ""),
    notifyUrl: read("PAYMENTS_NOTIFY_URL", sinkUrlSchema, ""),
    notifySecret: read("PAYMENTS_NOTIFY_SECRET", sinkSecretSchema, ""),
    auditSigningKey: read("PAYMENTS_AUDIT_SIGNING_KEY", signingKeySchema, ""),
    auditPublicKeys: read("PAYMENTS_AUDIT_PUBLIC_KEYS", publicKeysSchema, []),
    anchorUrl: read("PAYMENTS_ANCHOR_URL", anchorUrlSchema, ""),
    anchorCredentials: read("PAYMENTS_ANCHOR_CREDENTIALS", anchorCredentialsSchema, ""),
  };
  const unrestrictedAllowed = read("PAYMENTS_ALLOW_UNRESTRICTED_KEY", booleanSchema, false);
  // without a known environment, what disagrees with it cannot be said
  if (reasons.every((reason) => !reason.startsWith("PAYMENTS_ENV "))) {
    reasons.push(...disagreements(config, unrestrictedAllowed));
    if (name === "payments-worker") reasons.push(...auditDisagreements(config));
  }
  if (reasons.length > 0) throw new ConfigError(reasons);
  return deepFreeze(config);
}

/** Rules that need more than one variable (requirements 2.1c, 2.3a, 3.3b, 4.3a). */
function disagreements(config: Config, unrestrictedAllowed: boolean): string[] {
  const reasons: string[] = [];
  const production = config.environment === "production";
  const key = config.stripeSecretKey;
  if (key !== "") {
    const live = /^(sk|rk)_live_/.test(key);
    if (production && !live) reasons.push("STRIPE_SECRET_KEY is a test key in production");
    if (!production && live) {
      reasons.push(`STRIPE_SECRET_KEY is a live key in ${config.environment}`);
    }
    if (key.startsWith("sk_live_") && !unrestrictedAllowed) {
      reasons.push(
        "STRIPE_SECRET_KEY is unrestricted: use rk_live_ or PAYMENTS_ALLOW_UNRESTRICTED_KEY",
      );
    }
  }
  if (production && config.stripeApiBase !== STRIPE_API) {
    reasons.push("STRIPE_API_BASE must not be set in production");
  }
  if ((config.outboxUrl === "") !== (config.outboxSecret === "")) {
    reasons.push("PAYMENTS_OUTBOX_URL and PAYMENTS_OUTBOX_SECRET go together");
  }
  const isSlack = config.alertUrl !== "" && new URL(config.alertUrl).hostname === SLACK_HOST;
  if (
    isSlack ? config.alertSecret !== "" : (config.alertUrl === "") !== (config.alertSecret === "")
  ) {
    reasons.push(
      `PAYMENTS_ALERT_URL and PAYMENTS_ALERT_SECRET go together, except that ${SLACK_HOST} takes none`,
    );
  }
  if ((config.notifyUrl === "") !== (config.notifySecret === "")) {
    reasons.push("PAYMENTS_NOTIFY_URL and PAYMENTS_NOTIFY_SECRET go together");
  }
  const urls = {
    SUPABASE_URL: config.supabaseUrl,
    STRIPE_API_BASE: config.stripeApiBase,
    PAYMENTS_OUTBOX_URL: config.outboxUrl,
    PAYMENTS_ALERT_URL: config.alertUrl,
    PAYMENTS_NOTIFY_URL: config.notifyUrl,
    PAYMENTS_ANCHOR_URL: config.anchorUrl.replace(/^s3\+/, ""),
  };
  for (const [variable, url] of Object.entries(urls)) {
    if (url === "" || url.startsWith("https://")) continue;
    if (!mayBePlain(new URL(url).hostname, config.environment)) {
      reasons.push(`${variable} must use https`);
    }
  }
  if (production && config.allowedOrigins.some((origin) => !origin.startsWith("https://"))) {
    reasons.push("PAYMENTS_ALLOWED_ORIGINS must use https in production");
  }
  return reasons;
}

/** Seals are worth as much as their keys and the copies of their heads (decision 7). */
function auditDisagreements(config: Config): string[] {
  const reasons: string[] = [];
  if (config.auditSigningKey !== "" && config.auditPublicKeys.length > 0) {
    const publicKey = publicHalf(config.auditSigningKey);
    if (!config.auditPublicKeys.some(({ public_key }) => public_key === publicKey)) {
      reasons.push("PAYMENTS_AUDIT_SIGNING_KEY is not among PAYMENTS_AUDIT_PUBLIC_KEYS");
    }
  }
  if (config.environment === "production" && config.anchorUrl === "") {
    reasons.push("PAYMENTS_ANCHOR_URL is not set, which production needs");
  }
  if (config.anchorUrl.startsWith("s3+") !== (config.anchorCredentials !== "")) {
    reasons.push("PAYMENTS_ANCHOR_CREDENTIALS goes with an s3+https PAYMENTS_ANCHOR_URL");
  }
  return reasons;
}

function namedKey(
  keys: Readonly<Record<string, string>>,
  keyName: string,
  reasons: string[],
  variable: string,
): string {
  const key = keys[keyName];
  if (key === undefined && Object.keys(keys).length > 0) {
    reasons.push(`${variable} has no key named ${keyName}`);
  }
  return key ?? "";
}

/**
 * Plain http: never in production, elsewhere to this machine, and in development to a container beside
 * this one (`supabase start` says http://kong:8000).
 */
function mayBePlain(hostname: string, environment: Environment): boolean {
  if (environment === "production") return false;
  if (["127.0.0.1", "[::1]", "localhost"].includes(hostname)) return true;
  return environment === "development" && /^[a-z][a-z0-9_-]*$/.test(hostname);
}

function deepFreeze<T extends object>(value: T): Readonly<T> {
  for (const inner of Object.values(value)) {
    if (typeof inner === "object" && inner !== null) deepFreeze(inner);
  }
  return Object.freeze(value);
}
