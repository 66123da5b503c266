import { describe, expect, it } from "vitest";
import {
  type Config,
  ConfigError,
  FUNCTION_NAMES,
  type FunctionName,
  loadConfig,
  OPTIONAL_VARIABLES,
  VARIABLES,
} from "../../../supabase/functions/_shared/config.ts";
import { developmentEnv, productionEnv } from "../../support/function-env.ts";

const MALFORMED: Record<keyof typeof VARIABLES | keyof typeof OPTIONAL_VARIABLES, string[]> = {
  SUPABASE_URL: ["not a url", "ftp://x.example", "https://x.example/path", "http://x.example"],
  SUPABASE_SECRET_KEYS: [
    "{",
    "[]",
    "{}",
    '{"payments_webhook":"sb_publishable_0123456789abcdef"}',
    '{"payments_webhook":"sb_secret_0123456789abcdef"',
  ],
  SUPABASE_PUBLISHABLE_KEYS: [
    "{",
    "{}",
    '{"default":"sb_secret_0123456789abcdef"}',
    '{"default":1}',
  ],
  PAYMENTS_ENV: ["prod", "Production", "test"],
  PAYMENTS_ALLOWED_ORIGINS: ["*", "https://a.example/", "https://a.example,", "a.example", "null"],
  PAYMENTS_ENCRYPTION_KEYS: ["{", "{}", '{"k1":"c2hvcnQ="}', '{"K 1":"c2hvcnQ="}'],
  STRIPE_SECRET_KEY: ["pk_test_0123456789abcdef", "whsec_0123456789abcdef", "sk_test_", "x"],
  STRIPE_WEBHOOK_SECRETS: [
    "sk_test_0123456789abcdef",
    "whsec_short",
    "whsec_0123456789abcdefghi,whsec_0123456789abcdefghi",
    Array.from({ length: 4 }, (_, index) => `whsec_0123456789abcdefgh${index}`).join(","),
  ],
  STRIPE_API_BASE: ["nonsense", "http://stripe.example", "https://api.stripe.com/v1"],
  PAYMENTS_HASH_KEY: ["c2hvcnQ=", "not base64!"],
  PAYMENTS_COUNTRY_HEADER: ["two words", "cf-ipcountry: DE", "x".repeat(65)],
  PAYMENTS_JWT_ISSUER: ["nonsense", "file:///x"],
  PAYMENTS_ALERT_SECRET: ["whsec_short", "secret", "whsec_not/base64!!"],
  PAYMENTS_ALERT_URL: ["nonsense", "ftp://x.example/", "https://user:pw@x.example/"],
  PAYMENTS_NOTIFY_SECRET: ["whsec_short", "secret", "whsec_not/base64!!"],
  PAYMENTS_NOTIFY_URL: ["nonsense", "ftp://x.example/", "https://user:pw@x.example/"],
  PAYMENTS_OUTBOX_SECRET: ["whsec_short", "secret", "whsec_not/base64!!"],
  PAYMENTS_OUTBOX_URL: ["nonsense", "ftp://x.example/", "https://user:pw@x.example/"],
  PAYMENTS_AUDIT_SIGNING_KEY: [
    "nonsense",
    "c2hvcnQ=",
    // an X25519 key: no signature can be made with it
    "MC4CAQAwBQYDK2VuBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
    // Ed25519, but not the listed one
    "MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
  ],
  PAYMENTS_AUDIT_PUBLIC_KEYS: [
    "{",
    "{}",
    "[]",
    '[{"id":"k1","public_key":"c2hvcnQ=","from":"2026-01-01T00:00:00.000Z"}]',
    '[{"id":"K 1","public_key":"c2hvcnQ=","from":"2026-01-01"}]',
  ],
  PAYMENTS_ANCHOR_URL: ["nonsense", "ftp://x.example/", "s3+https://x.example/bucket"],
  PAYMENTS_ANCHOR_CREDENTIALS: ["AKIAX", "a b:secret-secret", "AKIAEXAMPLE:short"],
  PAYMENTS_ALLOW_UNRESTRICTED_KEY: ["yes", "1", "TRUE"],
};

function reasonsOf(name: FunctionName, env: Record<string, string>): readonly string[] {
  try {
    loadConfig(name, env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.reasons;
    throw error;
  }
}

describe.each(FUNCTION_NAMES)("configuration of %s", (name) => {
  const needed = Object.entries(VARIABLES)
    .filter(([, users]) => users.some((user) => user === name)).map(([variable]) => variable);
  const foreign = Object.entries({ ...VARIABLES, ...OPTIONAL_VARIABLES })
    .filter(([, users]) => !users.some((user) => user === name)).map(([variable]) => variable);

  it("2.1b accepts the development and the production example", () => {
    expect(reasonsOf(name, developmentEnv())).toEqual([]);
    expect(reasonsOf(name, productionEnv())).toEqual([]);
  });

  it.each(needed)("2.1b refuses to work without %s and says so", (variable) => {
    const { [variable]: _removed, ...env } = developmentEnv();
    expect(reasonsOf(name, env)).toContain(`${variable} is not set`);
    expect(reasonsOf(name, { ...env, [variable]: "" })).toContain(`${variable} is not set`);
  });

  it.each(Object.entries(MALFORMED))(
    "2.1b refuses every malformed %s it uses",
    (variable, values) => {
      for (const value of values) {
        const reasons = reasonsOf(name, { ...developmentEnv(), [variable]: value });
        if (foreign.includes(variable)) expect(reasons).toEqual([]);
        else expect(reasons.join(), `${variable}=${value}`).toContain(variable);
      }
    },
  );

  it("2.1a names variables, never values", () => {
    for (const [variable, values] of Object.entries(MALFORMED)) {
      for (const value of values.filter((text) => text.length >= 8)) {
        const reasons = reasonsOf(name, { ...developmentEnv(), [variable]: value }).join();
        expect(reasons).not.toContain(value);
      }
    }
  });

  it("2.1b freezes what it read", () => {
    const config: Config = loadConfig(name, developmentEnv());
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.webhookSecrets)).toBe(true);
    expect(Object.isFrozen(config.encryptionKeys[0] ?? Object.freeze({}))).toBe(true);
  });
});

describe("keys and environments", () => {
  const test = "0123456789abcdef";
  it.each([
    ["development", `sk_test_${test}`, true],
    ["development", `rk_test_${test}`, true],
    ["development", `sk_live_${test}`, false],
    ["development", `rk_live_${test}`, false],
    ["staging", `sk_test_${test}`, true],
    ["staging", `rk_test_${test}`, true],
    ["staging", `sk_live_${test}`, false],
    ["staging", `rk_live_${test}`, false],
    ["production", `sk_test_${test}`, false],
    ["production", `rk_test_${test}`, false],
    ["production", `sk_live_${test}`, false],
    ["production", `rk_live_${test}`, true],
  ])("2.3a in %s, a key %s: accepted %s", (environment, key, accepted) => {
    const env = {
      ...(environment === "production" ? productionEnv() : developmentEnv()),
      PAYMENTS_ENV: environment,
      STRIPE_SECRET_KEY: key,
    };
    expect(reasonsOf("create-checkout", env).length === 0).toBe(accepted);
  });

  it("2.1c accepts an unrestricted live key only when that is said explicitly", () => {
    const env = { ...productionEnv(), STRIPE_SECRET_KEY: `sk_live_${test}` };
    expect(reasonsOf("create-checkout", env).join()).toContain("unrestricted");
    expect(reasonsOf("create-checkout", { ...env, PAYMENTS_ALLOW_UNRESTRICTED_KEY: "true" }))
      .toEqual([]);
  });

  it("2.2b refuses a publishable key in a secret's place and a secret key in its place", () => {
    const publishable = JSON.stringify({ payments_checkout: "sb_publishable_0123456789abcdef" });
    const secret = JSON.stringify({ default: "sb_secret_0123456789abcdef" });
    expect(reasonsOf("create-checkout", { ...developmentEnv(), SUPABASE_SECRET_KEYS: publishable }))
      .toContain("SUPABASE_SECRET_KEYS must hold secret keys");
    expect(reasonsOf("create-checkout", { ...developmentEnv(), SUPABASE_PUBLISHABLE_KEYS: secret }))
      .toContain("SUPABASE_PUBLISHABLE_KEYS must hold publishable keys");
    expect(
      reasonsOf("create-checkout", { ...developmentEnv(), STRIPE_SECRET_KEY: `pk_test_${test}` })
        .join(),
    ).toContain("not a publishable key");
  });

  it("2.2a needs no publishable key of Stripe anywhere", () => {
    const variables = Object.keys({ ...VARIABLES, ...OPTIONAL_VARIABLES });
    expect(variables.filter((variable) => /STRIPE_PUBLISHABLE/.test(variable))).toEqual([]);
  });

  it("5.2b has no fallback from a function's own key to the default one", () => {
    const env = {
      ...developmentEnv(),
      SUPABASE_SECRET_KEYS: JSON.stringify({ default: "sb_secret_0123456789abcdef" }),
    };
    expect(reasonsOf("stripe-webhook", env))
      .toEqual(["SUPABASE_SECRET_KEYS has no key named payments_webhook"]);
  });

  it("3.3b refuses another API base in production, and plain http to anywhere but this machine", () => {
    const base = { STRIPE_API_BASE: "https://stripe.example" };
    expect(reasonsOf("create-checkout", { ...productionEnv(), ...base }).join())
      .toContain("STRIPE_API_BASE must not be set in production");
    expect(
      reasonsOf("create-checkout", { ...productionEnv(), SUPABASE_URL: "http://127.0.0.1:1" })
        .join(),
    ).toContain("SUPABASE_URL must use https");
  });

  it("decision 7: production needs a place for the heads of the audit trail, and a bucket its keys", () => {
    const worker = (changes: Record<string, string>) =>
      reasonsOf("payments-worker", { ...productionEnv(), ...changes }).join();
    expect(worker({ PAYMENTS_ANCHOR_URL: "" })).toContain("PAYMENTS_ANCHOR_URL is not set");
    expect(worker({ PAYMENTS_ANCHOR_URL: "http://127.0.0.1:1/" })).toContain("must use https");
    const bucket = "s3+https://s3.example/bucket?region=eu";
    expect(worker({ PAYMENTS_ANCHOR_URL: bucket })).toContain("PAYMENTS_ANCHOR_CREDENTIALS");
    expect(
      worker({ PAYMENTS_ANCHOR_URL: bucket, PAYMENTS_ANCHOR_CREDENTIALS: "AKIDX:secret-secret" }),
    )
      .toBe("");
    expect(reasonsOf("payments-worker", developmentEnv())).toEqual([]);
  });
});
