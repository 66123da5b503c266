import { ERRORS, type PaymentError } from "./errors.ts";

/** What a handler returns; `endpoint.ts` adds the headers. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string | null;
}

/** A 200 with a JSON body. */
export function ok(body: unknown): Answer {
  return {
    status: 200,
    headers: { "Content-Type": "application/json; charset=utf-8" },
    body: JSON.stringify(body),
  };
}

/** An error as RFC 9457 problem+json: type, title, status, code, request_id, and errors on a 422. */
export function problem(error: PaymentError, requestId: string): Answer {
  const { status, title } = ERRORS[error.code];
  const body = {
    type: `urn:problem:payments:${error.code}`,
    title,
    status,
    code: error.code,
    request_id: requestId,
    ...(status === 422 ? { errors: error.fields ?? [] } : {}),
  };
  return {
    status,
    headers: { ...error.headers, "Content-Type": "application/problem+json" },
    body: JSON.stringify(body),
  };
}
