import { expect, test } from "vitest";
import { paymentMethodWords } from "../../../web/src/billing/payment-method-words.ts";

const card = { brand: "visa", last4: "4242", expMonth: 7, expYear: 2031 };

test("names a card by its brand, last four digits and expiry", () => {
  expect(paymentMethodWords({ id: "pm_1", type: "card", card }))
    .toEqual({ title: "Visa ending in 4242", detail: "Expires 07/2031" });
});

test("shows a brand it does not know as Stripe names it", () => {
  expect(
    paymentMethodWords({ id: "pm_1", type: "card", card: { ...card, brand: "new_brand" } }).title,
  )
    .toBe("New brand ending in 4242");
});

test("names what is no card by its type", () => {
  expect(paymentMethodWords({ id: "pm_1", type: "sepa_debit", card: undefined }))
    .toEqual({ title: "Sepa debit", detail: undefined });
});
