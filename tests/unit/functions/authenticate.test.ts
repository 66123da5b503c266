import { describe, expect, it } from "vitest";
import { authenticate } from "../../../supabase/functions/_shared/authenticate.ts";
import { PaymentError } from "../../../supabase/functions/_shared/errors.ts";

const NOW = 1_800_000_000;
const ISSUER = "https://project.example/auth/v1";
const CLAIMS = {
  sub: "11111111-1111-4111-8111-111111111111",
  session_id: "22222222-2222-4222-8222-222222222222",
  role: "authenticated",
  aud: "authenticated",
  exp: NOW + 3600,
  iss: ISSUER,
  email: "user@example.com",
};

async function outcome(
  claims: unknown,
  { header = "Bearer aa.bb.cc", askedAuthServer = false } = {},
): Promise<string> {
  const verifyToken = () => Promise.resolve(claims === null ? null : { claims, askedAuthServer });
  try {
    const headers = new Headers(header === "" ? {} : { authorization: header });
    await authenticate(headers, { verifyToken, issuer: ISSUER, nowSeconds: () => NOW });
    return "accepted";
  } catch (error) {
    if (error instanceof PaymentError) return error.code;
    throw error;
  }
}

describe("identity", () => {
  it("5.1a accepts a genuine token", async () => {
    expect(await outcome(CLAIMS)).toBe("accepted");
    expect(await outcome({ ...CLAIMS, aud: ["authenticated"] })).toBe("accepted");
  });

  it.each([
    ["no header", ""],
    ["another scheme", "Basic aa.bb.cc"],
    ["an API key", "Bearer sb_publishable_0123456789abcdef"],
    ["two tokens", "Bearer aa.bb.cc, Bearer aa.bb.cc"],
    ["an unsigned token", "Bearer aa.bb."],
  ])("5.1a refuses %s", async (_what, header) => {
    expect(await outcome(CLAIMS, { header })).toBe("unauthorized");
  });

  it.each([
    ["a token that is not genuine", null],
    ["another role", { ...CLAIMS, role: "service_role" }],
    ["role anon", { ...CLAIMS, role: "anon" }],
    ["another audience", { ...CLAIMS, aud: "other" }],
    ["another issuer", { ...CLAIMS, iss: "https://evil.example/auth/v1" }],
    ["no issuer on a token that was checked with a public key", { ...CLAIMS, iss: undefined }],
    ["a subject that is no uuid", { ...CLAIMS, sub: "admin" }],
    ["no session", { ...CLAIMS, session_id: undefined }],
    ["no expiry", { ...CLAIMS, exp: undefined }],
  ])("5.1a refuses %s", async (_what, claims) => {
    expect(await outcome(claims)).toBe("unauthorized");
  });

  it("5.1a accepts a token without issuer only from the Auth server that vouches for it", async () => {
    expect(await outcome({ ...CLAIMS, iss: undefined }, { askedAuthServer: true })).toBe(
      "accepted",
    );
  });

  it("5.1a refuses anonymous users", async () => {
    expect(await outcome({ ...CLAIMS, is_anonymous: true })).toBe("anonymous_user");
  });

  it.each([
    [NOW - 4, "accepted"],
    [NOW - 5, "unauthorized"],
    [NOW - 3600, "unauthorized"],
  ])("5.1c allows 5 s of skew: expiry %i", async (exp, expected) => {
    expect(await outcome({ ...CLAIMS, exp })).toBe(expected);
  });
});
