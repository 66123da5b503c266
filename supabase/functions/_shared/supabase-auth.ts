import { createClient } from "@supabase/supabase-js";
import type { Authenticator, VerifyToken } from "./authenticate.ts";
import type { Config } from "./config.ts";
import { PaymentError } from "./errors.ts";

const TIMEOUT_MS = 5_000;

/** The SDK throws its parser's errors for tokens that are none. */
function notAToken(): { data: null; error: null } {
  return { data: null, error: null };
}

/**
 * Verifies tokens with the project's Auth server: asymmetric ones against its published keys,
 * locally, symmetric ones by asking it.
 *
 * @see https://supabase.com/docs/reference/javascript/auth-getclaims
 */
export function createAuthenticator(config: Config, nowSeconds: () => number): Authenticator {
  const client = createClient(config.supabaseUrl, config.publishableKey, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    global: {
      fetch: (input, init) => fetch(input, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) }),
    },
  });
  const verifyToken: VerifyToken = async (token) => {
    const { data, error } = await client.auth.getClaims(token).catch(notAToken);
    if (error === null) {
      if (data === null) return null;
      return { claims: data.claims, askedAuthServer: data.header.alg.startsWith("HS") };
    }
    // an Auth server that cannot be reached is not a bad token
    if ((error.status ?? 0) >= 500 || error.name === "AuthRetryableFetchError") {
      throw new PaymentError("unavailable", {
        detail: "the Auth server did not answer",
        cause: error,
        headers: { "Retry-After": "5" },
      });
    }
    return null;
  };
  const issuer = config.jwtIssuer === "" ? `${config.supabaseUrl}/auth/v1` : config.jwtIssuer;
  return { verifyToken, issuer, nowSeconds };
}
