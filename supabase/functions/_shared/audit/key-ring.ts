import { Buffer } from "node:buffer";
import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign as signBytes,
  verify as verifyBytes,
} from "node:crypto";
import { z } from "zod";
import { writeStatement } from "./statements.ts";

const entrySchema = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, "must have key ids like k1"),
  /** Ed25519, SPKI in base64. */
  public_key: z.string(),
  from: z.iso.datetime({ precision: 3, error: "must have times like 2026-11-24T00:00:00.000Z" }),
  until: z.iso.datetime({ precision: 3, error: "must have times like 2026-11-24T00:00:00.000Z" })
    .optional(),
  /** By the key before, over the statement `key`; the first key has none. */
  signature: z.string().optional(),
});

/** A public key and when it may sign. */
export type AuditPublicKey = Readonly<z.infer<typeof entrySchema>>;

/** Public keys of seals, oldest first, each but the first signed by the one before it. */
export const keyRingSchema = z.array(entrySchema).min(1, "must hold at least one key").max(100)
  .superRefine((keys, context) => {
    const refused = refuseKeys(keys);
    if (refused !== null) context.addIssue({ code: "custom", message: refused });
  });

/** The statement by which a key is handed on; what its predecessor signs. */
export function keyStatement(key: AuditPublicKey, previousUntil: string): string {
  return writeStatement("key", {
    id: key.id,
    public_key: key.public_key,
    from: key.from,
    previous_until: previousUntil,
  });
}

function refuseKeys(keys: readonly AuditPublicKey[]): string | null {
  if (new Set(keys.map(({ id }) => id)).size !== keys.length) return "must not repeat a key id";
  for (const [index, key] of keys.entries()) {
    if (publicKeyOf(key.public_key) === null) return "must hold Ed25519 keys (SPKI, base64)";
    if (key.until !== undefined && key.until <= key.from) return "must have until after from";
    const before = keys[index - 1];
    if (before === undefined) continue;
    if (before.until === undefined) return "must end every key but the last (until)";
    const signature = key.signature === undefined ? null : decodeBase64(key.signature);
    if (
      signature === null ||
      !isSignedBy(before.public_key, keyStatement(key, before.until), signature)
    ) return `must have ${key.id} signed by ${before.id}`;
  }
  return null;
}

function publicKeyOf(base64: string): KeyObject | null {
  try {
    const key = Buffer.from(base64, "base64");
    if (key.toString("base64") !== base64) return null;
    const imported = createPublicKey({ key, format: "der", type: "spki" });
    return imported.asymmetricKeyType === "ed25519" ? imported : null;
  } catch {
    return null;
  }
}

function decodeBase64(text: string): Uint8Array | null {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : null;
}

const imported = new Map<string, KeyObject | null>();

/** Whether a text was signed by the holder of this public key. */
export function isSignedBy(publicKey: string, text: string, signature: Uint8Array): boolean {
  if (!imported.has(publicKey)) imported.set(publicKey, publicKeyOf(publicKey));
  const key = imported.get(publicKey) ?? null;
  return key !== null && signature.length === 64 &&
    verifyBytes(null, new TextEncoder().encode(text), key, signature);
}

/** Why a signature is not one of this ring; null for a good one. */
export type SignatureFault = "unknown_key" | "key_not_valid_then" | "bad_signature";

/**
 * Checks a statement's signature against the ring.
 * @param at when the statement says that it was signed
 * @param signature base64
 */
export function faultOfSignature(
  keys: readonly AuditPublicKey[],
  statement: { text: string; keyId: string; at: string; signature: string },
): SignatureFault | null {
  const key = keys.find(({ id }) => id === statement.keyId);
  if (key === undefined) return "unknown_key";
  const signature = decodeBase64(statement.signature);
  if (signature === null || !isSignedBy(key.public_key, statement.text, signature)) {
    return "bad_signature";
  }
  return isValidAt(key, statement.at) ? null : "key_not_valid_then";
}

function isValidAt({ from, until }: AuditPublicKey, at: string): boolean {
  return at >= from && (until === undefined || at < until);
}

/** Signs statements. */
export interface AuditSigner {
  readonly keyId: string;
  /** Whether a statement of that time may carry this key's signature. */
  isValidAt(at: string): boolean;
  /** Base64 of an Ed25519 signature over the text's UTF-8. */
  sign(text: string): string;
}

/** The public half (SPKI, base64) of a PKCS#8 key in base64; null for anything but Ed25519. */
export function publicHalf(pkcs8: string): string | null {
  const key = privateKeyOf(pkcs8);
  return key === null
    ? null
    : createPublicKey(key).export({ format: "der", type: "spki" }).toString("base64");
}

/** @throws RangeError when the key is none of the ring's */
export function createAuditSigner(pkcs8: string, keys: readonly AuditPublicKey[]): AuditSigner {
  const key = privateKeyOf(pkcs8);
  const publicKey = publicHalf(pkcs8);
  const listed = keys.find(({ public_key }) => public_key === publicKey);
  if (key === null || listed === undefined) {
    throw new RangeError("the signing key is not among the public keys");
  }
  return {
    keyId: listed.id,
    isValidAt: (at) => isValidAt(listed, at),
    sign: (text) =>
      Buffer.from(signBytes(null, new TextEncoder().encode(text), key)).toString("base64"),
  };
}

function privateKeyOf(pkcs8: string): KeyObject | null {
  try {
    const key = createPrivateKey({
      key: Buffer.from(pkcs8, "base64"),
      format: "der",
      type: "pkcs8",
    });
    return key.asymmetricKeyType === "ed25519" ? key : null;
  } catch {
    return null;
  }
}
