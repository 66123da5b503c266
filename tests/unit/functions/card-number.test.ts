import { describe, expect, it } from "vitest";
import {
  containsCardNumber,
  hasCardNumber,
} from "../../../supabase/functions/_shared/card-number.ts";

describe("card-shaped input", () => {
  it.each([
    ["Visa", "4242424242424242"],
    ["Visa with spaces", "4242 4242 4242 4242"],
    ["Visa with hyphens", "4242-4242-4242-4242"],
    ["Visa of 13 digits", "4222222222222"],
    ["Mastercard", "5555555555554444"],
    ["Mastercard, second range", "2223003122003222"],
    ["American Express", "378282246310005"],
    ["Discover", "6011111111111117"],
    ["Diners Club", "3056930009020004"],
    ["JCB", "3566002020360505"],
    ["UnionPay", "6200000000000005"],
    ["full-width digits", "４２４２４２４２４２４２４２４２"],
    ["Arabic-Indic digits", "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢"],
    ["within a sentence", "my card is 4242 4242 4242 4242, thanks"],
    ["with a security code beside it", "4242 4242 4242 4242 123"],
  ])("6.1b finds %s", (_name, text) => {
    expect(containsCardNumber(text)).toBe(true);
  });

  it.each([
    ["a wrong check digit", "4242424242424241"],
    ["a date and a counter", "order-20261124123456-001"],
    ["a millisecond timestamp", "1763950000000"],
    ["a uuid", "123e4567-e89b-42d3-a456-426614174000"],
    ["a uuid of digits", "42424242-4242-4242-a456-426614174000"],
    ["an idempotency key that ends in one", "checkout_42424242-4242-4242-a456-426614174000"],
    ["a Stripe id", "price_1MoBy5LkdIwHu7ixZhnattbh"],
    ["a phone number", "+49 30 901820"],
    ["zeros", "0000000000000000"],
  ])("6.1b leaves %s alone", (_name, text) => {
    expect(containsCardNumber(text)).toBe(false);
  });

  it("6.1b looks into every key, value and number of a document", () => {
    expect(hasCardNumber({ a: [{ b: "4242424242424242" }] })).toBe(true);
    expect(hasCardNumber({ "4242424242424242": 1 })).toBe(true);
    expect(hasCardNumber({ a: 4242424242424242 })).toBe(true);
    expect(hasCardNumber({ a: [1, null, true, "text"] })).toBe(false);
  });
});
