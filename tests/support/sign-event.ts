// Signs webhook deliveries as Stripe does, with nothing but WebCrypto: independent of the SDK and of
// the code under test.
import { toHex } from "../../supabase/functions/_shared/hex.ts";

/** UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** The v1 signature: HMAC-SHA256 of `timestamp.body`, lower-case hex. */
export async function signV1(
  body: Uint8Array,
  secret: string,
  timestamp: number | string,
): Promise<string> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", utf8(secret), algorithm, false, ["sign"]);
  const signed = new Uint8Array([...utf8(`${timestamp}.`), ...body]);
  return toHex(new Uint8Array(await crypto.subtle.sign("HMAC", key, signed)));
}

/** A whole `Stripe-Signature` header. */
export async function signatureHeader(
  body: Uint8Array,
  secret: string,
  timestamp: number,
): Promise<string> {
  return `t=${timestamp},v1=${await signV1(body, secret, timestamp)}`;
}
