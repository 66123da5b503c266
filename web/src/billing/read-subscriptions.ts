import type { SupabaseClient } from "@supabase/supabase-js";
import * as z from "zod/mini";
import { type Outcome, succeeded } from "../api/failure.ts";
import { readRows } from "../api/read-rows.ts";
import { isOver, type Subscription } from "./billing.ts";
import { optionalMoment } from "./moment.ts";

const subscriptionRow = z.object({
  id: z.string(),
  status: z.string(),
  cancel_at_period_end: z.boolean(),
  cancel_at: optionalMoment,
  ended_at: optionalMoment,
  current_period_end: optionalMoment,
});

const itemRow = z.object({
  subscription_id: z.string(),
  product_id: z.string(),
  currency: z.string(),
  unit_amount: z.nullable(z.int()),
  recurring_interval: z.nullable(z.string()),
  quantity: z.nullable(z.int()),
});

type ItemRow = z.infer<typeof itemRow>;

/** Reads the signed-in person's subscriptions with their items, newest first. */
export async function readSubscriptions(
  client: SupabaseClient,
): Promise<Outcome<readonly Subscription[]>> {
  const payments = client.schema("payments");
  const [rows, items] = await Promise.all([
    readRows(
      payments.from("subscriptions").select(
        "id,status,cancel_at_period_end,cancel_at,ended_at,current_period_end",
      ).order("created_at", { ascending: false }),
      subscriptionRow,
    ),
    readRows(
      payments.from("subscription_items").select(
        "subscription_id,product_id,currency,unit_amount,recurring_interval,quantity",
      ),
      itemRow,
    ),
  ]);
  if (!rows.ok) return rows;
  if (!items.ok) return items;
  return succeeded(rows.value.map((row) => ({
    id: row.id,
    status: row.status,
    cancelAtPeriodEnd: row.cancel_at_period_end,
    cancelAt: row.cancel_at,
    endedAt: row.ended_at,
    currentPeriodEnd: row.current_period_end,
    items: items.value.filter((item) => item.subscription_id === row.id).map(toItem),
  })));
}

/** Picks the one to show: the newest that runs, else the newest. */
export function pickCurrent(subscriptions: readonly Subscription[]): Subscription | undefined {
  return subscriptions.find((subscription) => !isOver(subscription)) ?? subscriptions[0];
}

function toItem(row: ItemRow) {
  return {
    productId: row.product_id,
    currency: row.currency,
    unitAmountMinor: row.unit_amount ?? undefined,
    interval: row.recurring_interval ?? undefined,
    quantity: row.quantity ?? 1,
  };
}
