import { passesLuhn, type TestCard, testCardByNumber } from "../cards.ts";
import type { Scope } from "../engine/scope.ts";
import { buildPaymentMethod, noBilling } from "../objects/build-payment-method.ts";
import type { PaymentMethod } from "../objects/types.ts";

/** What a person typed, or why it cannot be used. */
export type CardReading =
  | { ok: true; method: PaymentMethod }
  | { ok: false; message: string };

/** Makes a payment method of the card fields of a form. The number goes no further than this function. */
export function readCard(scope: Scope, form: URLSearchParams): CardReading {
  const number = form.get("cardNumber") ?? "";
  const card = testCardByNumber(number);
  if (card === undefined) return { ok: false, message: refuseNumber(number) };
  const expiry = readExpiry(form.get("cardExpiry") ?? "");
  if (expiry === null) return { ok: false, message: "Your card's expiration date is incomplete." };
  const today = new Date(scope.clock.now() * 1000);
  if (expiry.year * 12 + expiry.month < today.getUTCFullYear() * 12 + today.getUTCMonth() + 1) {
    return { ok: false, message: "Your card's expiration date is in the past." };
  }
  const cvcDigits = card.face.brand === "amex" ? 4 : 3;
  if (!new RegExp(`^\\d{${cvcDigits}}$`).test((form.get("cardCvc") ?? "").trim())) {
    return { ok: false, message: "Your card's security code is incomplete." };
  }
  return { ok: true, method: keep(scope, card, expiry, form) };
}

function refuseNumber(number: string): string {
  if (number.trim() === "") return "Your card number is incomplete.";
  if (!passesLuhn(number)) return "Your card number is invalid.";
  return "Your card was declined. Your request was in test mode, but used a non test card. For a list of valid test cards, visit: https://stripe.com/docs/testing.";
}

function readExpiry(text: string): { month: number; year: number } | null {
  const match = /^\s*(\d{1,2})\s*\/?\s*(\d{2}|\d{4})\s*$/.exec(text);
  const month = Number(match?.[1]);
  const year = Number(match?.[2]);
  if (!(month >= 1 && month <= 12)) return null;
  return { month, year: year < 100 ? 2000 + year : year };
}

function keep(
  scope: Scope,
  card: TestCard,
  expiry: { month: number; year: number },
  form: URLSearchParams,
): PaymentMethod {
  const orNull = (name: string) => form.get(name)?.trim() || null;
  const method = scope.store.paymentMethods.put(buildPaymentMethod(scope, {
    face: card.face,
    expMonth: expiry.month,
    expYear: expiry.year,
    billing: {
      ...noBilling,
      address: {
        city: null,
        country: orNull("billingCountry"),
        line1: null,
        line2: null,
        postal_code: orNull("billingPostalCode"),
        state: null,
      },
      email: orNull("email"),
      name: orNull("billingName"),
    },
    metadata: {},
  }));
  scope.store.cardBehaviours.set(method.id, card.behaviour);
  return method;
}
