/**
 * Every way an operation can end badly: code, HTTP status and the title a caller may see.
 * docs/errors.md lists the same codes; nothing outside this list ever reaches a response body.
 */
export const ERRORS = {
  bad_request: { status: 400, title: "The request cannot be read" },
  invalid_signature: { status: 400, title: "The webhook signature is not valid" },
  wrong_livemode: { status: 400, title: "The event belongs to another environment" },
  unauthorized: { status: 401, title: "Sign in to continue" },
  session_ended: { status: 401, title: "The session has ended" },
  anonymous_user: { status: 401, title: "Sign in with an account to continue" },
  sign_in_again: { status: 401, title: "Sign in again to continue" },
  second_factor_required: { status: 401, title: "Confirm with your second factor to continue" },
  forbidden: { status: 403, title: "This operation is not allowed" },
  https_required: { status: 403, title: "Use HTTPS" },
  country_not_allowed: { status: 403, title: "Payments from this country are not accepted" },
  on_hold: { status: 403, title: "This account cannot pay at the moment" },
  not_found: { status: 404, title: "There is nothing here" },
  no_customer: { status: 404, title: "There is no billing account yet" },
  no_subscription: { status: 404, title: "There is no subscription to cancel" },
  method_not_allowed: { status: 405, title: "This method is not supported" },
  already_subscribed: { status: 409, title: "There is a subscription to this product already" },
  idempotency_conflict: { status: 409, title: "The idempotency key was used for another request" },
  checkout_in_progress: { status: 409, title: "Another checkout is being made at this moment" },
  payload_too_large: { status: 413, title: "The request is too large" },
  unsupported_media_type: { status: 415, title: "Send application/json" },
  invalid_request: { status: 422, title: "Some fields are not valid" },
  not_purchasable: { status: 422, title: "These items cannot be bought" },
  rate_limited: { status: 429, title: "Too many requests" },
  stripe_failed: { status: 502, title: "The payment provider did not answer as expected" },
  switched_off: { status: 503, title: "This is switched off at the moment" },
  misconfigured: { status: 503, title: "The service is not available" },
  unavailable: { status: 503, title: "The service is not available right now" },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** One refused field: `path` in dots ("items.0.price"), `code` machine-readable. */
export interface FieldError {
  path: string;
  code: string;
}

export interface PaymentErrorOptions {
  /** What was attempted, for the log only; never shown to a caller. */
  detail?: string;
  cause?: unknown;
  fields?: FieldError[];
  headers?: Record<string, string>;
}

/** The only error a handler throws on purpose; `respond.ts` turns it into problem+json. */
export class PaymentError extends Error {
  readonly code: ErrorCode;
  readonly detail: string | undefined;
  readonly fields: FieldError[] | undefined;
  readonly headers: Record<string, string>;

  constructor(code: ErrorCode, options: PaymentErrorOptions = {}) {
    super(code, { cause: options.cause });
    this.name = "PaymentError";
    this.code = code;
    this.detail = options.detail;
    this.fields = options.fields;
    this.headers = options.headers ?? {};
  }

  get status(): number {
    return ERRORS[this.code].status;
  }
}
