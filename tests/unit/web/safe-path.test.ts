import { expect, test } from "vitest";
import { safePath } from "../../../web/src/routing/safe-path.ts";

test("keeps a path of the shop with its query and fragment", () => {
  expect(safePath("/checkout?price=starter_monthly#top", "/")).toBe(
    "/checkout?price=starter_monthly#top",
  );
});

test("falls back for anything that leads elsewhere", () => {
  for (
    const crafted of [
      null,
      "",
      "https://evil.example/",
      "//evil.example/",
      "/\\evil.example/",
      "/\t/evil.example",
      "javascript:alert(1)",
      "account",
    ]
  ) {
    expect(safePath(crafted, "/account"), String(crafted)).toBe("/account");
  }
});
