import { describe, expect, it } from "vitest";
import { findKeys, findPlaces } from "../../../../cli/check/find-leaks.ts";

// Made from parts, so that this file holds no key that another scanner would report.
const BODY = "51Hq9ZbKd83LmWvRtYx0PcUe";

describe("findKeys", () => {
  it.each(["sk_live_", "rk_live_", "sk_test_", "whsec_", "sb_secret_"])(
    "2.1a finds a real-looking %s key, and shows too little of it to use",
    (prefix) => {
      const [leak, ...more] = findKeys(`const key = "${prefix}${BODY}";`);
      expect(more).toEqual([]);
      expect(leak?.excerpt.startsWith(prefix)).toBe(true);
      expect(leak?.excerpt).not.toContain(BODY.slice(4));
    },
  );

  it("2.1a finds a private key", () => {
    const text = `-----BEGIN PRIVATE ${"KEY"}-----\nMC4CAQAwBQYDK2VwBCIEIPZq8Hn${BODY}`;
    expect(findKeys(text)).toHaveLength(1);
  });

  it.each([
    `sk_live_${"x".repeat(24)}`,
    `whsec_${"test_".repeat(5)}`,
    `sk_live_example${BODY}`,
    "sk_live_only_for_the_verifier_of_it",
    "whsec_other_0123456789abcdefghijk",
    "sk_live_short",
    "whsec_",
  ])("takes %j for made up", (text) => {
    expect(findKeys(text)).toEqual([]);
  });
});

describe("findPlaces", () => {
  it.each([
    "/home/ada/project",
    "/Users/Ada/project",
    "/root/project",
    '"resolved": "https://packages.example.net/zod.tgz"',
    "registry=http://localhost:4873",
  ])("finds %j", (text) => {
    expect(findPlaces(text)).toHaveLength(1);
  });

  it.each([
    "https://example.com/home/ada/project",
    '"resolved": "https://registry.npmjs.org/zod.tgz"',
    "tests/root/a.ts",
    "http.postBuffer",
  ])("lets %j pass", (text) => {
    expect(findPlaces(text)).toEqual([]);
  });
});
