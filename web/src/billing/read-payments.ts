import type { SupabaseClient } from "@supabase/supabase-js";
import * as z from "zod/mini";
import { type Outcome, succeeded } from "../api/failure.ts";
import { readRows } from "../api/read-rows.ts";
import type { Payment } from "./billing.ts";
import { moment } from "./moment.ts";

/** Enough for years of renewals; older ones are on the invoices in the portal. */
const shownRows = 100;

const paymentRow = z.object({
  id: z.string(),
  created_at: moment,
  amount: z.int(),
  currency: z.string(),
  status: z.string(),
});

const refundRow = z.object({
  payment_id: z.nullable(z.string()),
  amount: z.int(),
  status: z.nullable(z.string()),
});

const oneTimeRow = z.object({ payment_id: z.nullable(z.string()) });

/** Reads the signed-in person's payments, newest first, with what came back of each. */
export async function readPayments(client: SupabaseClient): Promise<Outcome<readonly Payment[]>> {
  const schema = client.schema("payments");
  const [payments, refunds, oneTime] = await Promise.all([
    readRows(
      schema.from("payments").select("id,created_at,amount,currency,status")
        .order("created_at", { ascending: false }).limit(shownRows),
      paymentRow,
    ),
    readRows(schema.from("refunds").select("payment_id,amount,status"), refundRow),
    readRows(
      schema.from("checkout_sessions").select("payment_id").eq("mode", "payment"),
      oneTimeRow,
    ),
  ]);
  if (!payments.ok) return payments;
  if (!refunds.ok) return refunds;
  if (!oneTime.ok) return oneTime;
  const boughtOnce = new Set(oneTime.value.map((row) => row.payment_id));
  return succeeded(payments.value.map((row): Payment => ({
    id: row.id,
    createdAt: row.created_at,
    amountMinor: row.amount,
    refundedMinor: refunds.value
      .filter((refund) => refund.payment_id === row.id && refund.status === "succeeded")
      .reduce((sum, refund) => sum + refund.amount, 0),
    currency: row.currency,
    status: row.status,
    purpose: boughtOnce.has(row.id) ? "one_time" : "subscription",
  })));
}
