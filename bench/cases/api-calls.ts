import { createClient } from "@supabase/supabase-js";
import postgres from "postgres";
import { type Stack, startStack } from "../../dev/stack/start-stack.ts";
import { type BenchCase, round } from "../support/bench-case.ts";

const CUSTOMERS = 20;
const RENEWALS = 3;
const MONTH_SECONDS = 31 * 86_400;
const QUIET_MS = 5_000;
const LIMIT_MS = 60_000;

/**
 * How often the worker asks Stripe for an event's sake, on a mix of sign-ups, renewals, failed
 * renewals, refunds and cancellations in the twin. Calls that a customer causes (making a checkout) are
 * counted apart, and so is what a worker asks once at its start.
 */
export const apiCallsCase: BenchCase = {
  name: "api-calls",
  what: "Stripe API calls for each event on a realistic mix",
  async run({ report }) {
    const calls: string[] = [];
    const stack = await startStack({
      stateFile: null,
      log: (line) => {
        const call = /^\[stripe twin\] (GET|POST|DELETE) (\/v1\/\S+) \d+ /.exec(line);
        if (call !== null) calls.push(`${call[1]} ${call[2]}`);
      },
    });
    const sql = postgres(stack.state.dbUrl, { max: 1, ssl: false, onnotice: () => {} });
    try {
      await settle(sql, stack);
      calls.splice(0);
      const before = await countEvents(sql);
      await live(stack, sql);
      await settle(sql, stack);
      const events = await countEvents(sql) - before;
      const fetches = calls.filter((call) => call.startsWith("GET "));
      report({
        bench: "api-calls",
        events,
        fetches: fetches.length,
        fetches_per_event: round(fetches.length / events, 3),
        aim: 0.25,
        checkout_calls: calls.length - fetches.length,
        ...byResource(fetches),
      });
    } finally {
      await sql.end();
      await stack.stop();
    }
  },
};

async function live(stack: Stack, sql: postgres.Sql): Promise<void> {
  for (let index = 0; index < CUSTOMERS; index++) await signUpAndPay(stack);
  await settle(sql, stack);
  const subscriptions = await sql<
    { id: string }[]
  >`select id from payments.subscriptions order by id`;
  for (let month = 1; month <= RENEWALS; month++) {
    await control(stack, "clock", { now: Math.floor(Date.now() / 1000) + month * MONTH_SECONDS });
    for (const [index, { id }] of subscriptions.entries()) {
      const fails = month === RENEWALS && index % 10 === 0;
      await control(stack, `subscriptions/${id}/${fails ? "fail_renewal" : "renew"}`);
    }
    await settle(sql, stack);
  }
  for (const [index, { id }] of subscriptions.entries()) {
    if (index % 4 === 0) await control(stack, `subscriptions/${id}/cancel`);
  }
}

async function signUpAndPay(stack: Stack): Promise<void> {
  const { supabaseUrl, publishableKey, webUrl } = stack.state;
  const client = createClient(supabaseUrl, publishableKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  const credentials = {
    email: `bench-${crypto.randomUUID()}@example.com`,
    password: crypto.randomUUID(),
  };
  const { error } = await client.auth.signUp(credentials);
  if (error !== null) throw error;
  const answer = await client.functions.invoke<{ id: string }>("create-checkout", {
    body: {
      mode: "subscription",
      items: [{ price: "pro_monthly", quantity: 1 }],
      success_url: `${webUrl}/return`,
      cancel_url: `${webUrl}/pricing`,
    },
  });
  if (answer.error !== null || answer.data === null) throw answer.error;
  await control(stack, `checkout_sessions/${answer.data.id}/pay`, { card: "4242424242424242" });
}

async function control(stack: Stack, path: string, body: unknown = {}): Promise<void> {
  const response = await fetch(`${stack.state.stripeUrl}/_twin/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  await response.body?.cancel();
}

/** Waits until nothing is delivered, marked or waiting any more. */
async function settle(sql: postgres.Sql, stack: Stack): Promise<void> {
  await stack.twin.idle();
  const startedAt = performance.now();
  for (let quietSince = startedAt; performance.now() - quietSince < QUIET_MS;) {
    const [row] = await sql`
      select (select count(*) from payments_private.refresh_marks)
        + (select count(*) from payments_private.processed_events where status in ('queued', 'retry')) as waiting`;
    if (Number(row?.["waiting"]) > 0) quietSince = performance.now();
    if (performance.now() - startedAt > LIMIT_MS) throw new Error("the backlog does not drain");
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function countEvents(sql: postgres.Sql): Promise<number> {
  const [row] = await sql`select count(*) as events from payments_private.processed_events`;
  return Number(row?.["events"]);
}

/** How many calls went to each resource. */
function byResource(calls: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const call of calls) {
    const resource = /\/v1\/((?:checkout\/|entitlements\/|radar\/)?[a-z_]+)/.exec(call)?.[1] ??
      "other";
    counts[`get_${resource}`] = (counts[`get_${resource}`] ?? 0) + 1;
  }
  return counts;
}
