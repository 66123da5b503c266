import type { SupabaseClient } from "@supabase/supabase-js";
import * as z from "zod/mini";
import { type Outcome, succeeded } from "../api/failure.ts";
import { readRows } from "../api/read-rows.ts";
import type { PaymentMethod } from "./billing.ts";

const methodRow = z.object({
  id: z.string(),
  type: z.string(),
  card_brand: z.nullable(z.string()),
  card_last4: z.nullable(z.string()),
  card_exp_month: z.nullable(z.int()),
  card_exp_year: z.nullable(z.int()),
});

/** Reads the signed-in person's saved payment methods, newest first. */
export async function readPaymentMethods(
  client: SupabaseClient,
): Promise<Outcome<readonly PaymentMethod[]>> {
  const rows = await readRows(
    client.schema("payments").from("payment_methods")
      .select("id,type,card_brand,card_last4,card_exp_month,card_exp_year")
      .order("created_at", { ascending: false }),
    methodRow,
  );
  return rows.ok ? succeeded(rows.value.map(toPaymentMethod)) : rows;
}

function toPaymentMethod(row: z.infer<typeof methodRow>): PaymentMethod {
  const { card_brand, card_last4, card_exp_month, card_exp_year } = row;
  const complete = card_brand !== null && card_last4 !== null && card_exp_month !== null &&
    card_exp_year !== null;
  return {
    id: row.id,
    type: row.type,
    card: complete
      ? { brand: card_brand, last4: card_last4, expMonth: card_exp_month, expYear: card_exp_year }
      : undefined,
  };
}
