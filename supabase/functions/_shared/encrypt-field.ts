import type { EncryptionKey } from "./config.ts";

/** Where an encrypted value lives; it cannot be moved to another place and still be read. */
export interface FieldLocation {
  table: string;
  column: string;
  row: string;
}

const IV_BYTES = 12;

/**
 * AES-256-GCM with the current key (the first). Value: `v1.<key id>.<base64 of iv ‖ ciphertext ‖ tag>`.
 *
 * @see https://csrc.nist.gov/pubs/sp/800/38/d/final
 */
export async function encryptField(
  keys: readonly EncryptionKey[],
  location: FieldLocation,
  plaintext: Uint8Array<ArrayBuffer>,
): Promise<string> {
  const current = keys[0];
  if (current === undefined) throw new RangeError("give at least one encryption key");
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const algorithm = { name: "AES-GCM", iv, additionalData: bindingOf(location, current.id) };
  const ciphertext = await crypto.subtle.encrypt(algorithm, await importKey(current), plaintext);
  const sealed = new Uint8Array(IV_BYTES + ciphertext.byteLength);
  sealed.set(iv, 0);
  sealed.set(new Uint8Array(ciphertext), IV_BYTES);
  return `v1.${current.id}.${sealed.toBase64()}`;
}

/**
 * Reads what `encryptField` wrote at the same location.
 *
 * @throws RangeError for an unknown format or key; DOMException when the value was changed or moved
 */
export async function decryptField(
  keys: readonly EncryptionKey[],
  location: FieldLocation,
  value: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const [version, keyId, base64] = value.split(".");
  const key = keys.find((candidate) => candidate.id === keyId);
  if (version !== "v1" || key === undefined || base64 === undefined) {
    throw new RangeError("the value's format or key is not known");
  }
  const sealed = Uint8Array.fromBase64(base64);
  const iv = sealed.slice(0, IV_BYTES);
  const algorithm = { name: "AES-GCM", iv, additionalData: bindingOf(location, key.id) };
  const plaintext = await crypto.subtle.decrypt(
    algorithm,
    await importKey(key),
    sealed.slice(IV_BYTES),
  );
  return new Uint8Array(plaintext);
}

function importKey(key: EncryptionKey): Promise<CryptoKey> {
  const usages: KeyUsage[] = ["encrypt", "decrypt"];
  return crypto.subtle.importKey(
    "raw",
    Uint8Array.fromBase64(key.base64),
    "AES-GCM",
    false,
    usages,
  );
}

/** JSON of a list: no two locations share an encoding, whatever characters they hold. */
function bindingOf(location: FieldLocation, keyId: string): Uint8Array<ArrayBuffer> {
  const parts = ["v1", keyId, location.table, location.column, location.row];
  return new TextEncoder().encode(JSON.stringify(parts));
}
