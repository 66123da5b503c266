import type { Log } from "./log.ts";

/** What a database error looks like to Supabase Lite. */
interface ServerError {
  code: string;
  message: string;
  detail?: string | undefined;
  hint?: string | undefined;
}

/** SQLSTATE classes and codes that PostgREST does not answer with 400, longest prefix first. Source: PostgREST, docs/references/errors. */
const statuses: readonly (readonly [prefix: string, status: number])[] = [
  ["57P01", 503],
  ["53400", 500],
  ["08", 503],
  ["09", 500],
  ["0L", 403],
  ["0P", 403],
  ["25", 500],
  ["28", 403],
  ["2D", 500],
  ["38", 500],
  ["39", 500],
  ["3B", 500],
  ["40", 500],
  ["53", 503],
  ["54", 500],
  ["55", 500],
  ["57", 500],
  ["58", 500],
  ["F0", 500],
  ["HV", 500],
  ["XX", 500],
  ["P0001", 400],
  ["P0", 500],
];

/** Codes that Lite answers as PostgREST does by itself. */
const answeredByLite = /^(42|22|21|23502|23503|23505|25006|PT|PGRST)/;

/**
 * An error that Lite turns into PostgREST's answer. Lite answers a SQLSTATE it does not know, such as a private one, with its own
 * code and drops detail and hint. It does follow `raise sqlstate 'PGRST'`, which carries a whole answer, so the rest is sent that way.
 */
class RestError extends Error {
  override readonly name = "RestError";
  readonly sqlState: string;
  readonly reason: string;
  readonly code: string;
  readonly detail: string | undefined;
  readonly hint: string | undefined;

  constructor(cause: ServerError, readonly log: Log) {
    const known = answeredByLite.test(cause.code);
    super(known ? cause.message : postgrestMessage(cause), { cause });
    this.sqlState = cause.code;
    this.reason = cause.message;
    this.code = known ? cause.code : "PGRST";
    this.detail = known ? cause.detail : postgrestDetail(cause.code);
    this.hint = known ? cause.hint : undefined;
  }
}

/** Wraps what Postgres reported; anything else is passed through. */
export function toRestError(error: unknown, log: Log): unknown {
  return isServerError(error) ? new RestError(error, log) : error;
}

/**
 * Lite prints each error it answers, with its stack, to this process's console. For errors from the database one line in the stack's
 * log says the same. Lasts as long as the process: the answer to a request may come after its stack is gone.
 */
export function routeLiteErrors(): void {
  if (routed) return;
  routed = true;
  const print = console.error;
  console.error = (...values: unknown[]) => {
    const [error] = values;
    if (error instanceof RestError) error.log(`[rest] ${error.sqlState} ${error.reason}`);
    else print(...values);
  };
}

let routed = false;

/** The HTTP status PostgREST gives an SQLSTATE. */
export function statusOfSqlState(code: string): number {
  return statuses.find(([prefix]) => code.startsWith(prefix))?.[1] ?? 400;
}

function postgrestMessage({ code, message, detail, hint }: ServerError): string {
  return JSON.stringify({ code, message, details: detail ?? null, hint: hint ?? null });
}

function postgrestDetail(code: string): string {
  return JSON.stringify({ status: statusOfSqlState(code), headers: {} });
}

function isServerError(error: unknown): error is ServerError {
  return error instanceof Error && "severity" in error && "code" in error &&
    typeof error.code === "string";
}
