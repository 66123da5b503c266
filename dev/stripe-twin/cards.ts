/**
 * Stripe's published test cards and how each behaves.
 *
 * @see https://docs.stripe.com/testing
 */

/** A refusal by the card's issuer. */
export interface Decline {
  code: "card_declined" | "expired_card" | "incorrect_cvc" | "processing_error";
  declineCode: string | null;
  message: string;
}

/** How a card behaves when it is charged. */
export interface CardBehaviour {
  /** Declined as soon as it is used, also when it is attached or saved. */
  decline: Decline | null;
  /** Attaches to a customer but is declined when charged. */
  declineWhenCharged: Decline | null;
  /** Asks for 3-D Secure when the customer is present. */
  requiresAction: boolean;
  /** Asks also when the customer is away, although the card was set up before. */
  alwaysAsks: boolean;
  afterCharge: "dispute" | "inquiry" | "early_fraud_warning" | "review" | null;
}

/** What may be kept of a card. */
export interface CardFace {
  brand: "amex" | "discover" | "mastercard" | "visa";
  last4: string;
  country: string;
  funding: "credit" | "debit";
}

export interface TestCard {
  face: CardFace;
  behaviour: CardBehaviour;
}

const fine: CardBehaviour = {
  decline: null,
  declineWhenCharged: null,
  requiresAction: false,
  alwaysAsks: false,
  afterCharge: null,
};

/** The decline that says nothing about its reason. */
export const genericDecline: Decline = {
  code: "card_declined",
  declineCode: "generic_decline",
  message: "Your card was declined.",
};

function declined(declineCode: string, message = "Your card was declined."): CardBehaviour {
  return { ...fine, decline: { code: "card_declined", declineCode, message } };
}

const insufficientFunds = declined("insufficient_funds", "Your card has insufficient funds.");
const expired: CardBehaviour = {
  ...fine,
  decline: { code: "expired_card", declineCode: null, message: "Your card has expired." },
};
const incorrectCvc: CardBehaviour = {
  ...fine,
  decline: {
    code: "incorrect_cvc",
    declineCode: null,
    message: "Your card's security code is incorrect.",
  },
};
const processingError: CardBehaviour = {
  ...fine,
  decline: {
    code: "processing_error",
    declineCode: null,
    message: "An error occurred while processing your card. Try again in a little bit.",
  },
};
const asksUnlessSetUp: CardBehaviour = { ...fine, requiresAction: true };
const alwaysAsks: CardBehaviour = { ...fine, requiresAction: true, alwaysAsks: true };
const attachesThenFails: CardBehaviour = { ...fine, declineWhenCharged: genericDecline };
const disputed: CardBehaviour = { ...fine, afterCharge: "dispute" };
const inquired: CardBehaviour = { ...fine, afterCharge: "inquiry" };
const warned: CardBehaviour = { ...fine, afterCharge: "early_fraud_warning" };
const reviewed: CardBehaviour = { ...fine, afterCharge: "review" };

const byNumber = new Map<string, [CardFace["brand"], CardBehaviour]>(Object.entries({
  "4242424242424242": ["visa", fine],
  "4000056655665556": ["visa", fine],
  "5555555555554444": ["mastercard", fine],
  "378282246310005": ["amex", fine],
  "6011111111111117": ["discover", fine],
  "4000000000000002": ["visa", { ...fine, decline: genericDecline }],
  "4000000000009995": ["visa", insufficientFunds],
  "4000000000009987": ["visa", declined("lost_card")],
  "4000000000009979": ["visa", declined("stolen_card")],
  "4000000000000069": ["visa", expired],
  "4000000000000127": ["visa", incorrectCvc],
  "4000000000000119": ["visa", processingError],
  "4000000000000341": ["visa", attachesThenFails],
  "4000002500003155": ["visa", asksUnlessSetUp],
  "4000000000003220": ["visa", alwaysAsks],
  "4000002760003184": ["visa", alwaysAsks],
  "4000000000000259": ["visa", disputed],
  "4000000000001976": ["visa", inquired],
  "4000000000005423": ["visa", warned],
  "4000000000009235": ["visa", reviewed],
}));

/** Test card by the name Stripe gives it as a PaymentMethod (`pm_card_…`) or a token (`tok_…`). */
const byName = new Map(Object.entries({
  visa: "4242424242424242",
  visa_debit: "4000056655665556",
  mastercard: "5555555555554444",
  amex: "378282246310005",
  discover: "6011111111111117",
  chargeDeclined: "4000000000000002",
  visa_chargeDeclined: "4000000000000002",
  chargeDeclinedInsufficientFunds: "4000000000009995",
  visa_chargeDeclinedInsufficientFunds: "4000000000009995",
  visa_chargeDeclinedLostCard: "4000000000009987",
  visa_chargeDeclinedStolenCard: "4000000000009979",
  chargeDeclinedExpiredCard: "4000000000000069",
  chargeDeclinedIncorrectCvc: "4000000000000127",
  chargeDeclinedProcessingError: "4000000000000119",
  chargeCustomerFail: "4000000000000341",
  authenticationRequired: "4000002760003184",
  authenticationRequiredOnSetup: "4000002500003155",
  threeDSecure2Required: "4000000000003220",
  createDispute: "4000000000000259",
  createDisputeInquiry: "4000000000001976",
  createIssuerFraudRecord: "4000000000005423",
  riskLevelElevated: "4000000000009235",
}));

/** The test card with this number; spaces and dashes are ignored. */
export function testCardByNumber(number: string): TestCard | undefined {
  const digits = number.replaceAll(/[\s-]/g, "");
  const known = byNumber.get(digits);
  if (known === undefined) return undefined;
  const [brand, behaviour] = known;
  const funding = digits === "4000056655665556" ? "debit" : "credit";
  return { face: { brand, last4: digits.slice(-4), country: "US", funding }, behaviour };
}

/** The test card behind `pm_card_…` or `tok_…`. */
export function testCardByName(name: string): TestCard | undefined {
  const number = byName.get(name.replace(/^(pm_card|tok)_/, ""));
  return number === undefined ? undefined : testCardByNumber(number);
}

/** Whether digits pass the check that every card number passes. */
export function passesLuhn(number: string): boolean {
  const digits = number.replaceAll(/[\s-]/g, "");
  if (!/^\d{12,19}$/.test(digits)) return false;
  const sum = [...digits].reverse().map(Number).reduce((total, digit, index) => {
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
}
