import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { loadConfig } from "../../../supabase/functions/_shared/config.ts";
import { PaymentError } from "../../../supabase/functions/_shared/errors.ts";
import { createRpc } from "../../../supabase/functions/_shared/database.ts";
import { createStripe } from "../../../supabase/functions/_shared/stripe-client.ts";
import {
  createStore,
  type ReconcileRun,
} from "../../../supabase/functions/payments-worker/store.ts";
import { reconcileTask } from "../../../supabase/functions/payments-worker/tasks/reconcile.ts";
import { type CountingProxy, startCountingProxy } from "../../support/counting-proxy.ts";
import {
  eventBody,
  openCheckout,
  outcomeOf,
  stripeClient,
  stripeId,
  twin,
} from "../../support/payments.ts";
import {
  chargeOf,
  firstReconciliationIsOver,
  makeCustomer,
  makePayment,
  refreshed,
  runTasks,
  setFaults,
  withoutDeliveries,
} from "../../support/pipeline.ts";
import { functionEnv } from "../../support/run-function.ts";
import { adminSql, signUp, stack } from "../../support/stack.ts";

const sql = adminSql();
const stripe = stripeClient();
/** In front of Stripe; `intercept` may answer in its place or ask for something else. */
let proxy: CountingProxy;
let intercept: (request: Request) => Response | string | null = () => null;

beforeAll(async () => {
  proxy = startCountingProxy(stack().stripeUrl, (request) => intercept(request));
  await firstReconciliationIsOver(sql);
  await endPauses(); // of runs that failed in the tests before, when Stripe was broken
});
afterEach(async () => {
  intercept = () => null;
  proxy.clear();
  await setFaults();
  await endPauses();
});
afterAll(async () => {
  await proxy?.close();
  await sql.end();
});

/** A run that failed waits a minute. */
async function endPauses(): Promise<void> {
  await sql`update payments_private.reconcile_runs set leased_until = null, lease = null, progress = null`;
}

/** The worker's own task in this process, so that a test may hold its clock and its way to Stripe. */
function localReconcile({ now = Date.now, onPause = () => {}, poison }: {
  now?: () => number;
  onPause?: (run: ReconcileRun) => void;
  /** An event that the database does not take; the last run was hours ago by then. */
  poison?: string | undefined;
} = {}) {
  const config = loadConfig("payments-worker", functionEnv({ STRIPE_API_BASE: proxy.url }));
  const client = createStripe(config);
  const store = createStore(createRpc(config));
  const task = reconcileTask({
    stripe: client,
    store: {
      ...store,
      pauseReconcile: (mode, run) => {
        onPause(run);
        return store.pauseReconcile(mode, run);
      },
      recordFoundEvent: (event) =>
        event.event_id === poison
          // only now that the run has its lease: the stack's own worker would take what is due
          ? sql`update payments_private.reconcile_runs set finished_at = now() - interval '4 hours'
              where mode = 'hourly'`.then(() => Promise.reject(new PaymentError("unavailable")))
          : store.recordFoundEvent(event),
    },
    accountId: async () => (await client.accounts.retrieveCurrent()).id,
    livemode: false,
    now,
  });
  return task({ requestId: "test", log: () => {}, forced: true });
}

/** Stripe's list of events in pages of five, so that a few events fill several. */
function smallPage(request: Request): string | null {
  const url = new URL(request.url);
  if (url.pathname !== "/v1/events") return null;
  url.searchParams.set("limit", "5");
  return `${url.pathname}${url.search}`;
}

async function run(mode: string) {
  const [row] = await sql`
    select cursor_at, finished_at, progress, lease from payments_private.reconcile_runs where mode = ${mode}`;
  return row;
}

async function knownEvents(ids: string[]): Promise<number> {
  const rows = await sql`select from payments_private.processed_events where event_id in ${
    sql(ids)
  }`;
  return rows.length;
}

/** Makes products whose events are lost. */
async function loseProducts(count: number): Promise<{ products: string[]; events: string[] }> {
  const products = await withoutDeliveries(() =>
    Promise.all(
      Array.from({ length: count }, async (_, n) =>
        (await stripe.products.create({ name: `Lost ${n}` })).id),
    )
  );
  const events = await stripe.events.list({ type: "product.created", limit: 100 })
    .autoPagingToArray({ limit: 1000 });
  return {
    products,
    events: events.filter(({ data: { object } }) =>
      "id" in object && products.includes(String(object.id))
    )
      .map(({ id }) => id),
  };
}

async function productsHere(ids: string[]): Promise<number> {
  return (await sql`select from payments.products where id in ${sql(ids)}`).length;
}

describe("a forced run", () => {
  it("I9 heals what was never delivered: every event is recorded, every table is true", async () => {
    const user = await signUp();
    const subscription = await withoutDeliveries(async () => {
      const session = await openCheckout(user);
      await twin(`checkout_sessions/${session.id}/pay`, { card: "4242424242424242" });
      return (await stripe.checkout.sessions.retrieve(session.id)).subscription;
    });
    const { products, events } = await loseProducts(3);
    expect(await productsHere(products)).toBe(0);
    const before = await run("hourly");

    const { reconcile } = await runTasks(["reconcile"]);
    expect(reconcile).toMatchObject({ failed: 0 });
    expect(reconcile?.done).toBeGreaterThanOrEqual(3);
    await refreshed(sql, [...products, String(subscription)]);

    expect(await productsHere(products)).toBe(3);
    const { data } = await user.client.schema("payments").from("subscriptions").select(
      "id, status",
    );
    expect(data).toEqual([{ id: subscription, status: "active" }]);
    const rows = await sql`select status, secret_fingerprint from payments_private.processed_events
      where event_id in ${sql(events)}`;
    expect(rows).toEqual(
      Array.from({ length: 3 }, () => ({ status: "applied", secret_fingerprint: "reconcile" })),
    );
    const after = await run("hourly");
    expect(after?.["cursor_at"].getTime()).toBeGreaterThan(before?.["cursor_at"].getTime());
    // /v1/events lags behind: the cursor stays five minutes behind the run
    expect(after?.["cursor_at"].getTime()).toBeLessThanOrEqual(Date.now() - 299_000);

    expect(await runTasks(["reconcile"])).toMatchObject({ reconcile: { done: 0, failed: 0 } });
  });

  it("8.2a alerts of disputes and fraud warnings that were never delivered, or that nobody can read", async () => {
    const { dispute, warning } = await withoutDeliveries(async () => {
      const { customer } = await makeCustomer();
      const charge = chargeOf(await makePayment({ customer }));
      return {
        dispute: await twin<{ id: string }>(`charges/${charge}/dispute`),
        warning: await twin<{ id: string }>(`charges/${charge}/early_fraud_warning`),
      };
    });
    const unreadable = { id: stripeId("du"), object: "dispute", amount: "a lot" };
    expect(await outcomeOf(eventBody({ type: "charge.dispute.created", object: unreadable })))
      .toBe("queued");
    expect(await runTasks(["reconcile"])).toMatchObject({ reconcile: { failed: 0 } });
    const alerts = await sql`select rule, subject from payments_private.alerts
      where subject in ${sql([dispute.id, warning.id, unreadable.id])} order by rule`;
    expect(new Set(alerts.map(({ rule, subject }) => `${rule} ${subject}`))).toEqual(
      new Set([
        `dispute ${dispute.id}`,
        `dispute ${unreadable.id}`,
        `early_fraud_warning ${warning.id}`,
      ]),
    );
  });

  it("decision 4: brings back a dead event and one that an older version ignored", async () => {
    const { products, events } = await loseProducts(2);
    await runTasks(["reconcile"]);
    await refreshed(sql, products);
    const [dead = "", ignored = ""] = events;
    await sql`update payments_private.processed_events set status = 'dead' where event_id = ${dead}`;
    await sql`update payments_private.processed_events set status = 'ignored' where event_id = ${ignored}`;
    expect(await runTasks(["reconcile"])).toMatchObject({ reconcile: { done: 2, failed: 0 } });
    await refreshed(sql, products);
    const rows = await sql`select status from payments_private.processed_events
      where event_id in ${sql(events)}`;
    expect(rows).toEqual([{ status: "applied" }, { status: "applied" }]);
  });

  it("decision 4: one that fails in the middle moves no cursor, and the next does all of it", async () => {
    const { products, events } = await loseProducts(12);
    const before = await run("hourly");
    let pages = 0;
    intercept = (request) => {
      const smaller = smallPage(request);
      if (smaller === null) return null;
      pages++;
      return smaller.includes("starting_after")
        ? Response.json({ error: { type: "api_error", message: "down" } }, {
          status: 500,
          headers: { "stripe-should-retry": "false" },
        })
        : smaller;
    };
    expect(await localReconcile()).toMatchObject({ failed: 1 });
    expect(pages).toBeGreaterThanOrEqual(2);
    expect(await run("hourly")).toMatchObject({
      cursor_at: before?.["cursor_at"],
      finished_at: before?.["finished_at"],
      progress: null,
    });
    expect(await knownEvents(events)).toBeLessThan(events.length);

    // for a minute nobody asks a Stripe that is down
    intercept = () => null;
    proxy.clear();
    expect(await localReconcile()).toMatchObject({ done: 0, failed: 0 });
    expect(proxy.requests).toEqual([]);
    // not due any more: the stack's own worker would be first
    await sql`update payments_private.reconcile_runs set leased_until = null, finished_at = now()
      where mode = 'hourly'`;
    expect(await localReconcile()).toMatchObject({ failed: 0 });
    expect(await knownEvents(events)).toBe(12);
    expect((await run("hourly"))?.["finished_at"].getTime())
      .toBeGreaterThan(before?.["finished_at"].getTime());
    await refreshed(sql, products);
    expect(await productsHere(products)).toBe(12);
  });

  it("decision 4: one that has more pages than time pauses, and the next goes on where it stopped", async () => {
    const { products, events } = await loseProducts(12);
    const before = await run("hourly");
    intercept = smallPage;
    let clock = 0;
    const paused: ReconcileRun[] = [];
    const slow = localReconcile({ now: () => clock += 40_000, onPause: (run) => paused.push(run) });
    expect(await slow).toMatchObject({ failed: 0 });
    expect(paused).toHaveLength(1);
    expect(paused[0]?.place.after).toMatch(/^evt_/);
    // the stack's own scheduler may have gone on already
    const [halfway] =
      await sql`select progress from payments_private.reconcile_runs where mode = 'hourly'`;
    if (halfway?.["progress"] !== null) {
      expect((await run("hourly"))?.["cursor_at"]).toEqual(before?.["cursor_at"]);
      await runTasks(["reconcile"]);
    }
    await finishedAfter("hourly", before?.["finished_at"]);
    expect(await knownEvents(events)).toBe(12);
    await refreshed(sql, products);
    expect(await productsHere(products)).toBe(12);
  });

  it("decision 4: one event that is not taken in holds up no other, but its run does not count", async () => {
    const { products, events } = await loseProducts(3);
    const before = await run("hourly");
    expect(await localReconcile({ poison: events[1] })).toMatchObject({ done: 2, failed: 1 });
    expect(await knownEvents(events)).toBe(2);
    expect((await run("hourly"))?.["cursor_at"]).toEqual(before?.["cursor_at"]);
    // nobody has to notice by chance that runs fail for hours
    const alerts = await sql`select severity from payments_private.alerts
      where rule = 'reconcile_overdue' and subject = 'hourly' and resolved_at is null`;
    expect(alerts).toEqual([{ severity: "warning" }]);
    // not due any more: the stack's own worker would be first
    await sql`update payments_private.reconcile_runs set leased_until = null, finished_at = now()
      where mode = 'hourly'`;
    expect(await localReconcile()).toMatchObject({ failed: 0 });
    expect(await knownEvents(events)).toBe(3);
    await refreshed(sql, products);
  });

  it("decision 4: two workers at once do it once", async () => {
    const { products, events } = await loseProducts(20);
    const runs = async () =>
      (await sql`select from audit.audit_logs
      where action = 'reconcile.finished' and resource_id = 'hourly'`).length;
    const before = await runs();
    const results = await Promise.all([1, 2, 3].map(() => runTasks(["reconcile"])));
    const found = results.map(({ reconcile }) => reconcile?.done ?? 0);
    expect(found.reduce((sum, done) => sum + done, 0)).toBe(20);
    expect(await runs() - before).toBeLessThanOrEqual(3);
    await Promise.all([runTasks(["refresh"]), runTasks(["refresh"])]);
    await refreshed(sql, products);
    const rows = await sql`select status, attempts from payments_private.processed_events
      where event_id in ${sql(events)}`;
    expect(rows).toEqual(Array.from({ length: 20 }, () => ({ status: "applied", attempts: 1 })));
  });

  it("decision 4: finish_reconcile is fenced: a run past its lease moves no cursor", async () => {
    const before = await run("hourly");
    await sql`update payments_private.reconcile_runs set lease = 7 where mode = 'hourly'`;
    const store = createStore(createRpc(loadConfig("payments-worker", functionEnv())));
    const late = {
      lease: 6,
      began_at: Math.floor(Date.now() / 1000),
      since: 0,
      failed: 0,
      place: {},
    };
    expect(await store.finishReconcile("hourly", late, {})).toBe(false);
    expect(await store.pauseReconcile("hourly", late)).toBe(false);
    expect(await run("hourly")).toMatchObject({
      cursor_at: before?.["cursor_at"],
      finished_at: before?.["finished_at"],
      progress: null,
    });
  });
});

describe("a scan", () => {
  /** A day has passed since the last one. */
  const makeScanDue = () =>
    sql`update payments_private.reconcile_runs set finished_at = now() - interval '25 hours' where mode = 'scan'`;

  it("main job: backfills an account that existed before us, and buries what Stripe deleted", async () => {
    const doomed = await stripe.products.create({ name: "Doomed" });
    await refreshed(sql, [doomed.id]);
    const old = await withoutDeliveries(async () => {
      await stripe.products.del(doomed.id);
      const made = await makeCustomer();
      const subscription = await stripe.subscriptions.create({
        customer: made.customer,
        items: [{ price: made.price }],
      });
      return { ...made, subscription: subscription.id };
    });
    const [before] = await sql`select count(*)::int as n from payments_private.processed_events`;

    await makeScanDue();
    await runTasks(["reconcile"]);
    await finishedAfter("scan", new Date(Date.now() - 3_600_000));
    await refreshed(sql, [doomed.id, old.customer]);
    const counts = await sql`
      select (select count(*)::int from payments.customers where id = ${old.customer}) as customers,
        (select count(*)::int from payments.prices where id = ${old.price}) as prices,
        (select count(*)::int from payments.invoices where subscription_id = ${old.subscription}) as invoices,
        (select count(*)::int from payments.payments where customer_id = ${old.customer}) as payments,
        (select status from payments.subscriptions where id = ${old.subscription}) as status`;
    expect(counts).toEqual([{
      customers: 1,
      prices: 1,
      invoices: 1,
      payments: 1,
      status: "active",
    }]);
    const [buried] =
      await sql`select active, deleted_at from payments.products where id = ${doomed.id}`;
    expect(buried).toEqual({ active: false, deleted_at: expect.any(Date) });
    expect(before).toBeDefined();
  });

  it("decision 3: applies nothing under another account's key, neither objects nor events nor absences", async () => {
    const { products, events } = await loseProducts(2);
    const kept = await stripe.products.create({ name: "Kept" });
    await refreshed(sql, [kept.id]);
    const before = await run("hourly");
    intercept = (request) =>
      new URL(request.url).pathname === "/v1/account"
        ? Response.json({ id: "acct_of_somebody_else", object: "account" })
        : null;
    await sql.begin(async (tx) => {
      // ours alone: the stack's own worker finds the scan taken
      await tx`update payments_private.reconcile_runs set finished_at = null where mode = 'scan'`;
    });
    const result = await localReconcile();
    expect(result.failed).toBeGreaterThanOrEqual(1);
    expect(await knownEvents(events)).toBe(0);
    expect(await productsHere(products)).toBe(0);
    expect((await run("hourly"))?.["cursor_at"]).toEqual(before?.["cursor_at"]);
    const [row] = await sql`select active from payments.products where id = ${kept.id}`;
    expect(row).toEqual({ active: true });
    const [account] = await sql`select account_id from payments_private.stripe_account`;
    expect(account?.["account_id"]).toBe((await stripe.accounts.retrieveCurrent()).id);
  });
});

/** Waits until a run finished later than this. */
async function finishedAfter(mode: string, moment: Date | null): Promise<void> {
  for (let turn = 0; turn < 200; turn++) {
    const finished: Date | null = (await run(mode))?.["finished_at"] ?? null;
    if (finished !== null && finished.getTime() > (moment?.getTime() ?? 0)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${mode} did not finish`);
}
