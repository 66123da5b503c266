import type { SupabaseClient } from "@supabase/supabase-js";
import { type Outcome, succeeded } from "../api/failure.ts";
import type { Billing } from "./billing.ts";
import { readPaymentMethods } from "./read-payment-methods.ts";
import { readPayments } from "./read-payments.ts";
import { pickCurrent, readSubscriptions } from "./read-subscriptions.ts";

/** Reads the signed-in person's own rows. Row-level security decides which those are. */
export async function readBilling(client: SupabaseClient): Promise<Outcome<Billing>> {
  const [subscriptions, payments, paymentMethods] = await Promise.all([
    readSubscriptions(client),
    readPayments(client),
    readPaymentMethods(client),
  ]);
  if (!subscriptions.ok) return subscriptions;
  if (!payments.ok) return payments;
  if (!paymentMethods.ok) return paymentMethods;
  return succeeded({
    subscription: pickCurrent(subscriptions.value),
    payments: payments.value,
    paymentMethods: paymentMethods.value,
  });
}
