const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const capitals = "ABCDEFGHIJKLMNPQRSTUVWXYZ23456789";

/** Every random choice of the twin comes from here, so that a seeded source makes a run repeatable. */
export class Ids {
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** A number in [0, 1). */
  random(): number {
    return this.#random();
  }

  /** `length` characters of Stripe's id alphabet. */
  text(length: number, from: string = alphabet): string {
    let text = "";
    for (let index = 0; index < length; index++) {
      text += from[Math.floor(this.#random() * from.length)];
    }
    return text;
  }

  /** An id such as `cus_…`; the length counts the characters after the prefix. */
  make(prefix: string, length = 24): string {
    return `${prefix}_${this.text(length)}`;
  }

  /** Capital letters and digits, as in an invoice's number. */
  capitals(length: number): string {
    return this.text(length, capitals);
  }
}

/** A random source from the platform's generator. */
export function secureRandom(): number {
  const words = new Uint32Array(1);
  crypto.getRandomValues(words);
  return (words[0] ?? 0) / 2 ** 32;
}

/** A repeatable random source (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
