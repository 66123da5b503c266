// digits in any script, in groups divided by what people type between them, and not part of a word:
// hexadecimal ids have long runs of digits too
const CANDIDATE = /(?<![\p{L}\p{Nd}])\p{Nd}+(?:[\s\p{Pd}._]\p{Nd}+)*(?![\p{L}\p{Nd}])/gu;
// also behind a word and a line, as in our own idempotency keys
const UUID = /(?<![\da-z])[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}(?![\da-z])/gi;

/**
 * Number ranges and lengths of the card schemes, from ISO/IEC 7812 issuer prefixes. Narrow enough
 * that a date or a counter in an idempotency key is not taken for a card.
 */
const SCHEMES: readonly RegExp[] = [
  /^4\d{12}(?:\d{3})?(?:\d{3})?$/, // Visa: 13, 16, 19
  /^5[1-5]\d{14}$/, // Mastercard
  /^2(?:2[2-9]|[3-6]\d|7[01])\d{13}$/, // Mastercard's second range, 2221–2720
  /^220[0-4]\d{12,15}$/, // Mir
  /^3[47]\d{13}$/, // American Express
  /^3(?:0[0-5]|09|[689]\d)\d{11,16}$/, // Diners Club
  /^35(?:2[89]|[3-8]\d)\d{12,15}$/, // JCB
  /^(?:5[06-8]|6\d)\d{10,17}$/, // Discover, UnionPay, Maestro
];

/**
 * True when a text holds something shaped like a payment card number: a scheme's prefix and length,
 * and a valid Luhn check digit (ISO/IEC 7812-1), with or without separators, in any script's digits.
 */
export function containsCardNumber(text: string): boolean {
  for (const [candidate] of text.normalize("NFKC").replace(UUID, " ").matchAll(CANDIDATE)) {
    const groups = candidate.split(/\P{Nd}+/u).map(toAsciiDigits);
    if (someRun(groups, isCardNumber)) return true;
  }
  return false;
}

/** True when any string or number inside a JSON value, key or value, holds a card number. */
export function hasCardNumber(value: unknown): boolean {
  if (typeof value === "string") return containsCardNumber(value);
  if (typeof value === "number") return containsCardNumber(String(value));
  if (Array.isArray(value)) return value.some(hasCardNumber);
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).some(([key, inner]) =>
      containsCardNumber(key) || hasCardNumber(inner)
    );
  }
  return false;
}

/** Tries every run of neighbouring groups, so that a security code beside the number hides nothing. */
function someRun(groups: readonly string[], test: (digits: string) => boolean): boolean {
  for (let start = 0; start < groups.length; start++) {
    let joined = "";
    for (let end = start; end < groups.length && joined.length <= 19; end++) {
      joined += groups[end] ?? "";
      if (test(joined)) return true;
    }
  }
  return false;
}

function isCardNumber(digits: string): boolean {
  return SCHEMES.some((scheme) => scheme.test(digits)) && passesLuhn(digits);
}

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits.charAt(digits.length - 1 - index));
    const doubled = digit * 2;
    sum += index % 2 === 0 ? digit : doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

function toAsciiDigits(group: string): string {
  return Array.from(group, (char) => digitValue(char)).join("");
}

/** Decimal digits come in blocks of ten consecutive code points (Unicode standard, section 4.6). */
function digitValue(char: string): number {
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x80) return code - 0x30;
  let zero = code;
  while (code - zero < 9 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero--;
  return code - zero;
}
