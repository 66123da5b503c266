import { toHex } from "./hex.ts";

/** Maps a value to one that can be compared and counted but not turned back. */
export type BlindIndex = (value: string) => Promise<string>;

/**
 * HMAC-SHA256 under a key of its own, 32 hex digits. A plain hash of an address could be reversed by
 * trying them all.
 */
export function createBlindIndex(base64Key: string): BlindIndex {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = crypto.subtle.importKey("raw", Uint8Array.fromBase64(base64Key), algorithm, false, [
    "sign",
  ]);
  return async (value) => {
    const mac = await crypto.subtle.sign("HMAC", await key, new TextEncoder().encode(value));
    return toHex(new Uint8Array(mac)).slice(0, 32);
  };
}
