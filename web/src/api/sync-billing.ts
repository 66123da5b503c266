import type { SupabaseClient } from "@supabase/supabase-js";
import * as z from "zod/mini";
import { callFunction } from "./call-function.ts";
import type { Outcome } from "./failure.ts";

const summarySchema = z.object({ has_customer: z.boolean() });

/**
 * Has the service look up the signed-in person's billing at Stripe at once, without waiting for any
 * webhook. Afterwards the person's rows are as Stripe has them; whoever shows them reads them again.
 */
export function syncBilling(client: SupabaseClient): Promise<Outcome<"fresh">> {
  return callFunction(
    client,
    "sync-billing",
    {},
    (answer) => summarySchema.safeParse(answer).success ? "fresh" as const : undefined,
  );
}
