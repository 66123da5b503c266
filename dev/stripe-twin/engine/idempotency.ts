import { TwinError } from "./errors.ts";

/** An answer as it was saved. */
export interface SavedAnswer {
  status: number;
  body: string;
  requestId: string;
}

interface Entry {
  fingerprint: string;
  answer: SavedAnswer | undefined;
  savedAt: number;
}

const keepSeconds = 24 * 60 * 60;

/**
 * Stripe's idempotency keys: kept 24 hours; the same key with the same request gets the saved answer, also a saved
 * 500; another request is an error; a request that is still running is a conflict.
 *
 * @see https://docs.stripe.com/api/idempotent_requests
 */
export class IdempotencyKeys {
  readonly #entries = new Map<string, Entry>();

  /** Claims the key for a request; returns the saved answer when there is one. */
  begin(key: string, fingerprint: string, now: number): SavedAnswer | undefined {
    if (key.length > 255) {
      throw new TwinError(400, {
        type: "idempotency_error",
        message: "Idempotency keys can be up to 255 characters long.",
      });
    }
    const entry = this.#entries.get(key);
    // The clock can be set back by a test; a key from the future is still the same key.
    if (entry === undefined || now - entry.savedAt >= keepSeconds) {
      this.#entries.set(key, { fingerprint, answer: undefined, savedAt: now });
      return undefined;
    }
    if (entry.fingerprint !== fingerprint) {
      throw new TwinError(400, {
        type: "idempotency_error",
        message:
          `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
      });
    }
    if (entry.answer === undefined) {
      throw new TwinError(409, {
        type: "idempotency_error",
        code: "idempotency_key_in_use",
        message:
          "There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through). Please try again later.",
      });
    }
    return entry.answer;
  }

  /** Saves the answer that every later request with the key gets. */
  save(key: string, answer: SavedAnswer): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) entry.answer = answer;
  }

  /** Frees a key whose request never began to run (refused parameters, 429). */
  release(key: string): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }
}
