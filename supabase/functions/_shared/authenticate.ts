import { z } from "zod";
import { PaymentError } from "./errors.ts";

const CLOCK_SKEW_SECONDS = 5;

/** Who is calling; nothing here comes from the request body. */
export interface Caller {
  readonly userId: string;
  readonly sessionId: string;
  /** From the Auth server's token; used once, to tell Stripe where receipts go. */
  readonly email: string | null;
}

/** A genuine token's claims, and whether the Auth server itself vouched for them just now. */
export interface VerifiedToken {
  claims: unknown;
  askedAuthServer: boolean;
}

/** Checks a token's signature; null when it is not genuine or over. */
export type VerifyToken = (token: string) => Promise<VerifiedToken | null>;

export interface Authenticator {
  verifyToken: VerifyToken;
  /** `iss` of the project's own Auth server; local symmetric tokens have none. */
  issuer: string;
  nowSeconds: () => number;
}

const claimsSchema = z.object({
  sub: z.uuid(),
  session_id: z.uuid(),
  role: z.literal("authenticated"),
  aud: z.union([
    z.literal("authenticated"),
    z.array(z.string()).refine((list) => list.includes("authenticated")),
  ]),
  exp: z.number(),
  iss: z.string().optional(),
  email: z.string().optional(),
  is_anonymous: z.boolean().optional(),
});

/**
 * Identifies the signed-in user of a request (requirement 5.1a, 5.1c). A token that is present and
 * wrong is refused, never downgraded. That the session still exists is the guard's check (5.1b).
 *
 * @throws PaymentError unauthorized, anonymous_user
 */
export async function authenticate(headers: Headers, auth: Authenticator): Promise<Caller> {
  const header = headers.get("authorization") ?? "";
  const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(header)?.[1];
  if (token === undefined) throw unauthorized("no bearer token");

  const verified = await auth.verifyToken(token);
  if (verified === null) throw unauthorized("token not genuine");
  const parsed = claimsSchema.safeParse(verified.claims);
  if (!parsed.success) {
    throw unauthorized(`claims refused: ${parsed.error.issues[0]?.path.join(".") ?? ""}`);
  }
  const claims = parsed.data;
  if (claims.exp <= auth.nowSeconds() - CLOCK_SKEW_SECONDS) throw unauthorized("token expired");
  // a published key may be shared with other issuers; the Auth server knows only its own tokens
  if (!verified.askedAuthServer && claims.iss !== auth.issuer) throw unauthorized("wrong issuer");
  if (claims.is_anonymous === true) throw new PaymentError("anonymous_user");
  return { userId: claims.sub, sessionId: claims.session_id, email: claims.email ?? null };
}

function unauthorized(detail: string): PaymentError {
  return new PaymentError("unauthorized", {
    detail,
    headers: { "WWW-Authenticate": 'Bearer realm="payments"' },
  });
}
