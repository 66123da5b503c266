// The background work under hostile circumstances: another account's key, a sink that redirects, a
// worker that hangs, users who vanish.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { loadConfig } from "../../supabase/functions/_shared/config.ts";
import { createRpc } from "../../supabase/functions/_shared/database.ts";
import { createStripe } from "../../supabase/functions/_shared/stripe-client.ts";
import { createStore } from "../../supabase/functions/payments-worker/store.ts";
import { endBillingTask } from "../../supabase/functions/payments-worker/tasks/end-billing.ts";
import { reconcileTask } from "../../supabase/functions/payments-worker/tasks/reconcile.ts";
import {
  eventBody,
  nowSeconds,
  stripeClient,
  stripeId,
  subscribe,
  until,
} from "../support/payments.ts";
import { functionEnv, runFunction, type RunningFunction } from "../support/run-function.ts";
import { signatureHeader } from "../support/sign-event.ts";
import { adminSql, rpcAs, signUp, stack } from "../support/stack.ts";
import {
  callOf,
  closedGate,
  type Interceptor,
  startInterceptor,
  stripeError,
} from "./support/interceptor.ts";
import { askForCheckout, payableSessions, subscriptionTo } from "./support/shop.ts";

const sql = adminSql();
const hosts = () => [new URL(stack().supabaseUrl).host];
let stripe: Interceptor;

beforeAll(async () => {
  stripe = startInterceptor(stack().stripeUrl);
  // a new stack looks at everything once; from then on our account is known, and nothing is due
  await until(async () => {
    const left = await sql`
      select 1 from payments_private.reconcile_runs where finished_at is null or leased_until > now()`;
    return left.length === 0;
  });
});
afterEach(() => stripe.use());
afterAll(async () => {
  await stripe.close();
  await sql.end();
});

describe("a key of another account", () => {
  /** What such a key is answered: its own account, its own events, and nothing of ours. */
  function asOtherAccount(events: unknown[] = []): void {
    stripe.use((request) => {
      const path = new URL(request.url).pathname;
      if (path === "/v1/account") return Response.json({ id: "acct_other", object: "account" });
      return path === "/v1/events"
        ? Response.json({ object: "list", data: events, has_more: false, url: path })
        : stripeError(404, "invalid_request_error", "resource_missing");
    });
  }

  function workerParts() {
    const config = loadConfig("payments-worker", functionEnv({ STRIPE_API_BASE: stripe.url }));
    const client = createStripe(config);
    return {
      stripe: client,
      store: createStore(createRpc(config)),
      accountId: async () => (await client.accounts.retrieveCurrent()).id,
      now: Date.now,
    };
  }

  const run = { requestId: "r", log: () => {}, forced: true };

  it("decision 3: brings in no event and moves no cursor", async () => {
    const foreign = stripeId("evt");
    asOtherAccount([{
      id: foreign,
      object: "event",
      type: "product.created",
      created: nowSeconds(),
      livemode: false,
      api_version: "2026-10-28.endive",
      data: { object: { id: stripeId("prod"), object: "product", active: true, name: "x" } },
    }]);
    const state = () =>
      sql`
      select cursor_at, finished_at from payments_private.reconcile_runs where mode = 'hourly'`;
    const before = await state();
    const result = await reconcileTask({ ...workerParts(), livemode: false })(run);
    expect(result).toMatchObject({ done: 0, failed: 1 });
    expect(await state()).toEqual(before);
    const taken = await sql`
      select 1 from payments_private.processed_events where event_id = ${foreign}`;
    expect(taken).toEqual([]);
    await sql`update payments_private.reconcile_runs set leased_until = null where mode = 'hourly'`;
  });

  it("decision 3: makes no tombstone of a 404", async () => {
    const user = await signUp();
    const id = await subscribe(user);
    const [claim] = await sql`select nextval('payments_private.ticket_numbers')::int as ticket`;
    const { data } = await rpcAs("payments_worker", "finish_refresh", {
      p_kind: "subscription",
      p_object_id: id,
      p_ticket: claim?.["ticket"],
      p_as_of: nowSeconds(),
      p_projection: { id, deleted: true },
      p_account_id: "acct_other",
      p_request_id: "r",
      p_found: true,
    });
    expect(data).toEqual({ outcome: "wrong_account" });
    expect(await sql`select status from payments.subscriptions where id = ${id}`)
      .toEqual([{ status: "active" }]);
  });

  it("decision 6: does not count as the end of billing for a deleted user", async () => {
    const customer = await stripeClient().customers.create({});
    // leased at once, so that the stack's own worker leaves it alone
    const [claim] = await sql`
      insert into payments_private.customer_deletions (customer_id, attempts, lease, leased_until)
      values (${customer.id}, 1, nextval('payments_private.ticket_numbers'), now() + interval '2 minutes')
      returning customer_id, lease::int`;
    const parts = workerParts();
    const claims = [[{ customer_id: claim?.["customer_id"], lease: claim?.["lease"] }]];
    const store = {
      ...parts.store,
      claimCustomerDeletions: () => Promise.resolve(claims.pop() ?? []),
    };
    asOtherAccount();
    expect(await endBillingTask({ ...parts, store })(run)).toMatchObject({ done: 0, failed: 1 });
    const [row] = await sql`
      select finished_at, last_error from payments_private.customer_deletions
      where customer_id = ${customer.id}`;
    expect(row).toEqual({ finished_at: null, last_error: "WrongAccount" });
    // and under the right key it comes to an end
    stripe.use();
    await sql`
      update payments_private.customer_deletions set next_attempt_at = now()
      where customer_id = ${customer.id}`;
    await until(async () => {
      const [row] = await sql`
        select finished_at from payments_private.customer_deletions
        where customer_id = ${customer.id}`;
      return row?.["finished_at"];
    });
    expect(await stripeClient().customers.retrieve(customer.id)).toMatchObject({ deleted: true });
  });
});

describe("users who are deleted", () => {
  it("decision 6: a checkout on its way to Stripe leaves nothing to pay", async () => {
    const checkout = await runFunction(
      "create-checkout",
      functionEnv({ STRIPE_API_BASE: stripe.url }),
      [stripe.host, ...hosts()],
    );
    try {
      const user = await signUp();
      const gate = closedGate();
      stripe.use(async (request, forward) => {
        if (callOf(request) === "POST /v1/checkout/sessions") await gate.pass();
        return await forward();
      });
      const asked = askForCheckout(user, subscriptionTo("pro_monthly"), checkout.url);
      await gate.reached;
      await sql`delete from auth.users where id = ${user.user.id}`;
      gate.open();
      expect((await asked).status).toBe(403);
      expect(await payableSessions(user.user.id)).toEqual([]);
    } finally {
      await checkout.stop();
    }
  });
});

describe("the outbox", () => {
  it("decision 11: a sink that redirects gets nothing sent elsewhere", async () => {
    const arrived: { id: string | null; to: string }[] = [];
    const receive = (to: string, answer: () => Response) => (request: Request) => {
      arrived.push({ id: request.headers.get("webhook-id"), to });
      return answer();
    };
    const third = startInterceptor(stack().webUrl);
    third.use(receive("third", () => new Response(null, { status: 204 })));
    const sink = startInterceptor(stack().webUrl);
    sink.use(receive("sink", () => Response.redirect(`${third.url}/elsewhere`, 307)));
    const worker = await runFunction(
      "payments-worker",
      functionEnv({
        PAYMENTS_OUTBOX_URL: `${sink.url}/events`,
        PAYMENTS_OUTBOX_SECRET: `whsec_${btoa("0123456789abcdef0123456789abcdef")}`,
      }),
      [new URL(stack().stripeUrl).host, sink.host, third.host, ...hosts()],
    );
    try {
      const user = await signUp();
      const subscription = await subscribe(user);
      // of what other tests left only this one is due
      await sql`update payments.outbox set next_attempt_at = now() + interval '1 hour'
        where object_id <> ${subscription}`;
      const notify = () =>
        fetch(worker.url, {
          method: "POST",
          headers: { apikey: stack().workerKey, "content-type": "application/json" },
          body: '{"tasks":["notify"]}',
        });
      const [row] = await sql`select id from payments.outbox where object_id = ${subscription}`;
      expect(await (await notify()).json()).toMatchObject({ tasks: { notify: { failed: 1 } } });
      expect(arrived).toEqual([{ id: row?.["id"], to: "sink" }]);
      expect(await sql`select state from payments.outbox where id = ${row?.["id"]}`)
        .toEqual([{ state: "pending" }]);
      // the same id again, so that the host's effect is exactly once
      sink.use(receive("sink", () => new Response(null, { status: 204 })));
      await sql`update payments.outbox set next_attempt_at = now() where id = ${row?.["id"]}`;
      await notify();
      expect(arrived).toEqual(Array(2).fill({ id: row?.["id"], to: "sink" }));
    } finally {
      await worker.stop();
      await sink.close();
      await third.close();
    }
  });
});

describe("the nudge", () => {
  let gateway: Interceptor;
  let webhook: RunningFunction;

  beforeAll(async () => {
    gateway = startInterceptor(stack().supabaseUrl);
    webhook = await runFunction("stripe-webhook", functionEnv({ SUPABASE_URL: gateway.url }), [
      gateway.host,
    ]);
  });
  afterAll(async () => {
    await webhook.stop();
    await gateway.close();
  });

  it("decision 4: a worker that hangs holds up no delivery, a flood wakes it once a second, a forger never", async () => {
    let nudges = 0;
    const held = Promise.withResolvers<void>();
    gateway.use(async (request, forward) => {
      if (!callOf(request).endsWith("/payments-worker")) return await forward();
      nudges++;
      await held.promise;
      return new Response(null, { status: 204 });
    });
    const send = async (secret: string) => {
      // older than an hour: it only marks its object, and so wants the worker
      const created = nowSeconds() - 7_200;
      const object = { id: stripeId("prod"), object: "product", active: true, name: "x", created };
      const body = eventBody({ type: "product.updated", object, created });
      const header = await signatureHeader(body, secret, nowSeconds());
      const headers = { "content-type": "application/json", "stripe-signature": header };
      return await fetch(webhook.url, { method: "POST", headers, body });
    };
    try {
      const forged = await Promise.all(
        Array.from({ length: 10 }, () => send(`whsec_${"x".repeat(32)}`)),
      );
      expect(new Set(forged.map(({ status }) => status))).toEqual(new Set([400]));
      expect(nudges).toBe(0);

      const startedAt = Date.now();
      const genuine = await Promise.all(
        Array.from({ length: 30 }, () => send(stack().webhookSecret)),
      );
      const seconds = (Date.now() - startedAt) / 1000;
      expect(new Set(genuine.map(({ status }) => status))).toEqual(new Set([200]));
      expect(nudges).toBeGreaterThan(0);
      expect(nudges).toBeLessThanOrEqual(Math.ceil(seconds) + 1);
    } finally {
      held.resolve();
    }
  });
});
