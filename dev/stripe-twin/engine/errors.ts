/** The `error` member of Stripe's error answers. */
export interface StripeErrorBody {
  type: "api_error" | "card_error" | "idempotency_error" | "invalid_request_error";
  message: string;
  code?: string;
  decline_code?: string;
  advice_code?: string;
  param?: string;
  charge?: string;
  doc_url?: string;
  payment_intent?: unknown;
  payment_method?: unknown;
  setup_intent?: unknown;
}

/** An error that becomes an answer with Stripe's error object. */
export class TwinError extends Error {
  readonly status: number;
  readonly body: StripeErrorBody;

  constructor(status: number, body: StripeErrorBody) {
    super(body.message);
    this.name = "TwinError";
    this.status = status;
    const docs = body.code === undefined
      ? {}
      : { doc_url: `https://stripe.com/docs/error-codes/${body.code.replaceAll("_", "-")}` };
    this.body = { ...docs, ...body };
  }
}

/** 400 `invalid_request_error`. */
export function invalidRequest(
  message: string,
  details: { code?: string; param?: string; status?: number } = {},
): TwinError {
  const { status = 400, ...rest } = details;
  return new TwinError(status, { type: "invalid_request_error", message, ...rest });
}

/** `resource_missing`: 404 where the id is in the path, 400 where it is a parameter. */
export function noSuch(kind: string, id: string, param: string, status = 400): TwinError {
  return invalidRequest(`No such ${kind}: '${id}'`, { code: "resource_missing", param, status });
}

/** `parameter_missing`. */
export function missingParam(param: string): TwinError {
  return invalidRequest(`Missing required param: ${param}.`, { code: "parameter_missing", param });
}
