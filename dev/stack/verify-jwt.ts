import { Buffer } from "node:buffer";
import { createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";

const header = z.object({ alg: z.literal("HS256") });
const claims = z.object({ exp: z.number().optional() });

/**
 * The platform's check before a function with `verify_jwt = true`: any token this project signed that has not expired.
 * @param nowSeconds unix time
 */
export function isValidJwt(token: string, secret: string, nowSeconds: number): boolean {
  const parts = token.split(".");
  const [head, body, signature] = parts;
  if (parts.length !== 3 || head === undefined || body === undefined || signature === undefined) {
    return false;
  }
  const expected = createHmac("sha256", secret).update(`${head}.${body}`).digest();
  const given = Buffer.from(signature, "base64url");
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return false;
  const parsed = claims.safeParse(decode(body));
  if (!header.safeParse(decode(head)).success || !parsed.success) return false;
  return parsed.data.exp === undefined || parsed.data.exp > nowSeconds;
}

function decode(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}
