import fc from "fast-check";
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
    ["user-info that is empty", "https://@shop.example/"],
    ["user-info of a colon", "https://:@shop.example/"],
    ["an allowed origin as user-info", "http://127.0.0.1:5173@evil.example/"],
    ["an encoded at sign", "https://shop.example%40evil.example/"],
    ["an encoded slash", "https://shop.example%2f@evil.example/"],
    ["an encoded U+0000", "https://shop.example%00.evil.example/"],
    ["an encoded back-slash before an at sign", "https://shop.example%5c@evil.example/"],
    ["a semicolon", "https://shop.example;@evil.example/"],
    ["a comma", "https://shop.example,evil.example/"],
    ["a dot at the end of the host", "https://shop.example./"],
    ["an ideographic full stop", "https://shop。example/"],
    ["a Cyrillic letter that looks alike", "https://shоp.example/"],
    ["the same in punycode", "https://xn--shp-tlc.example/"],
    ["a soft hyphen", "https://sh\u00adop.example/"],
    ["a zero-width space", "https://shop\u200b.example/"],
    ["a character beyond the basic plane", "https://shop.example/\u{1f4a9}"],
    ["a lone surrogate", "https://shop.example/\ud800"],
    ["a line separator", "https://shop.example/\u2028"],
    ["U+0000", "https://shop.example/\u0000"],
    ["a carriage return", "https://shop.example\r/"],
    ["three slashes", "https:///shop.example/"],
    ["an upper-case scheme", "HTTPS://shop.example/"],
    ["a blob of an allowed origin", "blob:https://shop.example/9e1b"],
    ["a file system of an allowed origin", "filesystem:https://shop.example/x"],
    ["view-source", "view-source:https://shop.example/"],
    ["a web socket", "wss://shop.example/"],
    ["an app's own scheme", "shop.example://return"],
    ["a port with a zero in front", "http://127.0.0.1:05173/"],
    ["an empty port", "https://shop.example:/"],
    ["a port of another address", "http://127.0.0.1:51730/"],
    ["a short address", "http://127.1:5173/"],
    ["a hexadecimal address", "http://0x7f000001:5173/"],
    ["a decimal address", "http://2130706433:5173/"],
    ["an address mapped into IPv6", "http://[::ffff:127.0.0.1]:5173/"],
    ["another name of the same machine", "http://localhost:5173/"],
    ["the text null", "null"],
    ["an empty text", ""],
    ["an overlong URL", `https://shop.example/${"a".repeat(2048)}`],
  ])("9.2a refuses %s", (_what, url) => {
    expect(isAllowedReturnUrl(url, ALLOWED)).toBe(false);
  });

  it("9.2a accepts nothing that a browser would take elsewhere, whatever is put together", () => {
    const part = fc.constantFrom(
      "https://",
      "http://",
      "https:",
      "//",
      "/",
      "\\",
      "@",
      ":",
      "?",
      "#",
      ".",
      "%2e",
      "%40",
      "%5c",
      "shop.example",
      "evil.example",
      "127.0.0.1",
      ":5173",
      ":443",
      "user",
      "\t",
      "\u0000",
      "。",
      "ｓ",
      "{CHECKOUT_SESSION_ID}",
      "..",
      "javascript:",
      "blob:",
      "xn--",
      "[::1]",
      "SHOP",
      " ",
    );
    let accepted = 0;
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), fc.boolean(), (parts, good) => {
        const text = (good ? "https://shop.example" : "") + parts.join("");
        if (!isAllowedReturnUrl(text, ALLOWED)) return true;
        accepted++;
        const { origin, username, password, href } = new URL(text);
        // what the page's own parser makes of it, and what a parser after RFC 3986 would
        const authority = /^https?:\/\/([^/?#]*)/.exec(text)?.[1];
        return ALLOWED.includes(origin) && username + password === "" && href.startsWith(origin) &&
          ALLOWED.some((allowed) => allowed.endsWith(`//${authority}`));
      }),
      { numRuns: 50_000, seed: 42 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});
