/**
 * The fields a log line may have. Anything else is dropped, so that a new call site cannot leak by
 * accident (requirement 8.1b). Values are bounded, and JSON escapes control characters, so no value
 * can forge a second line.
 */
export const ALLOWED_FIELDS = [
  "function_name",
  "request_id",
  "method",
  "status",
  "code",
  "detail",
  "duration_ms",
  "user_id",
  "event_id",
  "event_type",
  "outcome",
  "object_kind",
  "object_id",
  "secret_fingerprint",
  "stripe_request_id",
  "stripe_code",
  "stripe_status",
  "database_code",
  "error_name",
  "task",
  "done",
  "failed",
] as const;

export type LogField = (typeof ALLOWED_FIELDS)[number];
export type LogFields = Partial<Record<LogField, string | number | boolean | null>>;
export type LogLevel = "info" | "warn" | "error";

export interface Log {
  (level: LogLevel, message: string, fields?: LogFields): void;
}

const MAX_TEXT = 500;
// Whatever looks like a credential or a card number is cut out, wherever it came from.
const CREDENTIAL =
  /\b(?:sk|rk|pk)_(?:test|live)_\w+|\bwhsec_[\w+/=]+|\bsb_(?:secret|publishable)_[\w-]+|\beyJ[\w-]+\.[\w-]+\.[\w-]*/g;
const LONG_DIGITS = /\b\d(?:[ -]?\d){11,18}\b/g;

// JSON leaves these as they are; a terminal or an editor may obey them (C1 controls, direction, line ends)
const INVISIBLE = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

/**
 * Replaces what looks like a credential or a card number and bounds the length. A uuid stays as it is:
 * it may be all digits, and it is what lines are found by.
 */
export function scrub(text: string): string {
  if (UUID.test(text)) return text;
  return text.replace(CREDENTIAL, "[credential]").replace(LONG_DIGITS, "[digits]").slice(
    0,
    MAX_TEXT,
  );
}

/** A logger that writes one JSON object a line, with these fields on every line. */
export function createLog(
  write: (line: string) => void,
  now: () => Date,
  base: LogFields = {},
): Log {
  return (level, message, fields = {}) => {
    const merged: LogFields = { ...base, ...fields };
    const line: Record<string, unknown> = { time: now().toISOString(), level, message };
    for (const field of ALLOWED_FIELDS) {
      const value = merged[field];
      if (value !== undefined) line[field] = typeof value === "string" ? scrub(value) : value;
    }
    write(JSON.stringify(line).replace(INVISIBLE, escapeCharacter));
  };
}

/** The same logger with more fields on every line. */
export function withFields(log: Log, base: LogFields): Log {
  return (level, message, fields = {}) => log(level, message, { ...base, ...fields });
}
