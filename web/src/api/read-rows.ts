import { failed, networkFailure, type Outcome, succeeded, unreadableFailure } from "./failure.ts";

/** What a PostgREST query of supabase-js resolves to, as far as it is used here. */
interface RowsAnswer {
  readonly data: unknown;
  readonly error: { readonly code: string } | null;
  readonly status: number;
}

/** The part of a zod schema that is used here. */
interface RowSchema<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false };
}

/** Runs a query and parses every row; one row that does not parse fails the whole answer. */
export async function readRows<T>(
  query: PromiseLike<RowsAnswer>,
  schema: RowSchema<T>,
): Promise<Outcome<readonly T[]>> {
  const { data, error, status } = await query;
  if (error !== null) {
    return failed(status === 0 ? networkFailure : { code: `http_${status}`, status });
  }
  if (!Array.isArray(data)) return failed(unreadableFailure);
  const rows: T[] = [];
  for (const value of data) {
    const row = schema.safeParse(value);
    if (!row.success) return failed(unreadableFailure);
    rows.push(row.data);
  }
  return succeeded(rows);
}
