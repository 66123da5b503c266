import type { Outcome } from "../api/failure.ts";

/** The part of `Storage` that is used here. */
export interface KeyStore {
  getItem(name: string): string | null;
  setItem(name: string, value: string): void;
  removeItem(name: string): void;
}

/**
 * Keeps one idempotency key for each attempt to buy something.
 *
 * While nobody knows what became of an attempt (no answer, a failure at Stripe) the next try is the
 * same attempt and carries the same key, so that it cannot open a second checkout. Once there is an
 * answer, the next try is a new attempt.
 */
export class AttemptKeys {
  readonly #store: KeyStore;
  readonly #newKey: () => string;

  constructor(store: KeyStore, newKey: () => string) {
    this.#store = store;
    this.#newKey = newKey;
  }

  /** The key of the attempt that is under way for this order, or of a new one. */
  keyFor(order: string): string {
    const known = this.#store.getItem(nameOf(order));
    if (known !== null) return known;
    const key = this.#newKey();
    this.#store.setItem(nameOf(order), key);
    return key;
  }

  /** Ends the attempt if its outcome is known. */
  settle(order: string, outcome: Outcome<unknown>): void {
    if (outcome.ok || isDefinite(outcome.failure.status)) this.#store.removeItem(nameOf(order));
  }
}

function nameOf(order: string): string {
  return `tidepost.attempt.${order}`;
}

/** A 4xx says that nothing was opened. 5xx and silence say nothing. */
function isDefinite(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500;
}
