// Requests to the REST API as a client of any kind could make them, without a client in between.
import { stack } from "../../../support/stack.ts";
import type { ApiActor } from "./actors.ts";

export interface RestAnswer {
  readonly status: number;
  /** Code of the error, or null. */
  readonly code: string | null;
  readonly text: string;
  /** What Content-Range says behind the slash. */
  readonly total: string | null;
}

export interface RestCall {
  method?: string;
  schema?: string;
  prefer?: string;
  body?: unknown;
}

/** @param path what follows `/rest/v1/` */
export async function rest(
  { headers }: Pick<ApiActor, "headers">,
  path: string,
  { method = "GET", schema = "payments", prefer, body }: RestCall = {},
): Promise<RestAnswer> {
  const response = await fetch(`${stack().supabaseUrl}/rest/v1/${path}`, {
    method,
    headers: {
      ...headers,
      "accept-profile": schema,
      "content-profile": schema,
      ...(prefer === undefined ? {} : { prefer }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    code: response.ok ? null : codeIn(text),
    text,
    total: response.headers.get("content-range")?.split("/")[1] ?? null,
  };
}

function codeIn(text: string): string | null {
  try {
    return String(JSON.parse(text).code);
  } catch {
    return null; // an answer to HEAD has no body
  }
}

/** Ids in the rows of an answer, sorted. */
export function idsIn({ text }: RestAnswer): string[] {
  const rows: { id: string }[] = JSON.parse(text);
  return rows.map(({ id }) => id).toSorted();
}
