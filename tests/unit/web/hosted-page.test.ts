import { expect, test } from "vitest";
import { hostedPageOf } from "../../../web/src/api/hosted-page.ts";

test("takes an https address and one of this machine", () => {
  expect(hostedPageOf({ url: "https://checkout.stripe.com/c/pay/cs_1" })?.host)
    .toBe("checkout.stripe.com");
  expect(hostedPageOf({ url: "http://127.0.0.1:4242/c/pay/cs_1" })?.port).toBe("4242");
});

test("refuses to send a browser anywhere else", () => {
  for (
    const url of ["javascript:alert(1)", "data:text/html,x", "http://checkout.stripe.com/", "cs_1"]
  ) {
    expect(hostedPageOf({ url }), url).toBeUndefined();
  }
  expect(hostedPageOf(null)).toBeUndefined();
  expect(hostedPageOf({ url: 7 })).toBeUndefined();
});
