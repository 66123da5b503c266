import { describe, expect, it } from "vitest";
import {
  decryptField,
  encryptField,
  type FieldLocation,
} from "../../../supabase/functions/_shared/encrypt-field.ts";
import { utf8 } from "../../support/sign-event.ts";

const K1 = { id: "k1", base64: btoa("0123456789abcdef0123456789abcdef") };
const K2 = { id: "k2", base64: btoa("fedcba9876543210fedcba9876543210") };
const PLACE: FieldLocation = { table: "processed_events", column: "encrypted_body", row: "evt_1" };
const SECRET = utf8("a body with an e-mail address");

describe("encrypted fields", () => {
  it("4.2a come back where they were written, and show nothing", async () => {
    const value = await encryptField([K1], PLACE, SECRET);
    expect(value).toMatch(/^v1\.k1\.[A-Za-z0-9+/=]+$/);
    expect(atob(value.split(".")[2] ?? "")).not.toContain("e-mail");
    expect(await decryptField([K1], PLACE, value)).toEqual(SECRET);
  });

  it("4.2a differ each time", async () => {
    expect(await encryptField([K1], PLACE, SECRET)).not.toBe(
      await encryptField([K1], PLACE, SECRET),
    );
  });

  it("4.2a are readable after a rotation, and written with the newest key", async () => {
    const old = await encryptField([K1], PLACE, SECRET);
    expect(await decryptField([K2, K1], PLACE, old)).toEqual(SECRET);
    expect(await encryptField([K2, K1], PLACE, SECRET)).toMatch(/^v1\.k2\./);
  });

  it.each([
    ["table", { ...PLACE, table: "audit_logs" }],
    ["column", { ...PLACE, column: "projection" }],
    ["row", { ...PLACE, row: "evt_2" }],
  ])("4.2a cannot be moved to another %s", async (_what, elsewhere) => {
    const value = await encryptField([K1], PLACE, SECRET);
    await expect(decryptField([K1], elsewhere, value)).rejects.toThrow();
  });

  it("4.2a cannot be changed, relabelled or read without their key", async () => {
    const value = await encryptField([K1], PLACE, SECRET);
    const flipped = value.replace(/.{4}$/, (tail) => (tail === "AAAA" ? "BBBB" : "AAAA"));
    await expect(decryptField([K1], PLACE, flipped)).rejects.toThrow();
    const sameKey = { id: "k9", base64: K1.base64 };
    await expect(decryptField([sameKey], PLACE, value.replace("k1", "k9"))).rejects.toThrow();
    await expect(decryptField([K2], PLACE, value)).rejects.toThrow(RangeError);
  });
});
