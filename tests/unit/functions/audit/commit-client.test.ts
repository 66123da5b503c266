import { describe, expect, it } from "vitest";
import {
  commitClient,
  commitmentOf,
} from "../../../../supabase/functions/_shared/audit/commit-client.ts";

const CLIENT = { address: "203.0.113.7", agent: "a browser" };
const keep = (plaintext: Uint8Array) => Promise.resolve(`v1.k1.${plaintext.toBase64()}`);
const open = (value: string) =>
  JSON.parse(new TextDecoder().decode(Uint8Array.fromBase64(value.split(".")[2] ?? "")));

describe("who called", () => {
  it("decision 7: stands in the row as a salted commitment that the side table opens", async () => {
    const one = await commitClient(CLIENT, keep);
    const other = await commitClient(CLIENT, keep);
    expect(one.commitment).toMatch(/^[0-9a-f]{64}$/);
    expect(one.commitment).not.toBe(other.commitment);
    expect(await commitmentOf(open(one.value))).toBe(one.commitment);
    expect(await commitmentOf({ ...open(one.value), address: "203.0.113.8" }))
      .not.toBe(one.commitment);
  });
});
