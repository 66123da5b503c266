import { fingerprint } from "./hex.ts";

/** Largest distance of a signature's timestamp from now, in either direction. */
export const TOLERANCE_SECONDS = 300;
const MAX_HEADER_BYTES = 4096;
const MAX_SIGNATURES = 10;
const MAX_SECRETS = 3;
const HMAC_BYTES = 32;

export type SignatureFailure =
  | "missing_header"
  | "header_too_long"
  | "malformed_header"
  | "too_many_signatures"
  | "no_signature"
  | "timestamp_too_old"
  | "timestamp_in_future"
  | "unreadable_body"
  | "mismatch";

export type SignatureResult =
  | { ok: true; timestamp: number; secretFingerprint: string; secretIndex: number }
  | { ok: false; failure: SignatureFailure };

/** Verifies one delivery. `nowSeconds` is unix time; `body` the raw bytes as received. */
export type VerifySignature = (
  body: Uint8Array<ArrayBuffer>,
  header: string | null,
  nowSeconds: number,
) => Promise<SignatureResult>;

interface ParsedHeader {
  timestamp: number;
  /** Exactly the digits that were signed. */
  timestampText: string;
  signatures: Uint8Array<ArrayBuffer>[];
}

/**
 * A strict verifier of Stripe's `Stripe-Signature` header (scheme v1: HMAC-SHA256 over
 * `timestamp + "." + body`). Stricter than the SDK: one `t` of plain digits, ±300 s in both
 * directions, no option to widen it, a body of plain UTF-8; see docs/adr/0002.
 *
 * @param secrets the whole signing secrets ("whsec_…"), 1–3, newest first; all are tried
 * @throws RangeError for no secret or more than three
 * @see https://docs.stripe.com/webhooks#verify-manually
 */
export function createSignatureVerifier(secrets: readonly string[]): VerifySignature {
  if (secrets.length < 1 || secrets.length > MAX_SECRETS) {
    throw new RangeError("give one to three webhook secrets");
  }
  // imported once and kept: importing costs more than verifying
  const keys = secrets.map(async (secret) => ({
    key: await importKey(secret),
    secretFingerprint: await fingerprint(secret),
  }));

  return async (body, header, nowSeconds) => {
    const parsed = parseHeader(header);
    if (!parsed.ok) return parsed;
    const { timestamp, timestampText, signatures } = parsed.value;
    if (!isPlainText(body)) return refused("unreadable_body");

    const signed = concat(new TextEncoder().encode(`${timestampText}.`), body);
    // every key against every signature, without stopping early: time tells nothing about which
    let match: { secretIndex: number; secretFingerprint: string } | undefined;
    for (const [secretIndex, pending] of keys.entries()) {
      const { key, secretFingerprint } = await pending;
      for (const signature of signatures) {
        // crypto.subtle.verify compares in constant time
        if (await crypto.subtle.verify("HMAC", key, signature, signed)) {
          match ??= { secretIndex, secretFingerprint };
        }
      }
    }
    if (match === undefined) return refused("mismatch");
    // after the signature, so that only its sender learns about our clock
    if (timestamp < nowSeconds - TOLERANCE_SECONDS) return refused("timestamp_too_old");
    if (timestamp > nowSeconds + TOLERANCE_SECONDS) return refused("timestamp_in_future");
    return { ok: true, timestamp, ...match };
  };
}

function refused(failure: SignatureFailure): { ok: false; failure: SignatureFailure } {
  return { ok: false, failure };
}

function parseHeader(
  header: string | null,
): { ok: true; value: ParsedHeader } | { ok: false; failure: SignatureFailure } {
  if (header === null || header === "") return refused("missing_header");
  if (header.length > MAX_HEADER_BYTES) return refused("header_too_long");

  let timestampText: string | undefined;
  const signatures: Uint8Array<ArrayBuffer>[] = [];
  for (const part of header.split(",")) {
    const separator = part.indexOf("=");
    if (separator < 1) return refused("malformed_header");
    const scheme = part.slice(0, separator);
    const value = part.slice(separator + 1);
    if (!/^[a-z][a-z0-9]*$/.test(scheme)) return refused("malformed_header");
    if (scheme === "t") {
      if (timestampText !== undefined || !/^[1-9]\d{0,11}$/.test(value)) {
        return refused("malformed_header");
      }
      timestampText = value;
    } else if (scheme === "v1") {
      const signature = fromHex(value);
      if (signature === undefined) return refused("malformed_header");
      if (signatures.push(signature) > MAX_SIGNATURES) return refused("too_many_signatures");
    } // other schemes (v0 in test mode) are Stripe's to add and ours to ignore
  }
  if (timestampText === undefined) return refused("malformed_header");
  if (signatures.length === 0) return refused("no_signature");
  return { ok: true, value: { timestamp: Number(timestampText), timestampText, signatures } };
}

function importKey(secret: string): Promise<CryptoKey> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return crypto.subtle.importKey("raw", new TextEncoder().encode(secret), algorithm, false, [
    "verify",
  ]);
}

/** A v1 signature: exactly 64 lower-case hex digits, as Stripe writes them. */
function fromHex(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[0-9a-f]{64}$/.test(text)) return undefined;
  const bytes = new Uint8Array(HMAC_BYTES);
  for (let index = 0; index < HMAC_BYTES; index++) {
    bytes[index] = Number.parseInt(text.slice(index * 2, index * 2 + 2), 16);
  }
  return bytes;
}

/**
 * Not empty, valid UTF-8, no byte-order mark. A decoder that repairs or drops bytes would parse
 * something else than what was signed.
 */
function isPlainText(body: Uint8Array<ArrayBuffer>): boolean {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
    return text !== "" && !text.startsWith("\ufeff");
  } catch {
    return false;
  }
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(first.byteLength + second.byteLength);
  joined.set(first, 0);
  joined.set(second, first.byteLength);
  return joined;
}
