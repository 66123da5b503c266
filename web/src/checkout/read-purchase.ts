import type { SupabaseClient } from "@supabase/supabase-js";
import * as z from "zod/mini";
import { type Outcome, succeeded } from "../api/failure.ts";
import { readRows } from "../api/read-rows.ts";
import type { PurchaseRows } from "./judge-purchase.ts";

const sessionRow = z.object({
  mode: z.string(),
  status: z.nullable(z.string()),
  payment_status: z.string(),
  subscription_id: z.nullable(z.string()),
  payment_id: z.nullable(z.string()),
});

const statusRow = z.object({ status: z.string() });

/** Reads what is known about a checkout of the signed-in person; another's is as good as none. */
export async function readPurchase(
  client: SupabaseClient,
  sessionId: string,
): Promise<Outcome<PurchaseRows>> {
  const sessions = await readRows(
    client.schema("payments").from("checkout_sessions")
      .select("mode,status,payment_status,subscription_id,payment_id").eq("id", sessionId),
    sessionRow,
  );
  if (!sessions.ok) return sessions;
  const row = sessions.value[0];
  if (row === undefined) {
    return succeeded({
      session: undefined,
      subscriptionStatus: undefined,
      paymentStatus: undefined,
    });
  }
  const [subscription, payment] = await Promise.all([
    readStatus(client, "subscriptions", row.subscription_id),
    readStatus(client, "payments", row.payment_id),
  ]);
  if (!subscription.ok) return subscription;
  if (!payment.ok) return payment;
  return succeeded({
    session: { mode: row.mode, status: row.status, paymentStatus: row.payment_status },
    subscriptionStatus: subscription.value,
    paymentStatus: payment.value,
  });
}

async function readStatus(
  client: SupabaseClient,
  table: "subscriptions" | "payments",
  id: string | null,
): Promise<Outcome<string | undefined>> {
  if (id === null) return succeeded(undefined);
  const rows = await readRows(
    client.schema("payments").from(table).select("status").eq("id", id),
    statusRow,
  );
  return rows.ok ? succeeded(rows.value[0]?.status) : rows;
}
