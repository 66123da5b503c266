import { describe, expect, it } from "vitest";
import {
  clientDetailsLocation,
  createClientDetails,
} from "../../../supabase/functions/_shared/client-details.ts";
import { decryptField } from "../../../supabase/functions/_shared/encrypt-field.ts";
import { sha256Hex } from "../../../supabase/functions/_shared/hex.ts";

const KEYS = [{ id: "k1", base64: btoa("0123456789abcdef0123456789abcdef") }];
const describeClient = createClientDetails(KEYS);

async function read(value: string, requestId = "request-1") {
  const bytes = await decryptField(KEYS, clientDetailsLocation(requestId), value);
  return JSON.parse(new TextDecoder().decode(bytes));
}

function headers(changes: Record<string, string> = {}): Headers {
  return new Headers({ "x-forwarded-for": "203.0.113.7", "user-agent": "Canary/1.0", ...changes });
}

describe("a client's details", () => {
  it("4.2a are readable with the key, in their own row only", async () => {
    const { encrypted_details: value } = await describeClient(headers(), "request-1");
    expect(value).toMatch(/^v1\.k1\./);
    expect(await read(value)).toMatchObject({ address: "203.0.113.7", agent: "Canary/1.0" });
    expect(await read(value, "request-2").catch(() => "closed")).toBe("closed");
  });

  it("8.3b are committed to with a salt, so that the hash alone says nothing", async () => {
    const one = await describeClient(headers(), "request-1");
    const other = await describeClient(headers(), "request-1");
    expect(one.commitment).not.toBe(other.commitment);
    const { salt, address, agent } = await read(one.encrypted_details);
    expect(await sha256Hex(JSON.stringify([salt, address, agent]))).toBe(one.commitment);
  });

  it("4.1a hold no card number, not even encrypted", async () => {
    const sent = headers({ "user-agent": "4242 4242 4242 4242" });
    const { encrypted_details: value } = await describeClient(sent, "request-1");
    expect((await read(value)).agent).toBeNull();
  });

  it("9.2a are bounded and may be absent", async () => {
    const long = await describeClient(headers({ "user-agent": "x".repeat(9000) }), "request-1");
    expect(long.encrypted_details.length).toBeLessThan(1500);
    const none = await describeClient(new Headers(), "request-1");
    expect(await read(none.encrypted_details)).toMatchObject({ address: null, agent: null });
  });
});
