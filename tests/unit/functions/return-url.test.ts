import { describe, expect, it } from "vitest";
import { isAllowedReturnUrl } from "../../../supabase/functions/_shared/return-url.ts";

const ALLOWED = ["https://shop.example", "http://127.0.0.1:5173"];

describe("return URLs", () => {
  it.each([
    "https://shop.example",
    "https://shop.example/",
    "https://shop.example/return?session_id={CHECKOUT_SESSION_ID}",
    "https://shop.example/a/../b?next=https://evil.example#part",
    "http://127.0.0.1:5173/return",
  ])("9.2a accepts %s", (url) => {
    expect(isAllowedReturnUrl(url, ALLOWED)).toBe(true);
  });

  it.each([
    ["another origin", "https://evil.example/"],
    ["a suffix domain", "https://shop.example.evil.example/"],
    ["a prefix domain", "https://evilshop.example/"],
    ["user-info", "https://shop.example@evil.example/"],
    ["user-info on the right host", "https://user:pw@shop.example/"],
    ["another scheme", "http://shop.example/"],
    ["another port", "https://shop.example:8443/"],
    ["a script", "javascript:alert(1)"],
    ["data", "data:text/html,x"],
    ["a file", "file:///etc/passwd"],
    ["a relative path", "/return"],
    ["a protocol-relative URL", "//shop.example/"],
    ["a back-slash", "https://shop.example\\@evil.example/"],
    ["a missing slash", "https:/shop.example/"],
    ["no slashes", "https:shop.example/"],
    ["a tab", "https://shop.exa\tmple/"],
    ["a line feed", "https://shop.example/\nSet-Cookie: a=b"],
    ["a leading space", " https://shop.example/"],
    ["an encoded host", "https://shop%2eexample/"],
    ["a full-width host", "https://ｓhop.example/"],
    ["an upper-case host", "https://SHOP.example/"],
    ["an explicit default port", "https://shop.example:443/"],
    ["an empty text", ""],
    ["an overlong URL", `https://shop.example/${"a".repeat(2048)}`],
  ])("9.2a refuses %s", (_what, url) => {
    expect(isAllowedReturnUrl(url, ALLOWED)).toBe(false);
  });
});
