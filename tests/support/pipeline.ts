// What tests do to the event pipeline: make it lose deliveries, run its tasks, wait until it is still.
import type postgres from "postgres";
import type Stripe from "stripe";
import type { TaskName } from "../../supabase/functions/payments-worker/request.ts";
import type { TaskResult } from "../../supabase/functions/payments-worker/task.ts";
import { stripeClient, twin, until } from "./payments.ts";
import { callFunction, stack, stackProcess } from "./stack.ts";

export interface Faults {
  api?: {
    path?: string;
    method?: "GET" | "POST" | "DELETE";
    kind: "timeout" | "timeout_after" | "429" | "500" | "garbage" | "content_type";
    times?: number;
  }[];
  delivery?: { duplicate?: number; reorder?: number; delay_ms?: number; drop?: number };
}

/** Puts faults of the twin in force, in place of the ones before; none clears them. */
export async function setFaults(faults: Faults = {}): Promise<void> {
  await twin("faults", faults);
}

/** Runs something whose events never arrive. */
export async function withoutDeliveries<T>(act: () => Promise<T>): Promise<T> {
  await setFaults({ delivery: { drop: 1 } });
  try {
    const result = await act();
    await stackProcess.twinIdle();
    return result;
  } finally {
    await setFaults();
  }
}

/** Runs these tasks of a worker, the stack's own unless another's address is given. */
export async function runTasks(
  tasks: TaskName[],
  url = `${stack().functionsUrl}/payments-worker`,
): Promise<Partial<Record<TaskName, TaskResult>>> {
  const response = await fetch(url, {
    method: "POST",
    headers: { apikey: stack().workerKey, "content-type": "application/json" },
    body: JSON.stringify({ tasks }),
  });
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  return (await response.json()).tasks;
}

/** Waits until these objects are marked no longer: they are as Stripe has them. */
export async function refreshed(sql: postgres.Sql, objectIds: readonly string[]): Promise<void> {
  await until(async () => {
    await runTasks(["refresh"]);
    const left = await sql`
      select from payments_private.refresh_marks where object_id in ${sql(objectIds)}`;
    return left.length === 0;
  });
}

/** Repeats a question, with a refresh before each time, until it has an answer. */
export function untilRefreshed<T>(ask: () => Promise<T | null | undefined | false>): Promise<T> {
  return until(async () => {
    await runTasks(["refresh"]);
    return await ask();
  });
}

/** Waits until the first reconciliation of a new stack is over; it would heal what a test breaks. */
export async function firstReconciliationIsOver(sql: postgres.Sql): Promise<void> {
  await until(async () => {
    const left = await sql`
      select from payments_private.reconcile_runs where finished_at is null or lease is not null`;
    return left.length === 0;
  });
}

/** A customer of nobody here with a card, a product and its monthly price. */
export async function makeCustomer(stripe: Stripe = stripeClient()): Promise<{
  customer: string;
  paymentMethod: string;
  product: string;
  price: string;
}> {
  const customer = await stripe.customers.create({ description: "made by a test" });
  const method = await stripe.paymentMethods.attach("pm_card_visa", { customer: customer.id });
  await stripe.customers.update(customer.id, {
    invoice_settings: { default_payment_method: method.id },
  });
  const product = await stripe.products.create({ name: "Made by a test" });
  const price = await stripe.prices.create({
    product: product.id,
    currency: "usd",
    unit_amount: 1500,
    recurring: { interval: "month" },
  });
  return {
    customer: customer.id,
    paymentMethod: method.id,
    product: product.id,
    price: price.id,
  };
}

/** A payment that went through. */
export async function makePayment(
  { customer, card = "pm_card_visa", amount = 2000 }: {
    customer: string;
    card?: string;
    amount?: number;
  },
  stripe: Stripe = stripeClient(),
): Promise<Stripe.PaymentIntent> {
  return await stripe.paymentIntents.create({
    amount,
    currency: "usd",
    customer,
    payment_method: card,
    automatic_payment_methods: { enabled: true, allow_redirects: "never" },
    confirm: true,
  });
}

/** The charge of a payment. */
export function chargeOf(payment: Stripe.PaymentIntent): string {
  const charge = payment.latest_charge;
  if (charge === null) throw new Error("The payment has no charge");
  return typeof charge === "string" ? charge : charge.id;
}

/** Calls sync-billing as a signed-in user. */
export function syncBilling(user: { accessToken: string }, body: unknown = {}): Promise<Response> {
  return callFunction("sync-billing", body, user);
}
