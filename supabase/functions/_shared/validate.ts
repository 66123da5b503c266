import type { z } from "zod";
import { hasCardNumber } from "./card-number.ts";
import { type FieldError, PaymentError } from "./errors.ts";

/**
 * Checks a parsed body against a strict schema. Card-shaped input is refused first, wherever it is,
 * and neither kept nor logged (requirement 4.1a).
 *
 * @throws PaymentError invalid_request with the refused fields
 */
export function validate<T>(schema: z.ZodType<T>, body: unknown): T {
  if (hasCardNumber(body)) {
    throw new PaymentError("invalid_request", { fields: [{ path: "", code: "card_number" }] });
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((issue) => toFieldError(issue, body));
  throw new PaymentError("invalid_request", { fields });
}

/** Paths and codes of the schema only: neither messages nor names of unknown keys quote the input. */
function toFieldError(issue: z.core.$ZodIssue, body: unknown): FieldError {
  const code = valueAt(body, issue.path) === undefined ? "required" : codeOf(issue);
  return { path: issue.path.map(String).join("."), code };
}

function valueAt(body: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined,
    body,
  );
}

function codeOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "unrecognized_keys":
      return "unknown_key";
    case "invalid_type":
      return "wrong_type";
    case "too_small":
      return "too_small";
    case "too_big":
      return "too_big";
    case "custom":
      return typeof issue.params?.["code"] === "string" ? issue.params["code"] : "invalid";
    default:
      return "invalid";
  }
}
