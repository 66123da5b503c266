import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkoutSchema } from "../../../supabase/functions/create-checkout/request.ts";
import { portalSchema } from "../../../supabase/functions/customer-portal/request.ts";
import { PaymentError } from "../../../supabase/functions/_shared/errors.ts";
import { parseJson } from "../../../supabase/functions/_shared/parse-json.ts";
import { validate } from "../../../supabase/functions/_shared/validate.ts";
import { utf8 } from "../../support/sign-event.ts";

const ORIGINS = ["https://shop.example"];
const VALID = {
  mode: "subscription",
  items: [{ price: "pro_monthly", quantity: 1 }],
  success_url: "https://shop.example/return?session_id={CHECKOUT_SESSION_ID}",
  cancel_url: "https://shop.example/pricing",
};

function refusal(run: () => unknown): PaymentError {
  try {
    run();
  } catch (error) {
    if (error instanceof PaymentError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

function fieldsOf(body: unknown) {
  return refusal(() => validate(checkoutSchema(ORIGINS), body)).fields;
}

describe("JSON", () => {
  it.each([
    ["an empty body", ""],
    ["broken JSON", "{"],
    ["two documents", "{}{}"],
    ["a byte-order mark", "\ufeff{}"],
    ["more than 32 levels", "[".repeat(33) + "]".repeat(33)],
  ])("9.2b refuses %s", (_what, text) => {
    expect(refusal(() => parseJson(utf8(text))).code).toBe("bad_request");
  });

  it("9.2b refuses bytes that are not UTF-8", () => {
    expect(refusal(() => parseJson(new Uint8Array([0x22, 0xff, 0x22]))).code).toBe("bad_request");
  });

  it("9.2b does not count brackets inside strings", () => {
    const text = JSON.stringify({ a: '["\\[['.repeat(50) });
    expect(parseJson(utf8(text))).toEqual(JSON.parse(text));
  });

  it("9.2b agrees with JSON.parse on every shallow document", () => {
    fc.assert(fc.property(fc.json({ maxDepth: 6 }), (text) => {
      expect(parseJson(utf8(text))).toEqual(JSON.parse(text));
    }));
  });

  it("9.1b keeps the parser's message, which quotes the input, out of the error", () => {
    const error = refusal(() => parseJson(utf8('{"secret-canary" oops')));
    expect(`${error.detail}${error.message}${String(error.cause)}`).not.toContain("canary");
  });
});

describe("the body of create-checkout", () => {
  it("9.2a accepts a valid one and passes the URLs on as received", () => {
    expect(validate(checkoutSchema(ORIGINS), VALID)).toEqual(VALID);
    const full = { ...VALID, idempotency_key: "a-b_c", locale: "de" };
    expect(validate(checkoutSchema(ORIGINS), full)).toEqual(full);
  });

  it.each<[string, unknown, { path: string; code: string }]>([
    ["null", null, { path: "", code: "wrong_type" }],
    ["a list", [], { path: "", code: "wrong_type" }],
    ["no mode", { ...VALID, mode: undefined }, { path: "mode", code: "required" }],
    ["mode setup", { ...VALID, mode: "setup" }, { path: "mode", code: "invalid" }],
    ["no items", { ...VALID, items: [] }, { path: "items", code: "too_small" }],
    ["missing items", { ...VALID, items: undefined }, { path: "items", code: "required" }],
    [
      "too many items",
      { ...VALID, items: Array.from({ length: 21 }, () => VALID.items[0]) },
      { path: "items", code: "too_big" },
    ],
    ["an amount", { ...VALID, amount: 1 }, { path: "", code: "unknown_key" }],
    ["a customer", { ...VALID, customer: "cus_1" }, { path: "", code: "unknown_key" }],
    [
      "a unit amount",
      { ...VALID, items: [{ price: "p", quantity: 1, unit_amount: 1 }] },
      { path: "items.0", code: "unknown_key" },
    ],
    [
      "quantity zero",
      { ...VALID, items: [{ price: "p", quantity: 0 }] },
      { path: "items.0.quantity", code: "too_small" },
    ],
    [
      "a negative quantity",
      { ...VALID, items: [{ price: "p", quantity: -1 }] },
      { path: "items.0.quantity", code: "too_small" },
    ],
    [
      "half a quantity",
      { ...VALID, items: [{ price: "p", quantity: 1.5 }] },
      { path: "items.0.quantity", code: "wrong_type" },
    ],
    [
      "a quantity as text",
      { ...VALID, items: [{ price: "p", quantity: "1" }] },
      { path: "items.0.quantity", code: "wrong_type" },
    ],
    [
      "a price that is SQL",
      { ...VALID, items: [{ price: "'; drop table payments.prices; --", quantity: 1 }] },
      { path: "items.0.price", code: "invalid" },
    ],
    [
      "a foreign return URL",
      { ...VALID, success_url: "https://evil.example/" },
      { path: "success_url", code: "url_not_allowed" },
    ],
    [
      "a foreign cancel URL",
      { ...VALID, cancel_url: "javascript:alert(1)" },
      { path: "cancel_url", code: "url_not_allowed" },
    ],
    [
      "an empty idempotency key",
      { ...VALID, idempotency_key: "" },
      { path: "idempotency_key", code: "invalid" },
    ],
    [
      "an idempotency key with a line feed",
      { ...VALID, idempotency_key: "a\nb" },
      { path: "idempotency_key", code: "invalid" },
    ],
    ["an unknown locale", { ...VALID, locale: "xx" }, { path: "locale", code: "invalid" }],
  ])("9.2a refuses %s", (_what, body, expected) => {
    expect(fieldsOf(body)).toContainEqual(expected);
  });

  it("6.1b refuses a card number in every field, without naming or quoting it", () => {
    const card = "4242424242424242";
    const bodies = [
      { ...VALID, mode: card },
      { ...VALID, items: [{ price: card, quantity: 1 }] },
      { ...VALID, items: [{ price: "p", quantity: Number(card) }] },
      { ...VALID, success_url: `https://shop.example/?c=${card}` },
      { ...VALID, cancel_url: `https://shop.example/${card}` },
      { ...VALID, idempotency_key: card },
      { ...VALID, locale: card },
      { ...VALID, card: { number: card } },
      { ...VALID, [card]: true },
    ];
    for (const body of bodies) {
      const error = refusal(() => validate(checkoutSchema(ORIGINS), body));
      expect(error.code).toBe("invalid_request");
      expect(error.fields).toEqual([{ path: "", code: "card_number" }]);
    }
  });

  it("6.1a has no field for card data", () => {
    const fields = JSON.stringify(Object.keys(checkoutSchema(ORIGINS).shape));
    expect(fields).not.toMatch(/card|number|cvc|exp|pan/i);
  });

  it.each(["__proto__", "constructor", "prototype"])("9.2c finds %s inert", (key) => {
    const text = `{"${key}":{"polluted":true},${JSON.stringify(VALID).slice(1)}`;
    expect(fieldsOf(parseJson(utf8(text)))).toContainEqual({ path: "", code: "unknown_key" });
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });

  it("9.1a names no unknown key and quotes no value", () => {
    fc.assert(fc.property(fc.jsonValue(), (noise) => {
      const error = refusal(() =>
        validate(checkoutSchema(ORIGINS), { ...VALID, "canary-key": noise, mode: "canary-value" })
      );
      expect(JSON.stringify(error.fields)).not.toContain("canary");
    }));
  });
});

describe("the body of customer-portal", () => {
  it("9.2a defaults to managing", () => {
    const body = { return_url: "https://shop.example/account" };
    expect(validate(portalSchema(ORIGINS), body)).toEqual({ ...body, flow: "manage" });
  });

  it.each<[string, unknown]>([
    ["no return URL", {}],
    ["a foreign return URL", { return_url: "https://evil.example/" }],
    ["an unknown flow", { return_url: "https://shop.example/", flow: "delete" }],
    ["a customer", { return_url: "https://shop.example/", customer: "cus_1" }],
  ])("9.2a refuses %s", (_what, body) => {
    expect(refusal(() => validate(portalSchema(ORIGINS), body)).code).toBe("invalid_request");
  });
});
