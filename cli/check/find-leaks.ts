/** Something in a text that must not be published. */
export interface Leak {
  readonly kind: string;
  /** Enough of the match to find it, too little to use it. */
  readonly excerpt: string;
}

const KEYS: readonly (readonly [kind: string, pattern: RegExp])[] = [
  ["Stripe live key", /\b[sr]k_live_([A-Za-z0-9_]{20,})/g],
  ["Stripe test key", /\b[sr]k_test_([A-Za-z0-9_]{20,})/g],
  ["webhook secret", /\bwhsec_([A-Za-z0-9+/_=]{20,})/g],
  ["Supabase secret key", /\bsb_secret_([A-Za-z0-9_-]{20,})/g],
  ["private key", /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s*([A-Za-z0-9+/]{20,})/g],
];

const PLACES: readonly (readonly [kind: string, pattern: RegExp])[] = [
  ["path of one machine", /(?<![\w.:/-])\/(?:home|Users)\/([a-z][\w-]*)\//gi],
  ["path of one machine", /(?<![\w.:/-])\/(?:root|work|mnt)\/([\w.-]+)/g],
  ["package registry", /"resolved": "(https?:\/\/(?!registry\.npmjs\.org\/)[^"]+)"/g],
  ["package registry", /\b(?:_authToken|registry)\s*=\s*(\S+)/g],
];

// Keys made up for tests say so in their own text. Random ones of this length have upper case, lower
// case and digits, but for one in a hundred thousand.
const MADE_UP = /test|example|fake|canary|twin|local|dummy|secret|placeholder|x{6}|0{6}/i;
const RANDOM = [/[A-Z]/, /[a-z]/, /\d/];
const FEWEST_CHARACTERS = 10;

function isMadeUp(body: string): boolean {
  return MADE_UP.test(body) || new Set(body).size < FEWEST_CHARACTERS ||
    RANDOM.some((kind) => !kind.test(body));
}

function excerptOf(text: string): string {
  return text.length <= 16 ? text : `${text.slice(0, 12)}…`;
}

/** Keys that look real: long enough, varied enough, and not called a test value by themselves. */
export function findKeys(text: string): Leak[] {
  return KEYS.flatMap(([kind, pattern]) =>
    [...text.matchAll(pattern)]
      .filter((match) => !isMadeUp(match[1] ?? ""))
      .map((match) => ({ kind, excerpt: excerptOf(match[0]) }))
  );
}

/** Paths of one machine and registries other than npm's own: they work for one person only. */
export function findPlaces(text: string): Leak[] {
  return PLACES.flatMap(([kind, pattern]) =>
    [...text.matchAll(pattern)].map((match) => ({ kind, excerpt: match[0].slice(0, 60) }))
  );
}
