/** What went wrong, as far as the shop was told; `explain-failure.ts` puts it into words. */
export interface Failure {
  /** One of the contract's codes, or the shop's own: `network`, `unreadable`, `unauthorized`. */
  readonly code: string;
  readonly status?: number;
  /** Names the attempt in the service's log; support asks for it. */
  readonly requestId?: string;
  readonly retryAfterSeconds?: number;
}

/** The answer to anything that can fail in front of a person. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: Failure };

export function succeeded<T>(value: T): Outcome<T> {
  return { ok: true, value };
}

export function failed<T>(failure: Failure): Outcome<T> {
  return { ok: false, failure };
}

/** Nothing came back: offline, refused connection, or a page the browser was not allowed to read. */
export const networkFailure: Failure = { code: "network" };

/** Something came back that is not what the contract says. */
export const unreadableFailure: Failure = { code: "unreadable" };
