import { generateKeyPairSync, sign } from "node:crypto";
import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import {
  type AuditPublicKey,
  createAuditSigner,
  faultOfSignature,
  keyRingSchema,
  keyStatement,
} from "../../../../supabase/functions/_shared/audit/key-ring.ts";

const pair = () => {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  return {
    public_key: publicKey.export({ format: "der", type: "spki" }).toString("base64"),
    pkcs8: privateKey.export({ format: "der", type: "pkcs8" }).toString("base64"),
    sign: (text: string) =>
      Buffer.from(sign(null, Buffer.from(text), privateKey)).toString("base64"),
  };
};
const [first, second, stranger] = [pair(), pair(), pair()];
const UNTIL = "2026-06-02T00:00:00.000Z";
const K1: AuditPublicKey = {
  id: "k1",
  public_key: first.public_key,
  from: "2026-01-01T00:00:00.000Z",
  until: UNTIL,
};
const next = { id: "k2", public_key: second.public_key, from: "2026-06-01T00:00:00.000Z" };
const K2: AuditPublicKey = { ...next, signature: first.sign(keyStatement(next, UNTIL)) };

const isRing = (keys: unknown) => keyRingSchema.safeParse(keys).success;

describe("the public keys of seals", () => {
  it("8.3b are handed on from key to key", () => {
    expect(isRing([{ ...K1, until: undefined }])).toBe(true);
    expect(isRing([K1, K2])).toBe(true);
  });

  it.each<[string, unknown]>([
    ["no key", []],
    ["a key that nobody signed", [K1, next]],
    ["a key signed by a stranger", [
      K1,
      { ...next, signature: stranger.sign(keyStatement(next, UNTIL)) },
    ]],
    ["a key signed by itself", [K1, {
      ...next,
      signature: second.sign(keyStatement(next, UNTIL)),
    }]],
    ["an end that was moved", [{ ...K1, until: "2027-01-01T00:00:00.000Z" }, K2]],
    ["a beginning that was moved", [K1, { ...K2, from: "2026-02-01T00:00:00.000Z" }]],
    ["an end that is missing", [{ ...K1, until: undefined }, K2]],
    ["an end before the beginning", [{ ...K1, until: "2025-01-01T00:00:00.000Z" }]],
    ["the same id twice", [K1, { ...K2, id: "k1" }]],
    ["a first key left out", [K2, K1]],
    ["another kind of key", [{ ...K1, public_key: "AAAA" }]],
  ])("8.3b refuses %s", (_what, keys) => expect(isRing(keys)).toBe(false));

  it("8.3b a signature counts only in its key's time", () => {
    const text = "a statement";
    const fault = (at: string, keyId = "k1", signature = first.sign(text)) =>
      faultOfSignature([K1, K2], { text, keyId, at, signature });
    expect(fault("2026-03-01T00:00:00.000Z")).toBeNull();
    expect(fault(UNTIL)).toBe("key_not_valid_then");
    expect(fault("2025-12-31T23:59:59.999Z")).toBe("key_not_valid_then");
    expect(fault("2026-03-01T00:00:00.000Z", "k9")).toBe("unknown_key");
    expect(fault("2026-03-01T00:00:00.000Z", "k1", second.sign(text))).toBe("bad_signature");
    expect(fault("2026-03-01T00:00:00.000Z", "k1", "")).toBe("bad_signature");
    expect(fault("2026-03-01T00:00:00.000Z", "k1", `${first.sign(text)}\n`)).toBe("bad_signature");
  });

  it("8.3b a key that is not listed signs nothing, and one whose time is up says so", () => {
    expect(() => createAuditSigner(stranger.pkcs8, [K1, K2])).toThrow(RangeError);
    const signer = createAuditSigner(first.pkcs8, [K1, K2]);
    expect(signer.keyId).toBe("k1");
    expect(signer.isValidAt("2026-05-01T00:00:00.000Z")).toBe(true);
    expect(signer.isValidAt(UNTIL)).toBe(false);
  });
});
