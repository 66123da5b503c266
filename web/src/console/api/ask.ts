import type { SupabaseClient } from "@supabase/supabase-js";
import * as z from "zod/mini";
import {
  failed,
  networkFailure,
  type Outcome,
  succeeded,
  unreadableFailure,
} from "../../api/failure.ts";

/** Longer than the database lets a statement of a signed-in user run. */
const patienceMs = 15_000;

const envelope = z.object({ ok: z.boolean(), code: z.optional(z.string()) });

/** Calls one of the staff procedures. */
export interface Ask {
  <T>(
    procedure: `staff_${string}`,
    args: Readonly<Record<string, unknown>>,
    schema: z.ZodMiniType<T>,
  ): Promise<Outcome<T>>;
}

/** An answer that says nothing but that it is done. */
export const done = z.object({ ok: z.literal(true) });

/**
 * Calls a staff procedure and reads its answer: `{ok: true, …}`, or `{ok: false, code}`, which becomes a
 * failure of that code.
 */
export function createAsk(client: SupabaseClient): Ask {
  return async (procedure, args, schema) => {
    const { data, error, status } = await client.schema("payments").rpc(procedure, { ...args })
      .abortSignal(AbortSignal.timeout(patienceMs));
    if (error !== null) {
      return failed(status === 0 ? networkFailure : { code: `http_${status}`, status });
    }
    const answer = envelope.safeParse(data);
    if (!answer.success) return failed(unreadableFailure);
    if (!answer.data.ok) return failed({ code: answer.data.code ?? "unreadable" });
    const value = schema.safeParse(data);
    return value.success ? succeeded(value.data) : failed(unreadableFailure);
  };
}
