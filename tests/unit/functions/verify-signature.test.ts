import fc from "fast-check";
import Stripe from "stripe";
import { describe, expect, it } from "vitest";
import { createSignatureVerifier } from "../../../supabase/functions/_shared/verify-signature.ts";
import { signatureHeader, signV1, utf8 } from "../../support/sign-event.ts";

const SECRET = "whsec_test_0123456789abcdefghijkl";
const OTHER = "whsec_other_0123456789abcdefghijk";
const NOW = 1_800_000_000;
const BODY = utf8('{"id":"evt_1","object":"event"}');

const verify = createSignatureVerifier([SECRET]);
const stripe = new Stripe("sk_test_only_for_its_verifier");

/** The oracle: Stripe's own SDK at the same moment. */
async function sdkAccepts(body: Uint8Array, header: string, secret: string): Promise<boolean> {
  const { signature } = stripe.webhooks;
  if (signature === null) throw new Error("the SDK has no verifier here");
  try {
    await signature.verifyHeaderAsync(
      body,
      header,
      secret,
      300,
      undefined,
      NOW * 1000,
    );
    return true;
  } catch {
    return false;
  }
}

async function failureOf(body: Uint8Array<ArrayBuffer>, header: string | null, now = NOW) {
  const result = await verify(body, header, now);
  return result.ok ? "accepted" : result.failure;
}

describe("genuine headers", () => {
  it("3.1a accepts a known vector", async () => {
    // HMAC-SHA256(key, "1800000000." + body), computed with `openssl dgst -sha256 -hmac`
    const v1 = "584363782f7cb221effaf22f4a993b3a20f1ea4a91442db2ce8a165151ea1441";
    const result = await verify(BODY, `t=${NOW},v1=${v1}`, NOW);
    expect(result).toMatchObject({ ok: true, timestamp: NOW, secretIndex: 0 });
  });

  it("3.1a accepts what the SDK signs, and the SDK agrees", async () => {
    await fc.assert(fc.asyncProperty(fc.json(), async (payload) => {
      const header = await stripe.webhooks.generateTestHeaderStringAsync({
        payload,
        secret: SECRET,
        timestamp: NOW,
      });
      expect((await verify(utf8(payload), header, NOW)).ok).toBe(true);
      expect(await sdkAccepts(utf8(payload), header, SECRET)).toBe(true);
    }));
  });

  it("3.1a ignores schemes it does not know, as Stripe adds v0 in test mode", async () => {
    const v1 = await signV1(BODY, SECRET, NOW);
    expect(await failureOf(BODY, `t=${NOW},v1=${v1},v0=${"0".repeat(64)}`)).toBe("accepted");
  });

  it("3.1a accepts the one genuine signature among several", async () => {
    const v1 = await signV1(BODY, SECRET, NOW);
    expect(await failureOf(BODY, `t=${NOW},v1=${"a".repeat(64)},v1=${v1}`)).toBe("accepted");
  });

  it("2.1d accepts any of up to three live secrets and names the one that matched", async () => {
    const rotating = createSignatureVerifier([SECRET, OTHER]);
    const header = await signatureHeader(BODY, OTHER, NOW);
    expect(await rotating(BODY, header, NOW)).toMatchObject({ ok: true, secretIndex: 1 });
  });
});

describe("whatever ours accepts the SDK accepts", () => {
  const hostileTimestamp = fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: NOW - 310, max: NOW + 310 }).map(String) },
    fc.constantFrom("", "abc", "0", "-1", `0${NOW}`, `${NOW}.0`, ` ${NOW}`, "1e9", "9".repeat(30)),
  );
  const mutations: ((header: string) => string)[] = [
    (header) => header.replaceAll(",", ", "),
    (header) => header.toUpperCase(),
    (header) => `${header},t=${NOW}`,
    (header) => `${header},`,
    (header) => header.replace("v1=", "v1= "),
    (header) => header.replace("v1=", "v2="),
    (header) => `${header},v1=${"0".repeat(64)}`,
    (header) => header.slice(0, -1),
    (header) => header.split(",").toReversed().join(","),
    (header) => `\ufeff${header}`,
  ];
  const mutation = fc.oneof(
    { weight: 2, arbitrary: fc.constant((header: string) => header) },
    { weight: 3, arbitrary: fc.constantFrom(...mutations) },
  );
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: 0, maxLength: 40 }),
    { weight: 3, arbitrary: fc.string({ unit: "binary" }).map(utf8) },
    fc.string().map((text) => utf8(`\ufeff${text}`)),
  );

  it("3.1a over hostile headers and bodies", async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(
        bytes,
        hostileTimestamp,
        mutation,
        fc.constantFrom(SECRET, SECRET, SECRET, OTHER),
        async (raw, timestamp, mutate, signedWith) => {
          const body = new Uint8Array(raw);
          const header = mutate(`t=${timestamp},v1=${await signV1(body, signedWith, timestamp)}`);
          const ours = await verify(body, header, NOW);
          if (!ours.ok) return;
          accepted++;
          expect(await sdkAccepts(body, header, SECRET)).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
    expect(accepted).toBeGreaterThan(100); // the property must not hold for want of examples
  });
});

describe("refusals", () => {
  it("3.1a refuses a changed body", async () => {
    const header = await signatureHeader(BODY, SECRET, NOW);
    expect(await failureOf(utf8('{"id":"evt_2","object":"event"}'), header)).toBe("mismatch");
  });

  it("3.1a refuses another secret", async () => {
    expect(await failureOf(BODY, await signatureHeader(BODY, OTHER, NOW))).toBe("mismatch");
  });

  it("3.1a refuses a timestamp that was changed after signing", async () => {
    const v1 = await signV1(BODY, SECRET, NOW);
    expect(await failureOf(BODY, `t=${NOW + 1},v1=${v1}`)).toBe("mismatch");
  });

  it.each([
    [299, "accepted"],
    [300, "accepted"],
    [301, "timestamp_too_old"],
    [86_400, "timestamp_too_old"],
  ])("3.2c answers to a timestamp %i s old with %s", async (age, expected) => {
    expect(await failureOf(BODY, await signatureHeader(BODY, SECRET, NOW - age))).toBe(expected);
  });

  it.each([
    [300, "accepted"],
    [301, "timestamp_in_future"],
    [31_536_000, "timestamp_in_future"],
  ])("3.2c answers to a timestamp %i s ahead with %s", async (ahead, expected) => {
    expect(await failureOf(BODY, await signatureHeader(BODY, SECRET, NOW + ahead))).toBe(expected);
  });

  it.each([
    ["a missing header", null, "missing_header"],
    ["an empty header", "", "missing_header"],
    ["a header without a timestamp", `v1=${"a".repeat(64)}`, "malformed_header"],
    ["a header without signatures", `t=${NOW}`, "no_signature"],
    ["only a test-mode signature", `t=${NOW},v0=${"a".repeat(64)}`, "no_signature"],
    ["two timestamps", `t=${NOW},t=${NOW},v1=${"a".repeat(64)}`, "malformed_header"],
    ["a timestamp that is no number", `t=abc,v1=${"a".repeat(64)}`, "malformed_header"],
    ["a timestamp with a sign", `t=+${NOW},v1=${"a".repeat(64)}`, "malformed_header"],
    ["upper-case hex", `t=${NOW},v1=${"A".repeat(64)}`, "malformed_header"],
    ["a short signature", `t=${NOW},v1=${"a".repeat(63)}`, "malformed_header"],
    ["a header of more than 4 KiB", `t=${NOW},x=${"a".repeat(4096)}`, "header_too_long"],
    [
      "eleven signatures",
      `t=${NOW}${`,v1=${"a".repeat(64)}`.repeat(11)}`,
      "too_many_signatures",
    ],
  ])("3.1c refuses %s", async (_what, header, expected) => {
    expect(await failureOf(BODY, header)).toBe(expected);
  });

  it("3.1a refuses a signed body with a byte-order mark, which a parser would drop", async () => {
    const body = utf8('\ufeff{"id":"evt_1"}');
    expect(await failureOf(body, await signatureHeader(body, SECRET, NOW))).toBe("unreadable_body");
  });

  it("3.1a refuses a signed body that is not UTF-8, which a parser would repair", async () => {
    const body = new Uint8Array([0x7b, 0xff, 0x7d]);
    expect(await failureOf(body, await signatureHeader(body, SECRET, NOW))).toBe("unreadable_body");
  });

  it("3.1b wants one to three secrets", () => {
    expect(() => createSignatureVerifier([])).toThrow(RangeError);
    expect(() => createSignatureVerifier([SECRET, SECRET, SECRET, SECRET])).toThrow(RangeError);
  });
});
