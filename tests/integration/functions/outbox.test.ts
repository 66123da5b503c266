import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  eventBody,
  openCheckout,
  outcomeOf,
  stripeClient,
  stripeId,
  twin,
  until,
} from "../../support/payments.ts";
import {
  chargeOf,
  firstReconciliationIsOver,
  makePayment,
  refreshed,
  runTasks,
  setFaults,
  untilRefreshed,
  withoutDeliveries,
} from "../../support/pipeline.ts";
import { functionEnv, runFunction, type RunningFunction } from "../../support/run-function.ts";
import { adminSql, rpcAs, signUp, stackProcess } from "../../support/stack.ts";

const sql = adminSql();
const stripe = stripeClient();
const secret = `whsec_${crypto.getRandomValues(new Uint8Array(32)).toBase64()}`;

/** Where the host application listens; `answer` is what it says to each delivery. */
interface Sink {
  host: string;
  received: { headers: Record<string, string>; body: string; path: string }[];
  answer: () => Response;
}

let sink: Sink;
let server: Deno.HttpServer<Deno.NetAddr>;
let worker: RunningFunction;

beforeAll(async () => {
  const received: Sink["received"] = [];
  server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    received.push({
      headers: Object.fromEntries(request.headers),
      body: await request.text(),
      path: new URL(request.url).pathname,
    });
    return sink.answer();
  });
  const host = `127.0.0.1:${server.addr.port}`;
  sink = { host, received, answer: takes };
  const env = functionEnv({
    PAYMENTS_OUTBOX_URL: `http://${host}/events`,
    PAYMENTS_OUTBOX_SECRET: secret,
  });
  worker = await runFunction("payments-worker", env, [
    host,
    new URL(env["SUPABASE_URL"] ?? "").host,
    new URL(env["STRIPE_API_BASE"] ?? "").host,
  ]);
  await firstReconciliationIsOver(sql);
});
afterEach(async () => {
  sink.answer = takes;
  sink.received.splice(0);
  await setFaults();
});
afterAll(async () => {
  await worker?.stop();
  await server?.shutdown();
  await sql.end();
});

function takes(): Response {
  return new Response(null, { status: 204 });
}

function notify() {
  return runTasks(["notify"], `${worker.url}/payments-worker`);
}

/** Delivers nothing but these: what other tests left in the outbox waits. */
async function onlyDue(ids: string[]): Promise<void> {
  await sql`update payments.outbox set next_attempt_at = now() + interval '1 day'
    where state = 'pending' and id not in ${sql(ids)}`;
  await sql`update payments.outbox set next_attempt_at = now() where id in ${
    sql(ids)
  } and state = 'pending'`;
}

/** A domain event, as the change of a row writes it. */
async function writeEvent(): Promise<string> {
  const objectId = stripeId("pi");
  await sql`select payments_private.write_outbox('payment.succeeded', ${objectId}, 'once', null,
    ${sql.json({ id: objectId, amount: 900, currency: "usd" })})`;
  const [row] = await sql`select id from payments.outbox where object_id = ${objectId}`;
  return String(row?.["id"]);
}

async function outboxRow(id: string) {
  const [row] = await sql`select state, attempts, last_error from payments.outbox where id = ${id}`;
  return row;
}

/** The signature by Standard Webhooks, written from its specification. */
async function signatureOf(headers: Record<string, string>, body: string): Promise<string> {
  const raw = Uint8Array.fromBase64(secret.slice("whsec_".length));
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", raw, algorithm, false, ["sign"]);
  const content = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  const mac = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(content));
  return `v1,${new Uint8Array(mac).toBase64()}`;
}

/** A customer that create-checkout made for a user. */
async function customerOfOurs() {
  const user = await signUp();
  await openCheckout(user);
  const [row] = await sql`select id from payments.customers where user_id = ${user.user.id}`;
  const customer = String(row?.["id"]);
  await stripe.paymentMethods.attach("pm_card_visa", { customer });
  return { userId: user.user.id, customer };
}

describe("domain events", () => {
  it("decision 11: every kind is told exactly once over repeated, doubled and reordered deliveries", async () => {
    await setFaults({ delivery: { duplicate: 1, reorder: 1 } });
    const user = await signUp();
    const product = await stripe.products.create({ name: "With a feature" });
    const feature = await stripe.entitlements.features.create({
      name: "A feature",
      lookup_key: `feature-${crypto.randomUUID()}`,
    });
    await stripe.products.createFeature(product.id, { entitlement_feature: feature.id });
    const price = await stripe.prices.create({
      product: product.id,
      currency: "usd",
      unit_amount: 700,
      recurring: { interval: "month" },
    });
    await untilRefreshed(async () =>
      (await sql`select from payments.prices join payments.products as p on p.id = product_id
        where prices.id = ${price.id}`).length === 1
    );
    const session = await openCheckout(user, { items: [{ price: price.id, quantity: 1 }] });
    await twin(`checkout_sessions/${session.id}/pay`, { card: "4242424242424242" });
    const { customer, subscription } = await stripe.checkout.sessions.retrieve(session.id);
    if (typeof customer !== "string" || typeof subscription !== "string") {
      throw new Error("not paid");
    }
    await untilRefreshed(async () =>
      (await sql`select from payments.entitlements where customer_id = ${customer}`).length === 1
    );

    const bought = await makePayment({ customer });
    const refund = await stripe.refunds.create({ payment_intent: bought.id, amount: 500 });
    const contested = await makePayment({ customer });
    const dispute = await twin<{ id: string }>(`charges/${chargeOf(contested)}/dispute`);
    await stripe.disputes.close(dispute.id);
    // a state that nobody saw is not told: it must have been active here before it ends
    await untilRefreshed(async () =>
      (await sql`select from payments.subscriptions where id = ${subscription} and status = 'active'`)
        .length === 1
    );
    await twin(`subscriptions/${subscription}/cancel`);
    await stackProcess.twinIdle();

    const told = async () => {
      const rows = await sql`select kind, object_id from payments.outbox
        where user_id = ${user.user.id} order by kind, object_id`;
      return rows.map((row) => ({ kind: row["kind"], object_id: row["object_id"] }));
    };
    await untilRefreshed(async () =>
      (await told()).some(({ kind }) => kind === "entitlement.revoked")
    );
    const [granted] = (await told()).filter(({ kind }) => kind === "entitlement.granted");
    const [first] = await sql`select id from payments.payments
      where customer_id = ${customer} and id not in ${sql([bought.id, contested.id])}`;
    const payments = [bought.id, contested.id, String(first?.["id"])].toSorted();
    const once = [
      { kind: "dispute.closed", object_id: dispute.id },
      { kind: "dispute.opened", object_id: dispute.id },
      { kind: "entitlement.granted", object_id: granted?.object_id },
      { kind: "entitlement.revoked", object_id: granted?.object_id },
      { kind: "payment.refunded", object_id: refund.id },
      ...payments.map((object_id) => ({ kind: "payment.succeeded", object_id })),
      { kind: "subscription.activated", object_id: subscription },
      { kind: "subscription.ended", object_id: subscription },
    ];
    await untilRefreshed(async () => (await told()).length >= once.length);
    expect(await told()).toEqual(once);

    // all of it again, in the order Stripe lists it: newest first
    const events = (await stripe.events.list({ limit: 100 })).data
      .filter((event) => JSON.stringify(event.data.object).includes(customer));
    for (const event of events) {
      await twin(`events/${event.id}/redeliver`).catch(() => null); // a type nobody asked for
    }
    await stackProcess.twinIdle();
    await refreshed(sql, [subscription, customer, dispute.id, refund.id, ...payments]);
    expect(await told()).toEqual(once);
  });

  it("decision 11: a refund and a dispute that come before their payment are told with their user, once, also after the purge", async () => {
    const { userId, customer } = await customerOfOurs();
    const { payment, refund, dispute } = await withoutDeliveries(async () => {
      const payment = await makePayment({ customer });
      const refund = await stripe.refunds.create({ payment_intent: payment.id, amount: 500 });
      const { id } = await twin<{ id: string }>(`charges/${chargeOf(payment)}/dispute`);
      return { payment, refund, dispute: await stripe.disputes.retrieve(id) };
    });
    const ids = [payment.id, refund.id, dispute.id];
    const told = () =>
      sql`select kind, object_id, user_id from payments.outbox
      where object_id in ${sql(ids)} order by kind`;
    // else the worker may have fetched the payment before we look
    await setFaults({ api: [{ method: "GET", kind: "500" }] });
    await outcomeOf(eventBody({ type: "refund.created", object: { ...refund } }));
    await outcomeOf(eventBody({ type: "charge.dispute.created", object: { ...dispute } }));
    expect(await told()).toEqual([]);
    await setFaults();
    const object = { ...await stripe.paymentIntents.retrieve(payment.id) };
    await outcomeOf(eventBody({ type: "payment_intent.succeeded", object }));
    expect(await told()).toEqual([
      { kind: "dispute.opened", object_id: dispute.id, user_id: userId },
      { kind: "payment.refunded", object_id: refund.id, user_id: userId },
      { kind: "payment.succeeded", object_id: payment.id, user_id: userId },
    ]);

    await sql`update payments.outbox set state = 'delivered', delivered_at = now() - interval '31 days'
      where object_id in ${sql(ids)}`;
    await runTasks(["purge"]);
    expect(await told()).toEqual([]);
    await outcomeOf(eventBody({ type: "payment_intent.succeeded", object }));
    await refreshed(sql, ids);
    expect(await told()).toEqual([]);
  });

  it("2.2a cannot be read by any API role", async () => {
    const { client } = await signUp();
    expect((await client.schema("payments").from("outbox").select()).error).not.toBeNull();
    const grants = await sql`select grantee from information_schema.role_table_grants
      where table_schema = 'payments' and table_name = 'outbox' and grantee <> 'payments_owner'`;
    expect(grants).toEqual([]);
  });
});

describe("their delivery", () => {
  it("8.2a is signed by Standard Webhooks, so that its own library accepts it", async () => {
    const id = await writeEvent();
    await onlyDue([id]);
    expect(await notify()).toMatchObject({ notify: { done: 1, failed: 0 } });
    const [message, ...more] = sink.received;
    expect(more).toEqual([]);
    if (message === undefined) throw new Error("nothing was delivered");
    const { headers, body } = message;
    expect(headers["webhook-id"]).toBe(id);
    expect(headers["webhook-signature"]).toBe(await signatureOf(headers, body));
    expect(new Webhook(secret).verify(body, headers)).toMatchObject({
      type: "payment.succeeded",
      data: { amount: 900, currency: "usd", user_id: null },
    });
    expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow();
    expect(await outboxRow(id)).toEqual({ state: "delivered", attempts: 1, last_error: null });
    await notify();
    expect(sink.received).toHaveLength(1);
  });

  it("8.2a is tried again with the same webhook-id until the host takes it", async () => {
    const id = await writeEvent();
    const answers = [500, 404, 204];
    sink.answer = () => new Response(null, { status: answers.shift() ?? 500 });
    for (let round = 0; round < 3; round++) {
      await onlyDue([id]);
      await notify();
    }
    expect(sink.received.map(({ headers }) => headers["webhook-id"])).toEqual([id, id, id]);
    for (const { headers, body } of sink.received) {
      expect(headers["webhook-signature"]).toBe(await signatureOf(headers, body));
    }
    expect(await outboxRow(id)).toMatchObject({ state: "delivered", attempts: 3 });
  });

  it("8.2a waits longer after each failure and does not run at once again", async () => {
    const id = await writeEvent();
    sink.answer = () => new Response(null, { status: 500 });
    await onlyDue([id]);
    await notify();
    const [row] =
      await sql`select next_attempt_at > now() - interval '1 second' as later, last_error
      from payments.outbox where id = ${id}`;
    expect(row).toEqual({ later: true, last_error: "status_500" });
  });

  it("8.2a is dead after fifteen failures, and people hear of it", async () => {
    const id = await writeEvent();
    sink.answer = () => new Response(null, { status: 500 });
    for (let round = 0; round < 16; round++) {
      await onlyDue([id]);
      await notify();
    }
    expect(sink.received).toHaveLength(15);
    expect(await outboxRow(id)).toEqual({ state: "dead", attempts: 15, last_error: "status_500" });
    const alerts = await sql`select severity from payments_private.alerts
      where rule = 'outbox_dead' and subject = ${id} and resolved_at is null`;
    expect(alerts).toEqual([{ severity: "critical" }]);
  });

  it("3.3b follows no redirect: a signed message goes where it was meant to go", async () => {
    const id = await writeEvent();
    sink.answer = () =>
      new Response(null, { status: 307, headers: { location: `http://${sink.host}/elsewhere` } });
    await onlyDue([id]);
    expect(await notify()).toMatchObject({ notify: { done: 0, failed: 1 } });
    expect(sink.received.map(({ path }) => path)).toEqual(["/events"]);
    expect(await outboxRow(id)).toMatchObject({ state: "pending", attempts: 1 });
  });

  it("8.2a goes out once when two workers run at once", async () => {
    const ids = await Promise.all(Array.from({ length: 12 }, writeEvent));
    await onlyDue(ids);
    await Promise.all([notify(), notify(), notify()]);
    await until(() => Promise.resolve(sink.received.length >= ids.length));
    expect(sink.received.map(({ headers }) => headers["webhook-id"]).toSorted())
      .toEqual(ids.toSorted());
  });

  it("decision 4: finish_outbox is fenced: a worker past its lease changes nothing", async () => {
    const id = await writeEvent();
    await onlyDue([id]);
    const claim = async () => {
      const { data } = await rpcAs("payments_worker", "claim_outbox", {
        p_limit: 1,
        p_lease_seconds: 600,
      });
      return data[0].lease;
    };
    const first = await claim();
    await sql`update payments.outbox set leased_until = now(), next_attempt_at = now() where id = ${id}`;
    const second = await claim();
    const finish = (lease: number) =>
      rpcAs("payments_worker", "finish_outbox", { p_id: id, p_lease: lease });
    expect((await finish(first)).data).toBe("fenced");
    expect(await outboxRow(id)).toMatchObject({ state: "pending" });
    expect((await finish(second)).data).toBe("delivered");
  });
});
