/**
 * The twin's time. It runs with the wall clock, moved by an offset that a test sets. A signature's `t` never uses it:
 * Stripe signs with the real time of the delivery.
 */
export class TwinClock {
  #offsetSeconds = 0;
  readonly #wallMilliseconds: () => number;

  constructor(wallMilliseconds: () => number) {
    this.#wallMilliseconds = wallMilliseconds;
  }

  /** The twin's time in unix seconds. */
  now(): number {
    return this.wallSeconds() + this.#offsetSeconds;
  }

  /** The real time in unix seconds. */
  wallSeconds(): number {
    return Math.floor(this.#wallMilliseconds() / 1000);
  }

  /** Makes it `nowSeconds` now; time keeps running from there. */
  set(nowSeconds: number): void {
    this.#offsetSeconds = nowSeconds - this.wallSeconds();
  }

  reset(): void {
    this.#offsetSeconds = 0;
  }
}
