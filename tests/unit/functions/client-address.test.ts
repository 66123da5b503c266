import { describe, expect, it } from "vitest";
import { createAddressHash } from "../../../supabase/functions/_shared/address-hash.ts";
import { clientAddress } from "../../../supabase/functions/_shared/client-address.ts";

function of(forwarded: string | null): string | null {
  return clientAddress(new Headers(forwarded === null ? {} : { "x-forwarded-for": forwarded }));
}

describe("the client's address", () => {
  it.each([
    [null, null],
    ["", null],
    ["203.0.113.7", "203.0.113.7"],
    ["198.51.100.1, 203.0.113.7", "203.0.113.7"],
    ["198.51.100.1, 203.0.113.7, 10.0.0.3", "203.0.113.7"],
    ["forged, 203.0.113.7", "203.0.113.7"],
    ["2001:db8::1", "2001:db8::1"],
    ["127.0.0.1", "127.0.0.1"],
    ["203.0.113.7, 127.0.0.1", "127.0.0.1"],
    ["<script>", null],
  ])(
    "7.1c takes %j for %j: what the nearest proxy wrote, not what the client did",
    (header, address) => {
      expect(of(header)).toBe(address);
    },
  );

  it("7.1c is known as a keyed hash only", async () => {
    const headers = new Headers({ "x-forwarded-for": "203.0.113.7" });
    const one = await createAddressHash(btoa("0123456789abcdef0123456789abcdef"))(headers);
    const other = await createAddressHash(btoa("fedcba9876543210fedcba9876543210"))(headers);
    expect(one).toMatch(/^[0-9a-f]{32}$/);
    expect(other).not.toBe(one);
  });
});
