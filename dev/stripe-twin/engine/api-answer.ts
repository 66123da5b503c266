import type { StripeErrorBody } from "./errors.ts";

/** Headers that every answer of the API has. */
export interface AnswerFrame {
  requestId: string;
  /** The twin's time. */
  date: number;
  apiVersion: string;
  idempotencyKey: string | undefined;
}

/** An API answer from text that is JSON already. */
export function textAnswer(
  frame: AnswerFrame,
  status: number,
  body: string,
  extra: Record<string, string> = {},
): Response {
  const headers = new Headers({
    "content-type": "application/json",
    "request-id": frame.requestId,
    "date": new Date(frame.date * 1000).toUTCString(),
    "stripe-version": frame.apiVersion,
    "cache-control": "no-cache, no-store",
    ...extra,
  });
  if (frame.idempotencyKey !== undefined) {
    headers.set("idempotency-key", frame.idempotencyKey);
    headers.set("original-request", extra["original-request"] ?? frame.requestId);
  }
  return new Response(body, { status, headers });
}

/** The body of an error answer. */
export function errorText(error: StripeErrorBody): string {
  return JSON.stringify({ error }, null, 2);
}
