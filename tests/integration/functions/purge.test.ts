import { afterAll, describe, expect, it } from "vitest";
import {
  eventBody,
  nowSeconds,
  outcomeOf,
  stripeClient,
  stripeId,
  subscribe,
} from "../../support/payments.ts";
import { refreshed, runTasks } from "../../support/pipeline.ts";
import { adminSql, rpcAs, signUp } from "../../support/stack.ts";

const sql = adminSql();
afterAll(() => sql.end());

const DAY_SECONDS = 86_400;

interface StoredEvent {
  id?: string;
  ageDays: number;
  type?: string;
  kind?: string;
  objectId?: string;
  status?: string;
  body?: string | null;
}

/** A row as ingest left it that many days ago. */
async function storeEvent(event: StoredEvent): Promise<{ id: string; created: number }> {
  const id = event.id ?? stripeId("evt");
  const created = nowSeconds() - event.ageDays * DAY_SECONDS;
  await sql`insert into payments_private.processed_events (
      event_id, created, received_at, event_type, object_kind, object_id, livemode, status, body_sha256,
      secret_fingerprint, request_id, encrypted_body)
    values (${id}, to_timestamp(${created}), to_timestamp(${created}), ${
    event.type ?? "product.updated"
  }, ${event.kind ?? "product"}, ${event.objectId ?? stripeId("prod")}, false, ${
    event.status ?? "applied"
  }, ${"0".repeat(64)}, 'test', 'test', ${event.body ?? null})`;
  return { id, created };
}

async function partitionOf(eventId: string): Promise<string | undefined> {
  const [row] = await sql`select tableoid::regclass::text as partition
    from payments_private.processed_events where event_id = ${eventId}`;
  return row?.["partition"];
}

describe("the purge", () => {
  it("3.2c drops whole months of events older than 90 days, and older rows of the default one", async () => {
    await sql`select payments_private.ensure_events_partition(now() - interval '130 days')`;
    const inMonth = await storeEvent({ ageDays: 130 });
    const inDefault = await storeEvent({ ageDays: 400 });
    const young = await storeEvent({ ageDays: 80 });
    const month = await partitionOf(inMonth.id);
    expect(month).toMatch(/^payments_private\.processed_events_\d{6}$/);
    expect(await partitionOf(inDefault.id)).toBe("payments_private.processed_events_default");

    expect((await runTasks(["purge"])).purge?.failed).toBe(0);
    expect(await sql`select to_regclass(${month ?? ""}) as partition`).toEqual([{
      partition: null,
    }]);
    expect(await partitionOf(inMonth.id)).toBeUndefined();
    expect(await partitionOf(inDefault.id)).toBeUndefined();
    expect(await partitionOf(young.id)).toBeDefined();
    const [audit] = await sql`select detail from audit.audit_logs where action = 'purge.finished'
      order by occurred_at desc limit 1`;
    expect(audit?.["detail"].partitions).toBe(1);
  });

  it("3.2c 8.1c an id outlives its event until the next run, and no id goes while its event is there", async () => {
    const [old, young] = [await storeEvent({ ageDays: 400 }), await storeEvent({ ageDays: 80 })];
    for (const { id, created } of [old, young]) {
      await sql`insert into payments_private.event_ids (event_id, created)
        values (${id}, to_timestamp(${created}))`;
    }
    const known = async () =>
      (await sql`select event_id from payments_private.event_ids
        where event_id in (${old.id}, ${young.id})`).map(({ event_id }) => event_id).toSorted();
    // the run that drops the event holds the whole table, so it has no time for ids
    await runTasks(["purge"]);
    expect(await known()).toEqual([old.id, young.id].toSorted());
    await runTasks(["purge"]);
    expect(await known()).toEqual([young.id]);
  });

  it("8.1c drops raw bodies after 30 days: the event stays, dead, without them", async () => {
    const old = await storeEvent({ ageDays: 31, status: "retry", body: "v1.k1.secret" });
    const young = await storeEvent({ ageDays: 29, status: "dead", body: "v1.k1.secret" });
    await runTasks(["purge"]);
    const rows =
      await sql`select event_id, status, encrypted_body from payments_private.processed_events
      where event_id in ${sql([old.id, young.id])}`;
    expect(rows.find((row) => row["event_id"] === old.id))
      .toMatchObject({ status: "dead", encrypted_body: null });
    expect(rows.find((row) => row["event_id"] === young.id))
      .toMatchObject({ status: "dead", encrypted_body: "v1.k1.secret" });
    // nobody can read it, which the tests of keys would find
    await sql`delete from payments_private.processed_events where event_id in ${
      sql([old.id, young.id])
    }`;
  });

  it("8.1c drops delivered domain events after 30 days and keeps those still to be told", async () => {
    const write = async (state: string, days: number) => {
      const id = stripeId("pi");
      await sql`insert into payments.outbox (kind, object_id, occurrence, payload, state, delivered_at, created_at)
        values ('payment.succeeded', ${id}, 'once', '{}', ${state},
          ${state === "delivered" ? sql`now() - make_interval(days => ${days})` : null},
          now() - make_interval(days => ${days}))`;
      return id;
    };
    const gone = await write("delivered", 31);
    const kept = [
      await write("delivered", 29),
      await write("pending", 60),
      await write("dead", 60),
    ];
    await runTasks(["purge"]);
    const left = await sql`select object_id from payments.outbox
      where object_id in ${sql([gone, ...kept])}`;
    expect(left.map((row) => row["object_id"]).toSorted()).toEqual(kept.toSorted());
    await sql`delete from payments.outbox where object_id in ${sql(kept)}`;
  });

  it("8.1c runs once a day by itself and at once when it is named", async () => {
    await runTasks(["purge"]);
    const finishedAt = async () =>
      (await sql`select finished_at from payments_private.purge_runs`)[0]?.["finished_at"];
    const before = await finishedAt();
    const { data } = await rpcAs("payments_worker", "purge", { p_forced: false });
    expect(data).toEqual({ due: false });
    expect(await finishedAt()).toEqual(before);
  });
});

describe("a resend after the purge, freshly signed", () => {
  it("3.2c has no second effect: no state change, no domain event", async () => {
    const user = await signUp();
    const subscriptionId = await subscribe(user);
    const subscription = await stripeClient().subscriptions.retrieve(subscriptionId);
    const { id, created } = await storeEvent({
      ageDays: 100,
      type: "customer.subscription.deleted",
      kind: "subscription",
      objectId: subscriptionId,
    });
    await sql`select payments_private.drop_old_event_partitions(now() - interval '90 days')`;
    expect(await partitionOf(id)).toBeUndefined();

    const state = async () => ({
      subscriptions: await sql`select * from payments.subscriptions where id = ${subscriptionId}`,
      outbox: await sql`select id, kind, state from payments.outbox
        where user_id = ${user.user.id} order by created_at, kind`,
    });
    await refreshed(sql, [subscriptionId]);
    const before = await state();
    expect(before.outbox.map((row) => row["kind"]))
      .toEqual(expect.arrayContaining(["subscription.activated", "payment.succeeded"]));

    const resent = eventBody({
      id,
      created,
      type: "customer.subscription.deleted",
      object: { ...subscription, status: "canceled", ended_at: created },
    });
    expect(await outcomeOf(resent)).toBe("ignored");
    expect(await state()).toEqual(before);
    // it marks the object, and the fetch finds what was there already
    await refreshed(sql, [subscriptionId]);
    expect(await state()).toEqual(before);
    expect(await outcomeOf(resent)).toBe("duplicate");
    expect(await state()).toEqual(before);
  });
});
