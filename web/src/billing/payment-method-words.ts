import type { PaymentMethod } from "./billing.ts";

/** Brands as their owners write them; one that is not here is shown as Stripe names it. */
const brands: Readonly<Record<string, string>> = {
  amex: "American Express",
  cartes_bancaires: "Cartes Bancaires",
  diners: "Diners Club",
  discover: "Discover",
  eftpos_au: "eftpos",
  jcb: "JCB",
  mastercard: "Mastercard",
  unionpay: "UnionPay",
  visa: "Visa",
};

/** A payment method in words: what it is, and until when it can be used. */
export function paymentMethodWords(
  method: PaymentMethod,
): { readonly title: string; readonly detail: string | undefined } {
  const { card } = method;
  if (card === undefined) return { title: asWords(method.type), detail: undefined };
  const month = String(card.expMonth).padStart(2, "0");
  return {
    title: `${brands[card.brand] ?? asWords(card.brand)} ending in ${card.last4}`,
    detail: `Expires ${month}/${card.expYear}`,
  };
}

function asWords(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");
}
