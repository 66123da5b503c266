import process from "node:process";
import { afterEach, expect, it } from "vitest";
import { buildFunctionEnv } from "../../../dev/stack/function-env.ts";
import { generateSecrets } from "../../../dev/stack/secrets.ts";
import { loadConfig } from "../../../supabase/functions/_shared/config.ts";

const NAME = "PAYMENTS_ALLOWED_ORIGINS";
afterEach(() => void delete process.env[NAME]);

function origins(): readonly string[] {
  const env = buildFunctionEnv({
    supabaseUrl: "http://127.0.0.1:54321",
    webUrl: "http://127.0.0.1:3000",
    secrets: generateSecrets(["payments_checkout"]),
    stripeSecretKey: "rk_test_0123456789",
    webhookSecret: `whsec_${"x".repeat(32)}`,
    stripeApiBase: undefined,
    overrides: {},
  });
  return loadConfig("create-checkout", env).allowedOrigins;
}

it("the stack's functions answer the shop, and the origins of an app that is written beside it", () => {
  expect(origins()).toEqual(["http://127.0.0.1:3000"]);
  process.env[NAME] = "http://localhost:5173,http://localhost:4321";
  expect(origins()).toEqual([
    "http://127.0.0.1:3000",
    "http://localhost:5173",
    "http://localhost:4321",
  ]);
});

it("an origin that is none stops them instead of being left out", () => {
  process.env[NAME] = "localhost:5173";
  expect(origins).toThrow(NAME);
});
