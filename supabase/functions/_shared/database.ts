import { createClient } from "@supabase/supabase-js";
import type { z } from "zod";
import type { Config } from "./config.ts";
import type { Database } from "./database.types.ts";
import { PaymentError } from "./errors.ts";
import { storable } from "./storable.ts";

type Functions = Database["payments"]["Functions"];
export type RpcName = keyof Functions;

/** Runs one database function in one transaction and parses what it returns. */
export interface CallRpc {
  <N extends RpcName, T>(name: N, args: Functions[N]["Args"], result: z.ZodType<T>): Promise<T>;
}

const TIMEOUT_MS = 15_000;
const RETRY_AFTER_SECONDS = "5";

/**
 * RPC calls as the function's own database role, which its named secret key carries. The functions
 * hold no SQL and no table access. Nothing is retried here: whoever calls us does that.
 *
 * @throws PaymentError unavailable when the database is down, slow or refuses
 */
export function createRpc(config: Config): CallRpc {
  const client = createClient<Database, "payments">(config.supabaseUrl, config.databaseKey, {
    db: { schema: "payments" },
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
  });
  return async (name, args, result) => {
    // the generated type of a no-argument function is `never`, which rpc's own overloads refuse
    const { data, error } = await client.rpc(name, storable(args)).abortSignal(
      AbortSignal.timeout(TIMEOUT_MS),
    );
    if (error !== null) {
      throw new PaymentError("unavailable", {
        detail: `${name} failed with ${error.code || "no answer"}`,
        cause: error,
        headers: { "Retry-After": RETRY_AFTER_SECONDS },
      });
    }
    const parsed = result.safeParse(data);
    if (parsed.success) return parsed.data;
    throw new PaymentError("unavailable", {
      detail: `${name} answered in an unknown shape`,
      headers: { "Retry-After": RETRY_AFTER_SECONDS },
    });
  };
}
