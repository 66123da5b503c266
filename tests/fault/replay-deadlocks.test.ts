// Whoever touches an event that failed takes its locks in one order: the object, its mark, the event's row.
import type postgres from "postgres";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { stripeId, until } from "../support/payments.ts";
import { adminSql } from "../support/stack.ts";

const sql = adminSql(8);
let product = "";
let events: string[] = [];

beforeEach(async () => {
  product = stripeId("prod");
  events = [stripeId("evt"), stripeId("evt")].toSorted();
  await sql`insert into payments_private.mirrored_objects (kind, object_id, as_of) values ('product', ${product}, now())`;
  // not due, so that the stack's own worker leaves it alone
  await sql`insert into payments_private.refresh_marks (kind, object_id, ticket, next_attempt_at)
    values ('product', ${product}, nextval('payments_private.ticket_numbers'), '2100-01-01')`;
  for (const [index, id] of events.entries()) {
    await sql`insert into payments_private.processed_events (event_id, created, event_type, object_kind, object_id,
        livemode, status, received_at, body_sha256, secret_fingerprint, request_id, next_attempt_at, lease, leased_until)
      values (${id}, '2026-11-01', 'product.updated', 'product', ${product}, false, 'retry',
        now() + ${index} * interval '1 ms', repeat('0', 64), 'test', 'test', '2100-01-01', 7, '2100-01-01')`;
  }
});
afterEach(async () => {
  await sql`delete from payments_private.processed_events where object_id = ${product}`;
  await sql`delete from payments_private.refresh_marks where object_id = ${product}`;
  await sql`delete from payments_private.mirrored_objects where object_id = ${product}`;
  await sql`delete from payments_private.alerts where subject = ${`product ${product}`}`;
});
afterAll(() => sql.end());

type Step = (sql: postgres.Sql | postgres.TransactionSql) => PromiseLike<unknown>;

const replay: Step = (sql) =>
  sql`select payments_private.replay_events(${sql.json({ object_id: product })}, 'Ada', 'a test')`;

const finishRetry: Step = (sql) =>
  sql`select payments.finish_retry(${
    events[1] ?? ""
  }, extract(epoch from timestamptz '2026-11-01')::bigint, 7, null, 'test')`;

const finishRefresh: Step = (sql) =>
  sql`select payments_private.apply_fetched('product', ${product}, nextval('payments_private.ticket_numbers'), now(),
    '{"deleted": true}')`;

const failRefresh: Step = (sql) =>
  sql`select payments.fail_refresh('product', ${product}, nextval('payments_private.ticket_numbers'), 'test')`;

const holdMark: Step = (sql) =>
  sql`select from payments_private.refresh_marks where object_id = ${product} for update`;

const holdObject: Step = (sql) =>
  sql`select from payments_private.mirrored_objects where object_id = ${product} for update`;

/** `ok`, or the SQLSTATE of what went wrong. */
async function endOf(step: Step): Promise<string> {
  try {
    await step(sql);
    return "ok";
  } catch (error) {
    return String(Object(error).code ?? error);
  }
}

async function waiting(): Promise<number> {
  const [row] = await sql`select count(*)::int as n from pg_stat_activity
    where wait_event_type = 'Lock' and query like '%payments%'`;
  return row?.["n"];
}

/** Runs both, the first before the second, into something that is held, and lets go. */
async function collide(hold: Step, first: Step, second: Step): Promise<string[]> {
  const ends: Promise<string>[] = [];
  await sql.begin(async (tx) => {
    await hold(tx);
    for (const [index, step] of [first, second].entries()) {
      ends.push(endOf(step));
      await until(async () => await waiting() > index);
    }
  });
  return await Promise.all(ends);
}

test.each<[string, Step, Step, Step]>([
  ["a replay behind a fetch that ends", holdMark, finishRefresh, replay],
  ["a fetch that ends behind a replay", holdMark, replay, finishRefresh],
  ["a retry that ends behind a replay", holdMark, replay, finishRetry],
  ["a replay behind a retry that ends", holdMark, finishRetry, replay],
  ["a retry that ends behind a fetch that ends", holdMark, finishRefresh, finishRetry],
])("I1: no deadlock: %s", async (_what, hold, first, second) => {
  expect(await collide(hold, first, second)).toEqual(["ok", "ok"]);
});

test("I1: no deadlock: a fetch that fails for the last time behind a retry that ends", async () => {
  await sql`update payments_private.refresh_marks set attempts = 15 where object_id = ${product}`;
  const ends: Promise<string>[] = [];
  await sql.begin(async (tx) => {
    await holdObject(tx);
    ends.push(endOf(finishRetry));
    await until(async () => await waiting() > 0);
    ends.push(endOf(failRefresh));
    await new Promise((resolve) => setTimeout(resolve, 300));
  });
  expect(await Promise.all(ends)).toEqual(["ok", "ok"]);
});

test("I1: no deadlock: replays, retries, fetches and claims of the same things for a while, all at once", async () => {
  const more = Array.from({ length: 6 }, () => stripeId("evt"));
  for (const id of more) {
    await sql`insert into payments_private.processed_events (event_id, created, event_type, object_kind, object_id,
        livemode, status, body_sha256, secret_fingerprint, request_id, lease)
      values (${id}, '2026-11-01', 'product.updated', 'product', ${product}, false, 'dead', repeat('0', 64), 'test', 'test', 7)`;
  }
  const again: Step = (sql) =>
    sql`update payments_private.processed_events set status = 'retry', lease = 7
      where event_id = ${events[1] ?? ""} and status <> 'retry'`;
  const mark: Step = (sql) => sql`select payments_private.mark_object('product', ${product})`;
  const claim: Step = (sql) => sql`select payments.claim_retries(1, 1)`;
  const end = Date.now() + 3000;
  const loops = [replay, replay, again, finishRetry, mark, finishRefresh, claim].map(
    async (step) => {
      const ends = new Set<string>();
      while (Date.now() < end) ends.add(await endOf(step));
      return [...ends];
    },
  );
  const ends = await Promise.all(loops);
  expect(ends.map((one) => one.includes("ok"))).not.toContain(false);
  expect(ends.flat()).not.toContain("40P01");
});
