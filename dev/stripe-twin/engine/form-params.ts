import qs from "qs";
import { z } from "zod";
import { invalidRequest, missingParam, type TwinError } from "./errors.ts";

/** Parses a form-encoded body or a query the way Stripe does: brackets make hashes and lists. */
export function parseForm(text: string): Record<string, unknown> {
  const parsed: unknown = qs.parse(text, {
    plainObjects: true,
    depth: 10,
    arrayLimit: 1000,
    parameterLimit: 5000,
  });
  return isRecord(parsed) ? parsed : {};
}

/** True for a plain object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `["line_items", 0, "price"]` becomes `line_items[0][price]`. */
function paramName(path: PropertyKey[]): string {
  const [first, ...rest] = path.map(String);
  return (first ?? "") + rest.map((part) => `[${part}]`).join("");
}

function emptyParam(param: string): TwinError {
  return invalidRequest(
    `You passed an empty string for '${param}'. We assume empty values are an attempt to unset a field; however '${param}' cannot be unset. You should remove '${param}' from your request or supply a non-empty value.`,
    { code: "parameter_invalid_empty", param },
  );
}

/** Turns the first thing zod found into the error Stripe gives for it. */
function toStripeError(issue: z.core.$ZodIssue): TwinError {
  const param = paramName(issue.path);
  switch (issue.code) {
    case "unrecognized_keys": {
      const unknown = paramName([...issue.path, issue.keys[0] ?? ""]);
      return invalidRequest(`Received unknown parameter: ${unknown}`, {
        code: "parameter_unknown",
        param: unknown,
      });
    }
    case "invalid_type":
      if (issue.message === "missing") return missingParam(param);
      return invalidRequest(`Invalid ${issue.expected}: ${param}`, { param });
    case "invalid_value":
      if (issue.message === "missing") return missingParam(param);
      return invalidRequest(`Invalid ${param}: must be one of ${issue.values.join(", ")}`, {
        param,
      });
    case "custom": {
      const code: unknown = issue.params?.["code"];
      if (code === "parameter_invalid_empty") return emptyParam(param);
      return invalidRequest(issue.message, {
        param,
        ...(typeof code === "string" ? { code } : {}),
      });
    }
    default:
      return invalidRequest(
        issue.message === "missing" ? `Missing required param: ${param}.` : `Invalid ${param}`,
        {
          param,
        },
      );
  }
}

/** Parses parameters strictly; what Stripe would refuse is thrown as Stripe's error. */
export function readParams<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
): z.output<Schema> {
  const result = schema.safeParse(input, {
    error: (issue) => (issue.input === undefined ? "missing" : undefined),
  });
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw issue === undefined ? invalidRequest("Invalid request") : toStripeError(issue);
}

function convert<Output>(
  read: (text: string) => Output | undefined,
  code: string,
  noun: string,
): z.ZodType<Output, string> {
  return z.string().transform((text, context) => {
    const value = read(text);
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message: `Invalid ${noun}: ${text}`, params: { code } });
    return z.NEVER;
  });
}

/** Text that may not be empty (an empty value asks Stripe to unset a field). */
export const text = convert(
  (value) => (value === "" ? undefined : value),
  "parameter_invalid_empty",
  "value",
);

/** Text, where an empty value unsets the field. */
export const unsettable: z.ZodType<string, string> = z.string();

export const integer = convert(
  (value) => (/^-?\d{1,15}$/.test(value) ? Number(value) : undefined),
  "parameter_invalid_integer",
  "integer",
);

export const decimal = convert(
  (value) => (/^-?\d{1,15}(\.\d{1,12})?$/.test(value) ? value : undefined),
  "parameter_invalid_string",
  "decimal",
);

export const flag = convert(
  (value) => (value === "true" ? true : value === "false" ? false : undefined),
  "parameter_invalid_boolean",
  "boolean",
);

/** Unix seconds. */
export const timestamp = integer;

export const currency = convert(
  (value) => (/^[A-Za-z]{3}$/.test(value) ? value.toLowerCase() : undefined),
  "parameter_invalid_string",
  "currency",
);

/** An http or https URL; `{CHECKOUT_SESSION_ID}` may stand in it. */
export const url = convert(
  (value) => (isHttpUrl(value) ? value : undefined),
  "url_invalid",
  "URL",
);

function isHttpUrl(value: string): boolean {
  try {
    return /^https?:$/.test(new URL(value).protocol);
  } catch {
    return false;
  }
}

/** Metadata: up to 50 keys of up to 40 characters with values of up to 500; empty text clears it. */
export const metadata = z
  .union([z.literal(""), z.record(z.string(), z.string())])
  .superRefine((value, context) => {
    if (value === "") return;
    const entries = Object.entries(value);
    if (entries.length > 50) {
      context.addIssue({ code: "custom", message: "Metadata has more than 50 keys" });
    }
    for (const [key, item] of entries) {
      if (key.length > 40) {
        context.addIssue({ code: "custom", message: "Metadata keys can have up to 40 characters" });
      }
      if (item.length > 500) {
        context.addIssue({
          code: "custom",
          message: "Metadata values can have up to 500 characters",
        });
      }
    }
  });

/** Stripe's range filter: a number, or any of gt, gte, lt, lte. */
export const range = z.union([
  integer,
  z.strictObject({
    gt: integer.optional(),
    gte: integer.optional(),
    lt: integer.optional(),
    lte: integer.optional(),
  }),
]);

/** Whether `value` lies in a range filter. */
export function inRange(filter: z.output<typeof range> | undefined, value: number): boolean {
  if (filter === undefined) return true;
  if (typeof filter === "number") return value === filter;
  return (filter.gt === undefined || value > filter.gt) &&
    (filter.gte === undefined || value >= filter.gte) &&
    (filter.lt === undefined || value < filter.lt) &&
    (filter.lte === undefined || value <= filter.lte);
}

/** The parameters every list takes. */
export const pageParams = {
  limit: integer.optional(),
  starting_after: text.optional(),
  ending_before: text.optional(),
};

/** Stripe's metadata semantics: empty text clears everything, an empty value removes its key. */
export function mergeMetadata(
  before: Record<string, string>,
  patch: z.output<typeof metadata> | undefined,
): Record<string, string> {
  if (patch === undefined) return before;
  if (patch === "") return {};
  const merged = { ...before, ...patch };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== ""));
}

/** Empty text unsets (null), undefined keeps. */
export function replaceText(before: string | null, patch: string | undefined): string | null {
  if (patch === undefined) return before;
  return patch === "" ? null : patch;
}
