import { expect, test } from "vitest";
import { readSettings } from "../../../web/src/settings/read-settings.ts";

const url = "https://project.supabase.co";
const key = "sb_publishable_abc";

function faultsOf(env: Record<string, unknown>): readonly string[] {
  const reading = readSettings(env);
  return reading.ok ? [] : reading.faults;
}

function withKey(value: string): Record<string, unknown> {
  return { VITE_SUPABASE_URL: url, VITE_SUPABASE_PUBLISHABLE_KEY: value };
}

function jwtOf(role: string): string {
  return `eyJhbGciOiJIUzI1NiJ9.${btoa(JSON.stringify({ iss: "supabase", role }))}.c2ln`;
}

test("takes a URL and a publishable key", () => {
  expect(readSettings(withKey(key))).toEqual({
    ok: true,
    settings: { supabaseUrl: url, publishableKey: key },
  });
});

test("takes a legacy anon key", () => {
  expect(faultsOf(withKey(jwtOf("anon")))).toEqual([]);
});

test("names everything that is missing", () => {
  expect(faultsOf({})).toEqual(["url_missing", "key_missing"]);
});

test("2.2a refuses each kind of secret in the publishable key's place", () => {
  for (
    const secret of ["sb_secret_x", "sk_test_x", "rk_live_x", "whsec_x", jwtOf("service_role")]
  ) {
    expect(faultsOf(withKey(secret)), secret).toEqual(["key_is_secret"]);
  }
});

test("2.2a refuses a Stripe publishable key in the Supabase key's place", () => {
  expect(faultsOf(withKey("pk_test_x"))).toEqual(["key_is_stripes"]);
});

test("2.2a refuses a string that is no key at all", () => {
  expect(faultsOf(withKey("hello"))).toEqual(["key_unknown"]);
});

test("2.2a still refuses when only the kind of the key is left", () => {
  expect(faultsOf(withKey("refused:supabase_secret"))).toEqual(["key_is_secret"]);
  expect(faultsOf(withKey("refused:service_role"))).toEqual(["key_is_secret"]);
});

test("allows plain http for the loopback address only", () => {
  const of = (address: string) =>
    faultsOf({ VITE_SUPABASE_URL: address, VITE_SUPABASE_PUBLISHABLE_KEY: key });
  expect(of("http://127.0.0.1:54321")).toEqual([]);
  expect(of("http://project.supabase.co")).toEqual(["url_not_https"]);
  expect(of("ftp://project.supabase.co")).toEqual(["url_malformed"]);
  expect(of("project")).toEqual(["url_malformed"]);
});
