import { afterAll, afterEach, describe, expect, it } from "vitest";
import { constraintOf } from "../../support/constraint-of.ts";
import { stripeId } from "../../support/payments.ts";
import { runTasks } from "../../support/pipeline.ts";
import { adminSql } from "../../support/stack.ts";

const sql = adminSql();
afterEach(() =>
  sql`update payments_private.retention_classes set keep_days = 90 where class = 'client_details'`
);
afterAll(() => sql.end());

/** A row of each class that is purged row by row, this old; tells whether it is still there. */
const CLASSES: Record<string, (days: number) => Promise<() => Promise<boolean>>> = {
  async client_details(days) {
    const id = crypto.randomUUID();
    await sql`insert into payments_private.client_details (request_id, operation, encrypted_details, created_at)
      values (${id}, 'sync', 'v1.dev.AAAA', now() - make_interval(days => ${days}))`;
    return async () =>
      (await sql`select from payments_private.client_details where request_id = ${id}`).length > 0;
  },
  async raw_bodies(days) {
    const id = stripeId("evt");
    await sql`insert into payments_private.processed_events (event_id, created, received_at, event_type, livemode,
        status, body_sha256, secret_fingerprint, request_id, encrypted_body)
      values (${id}, now(), now() - make_interval(days => ${days}), 'a.b', false, 'dead', ${
      "0".repeat(64)
    }, 'test', 'test', 'v1.dev.AAAA')`;
    return async () =>
      (await sql`select from payments_private.processed_events where event_id = ${id} and encrypted_body is not null`)
        .length > 0;
  },
  async event_conflicts(days) {
    const id = stripeId("evt");
    await sql`insert into payments_private.event_conflicts (event_id, received_at, created, event_type, body_sha256,
        secret_fingerprint, request_id)
      values (${id}, now() - make_interval(days => ${days}), now(), 'a.b', ${
      "0".repeat(64)
    }, 'test', 'test')`;
    return async () =>
      (await sql`select from payments_private.event_conflicts where event_id = ${id}`).length > 0;
  },
  async domain_events(days) {
    const id = stripeId("pi");
    await sql`insert into payments.outbox (kind, object_id, occurrence, payload, state, delivered_at)
      values ('payment.succeeded', ${id}, 'once', '{}', 'delivered', now() - make_interval(days => ${days}))`;
    return async () => (await sql`select from payments.outbox where object_id = ${id}`).length > 0;
  },
  async refusal_counts(days) {
    const id = crypto.randomUUID();
    await sql`insert into payments_private.rate_refusals (bucket, subject, window_at)
      values ('user', ${id}, now() - make_interval(days => ${days}))`;
    return async () =>
      (await sql`select from payments_private.rate_refusals where subject = ${id}`).length > 0;
  },
  async incidents(days) {
    const id = crypto.randomUUID();
    await sql.begin(async (tx) => {
      await tx`set local session_replication_role = replica`; // an incident begins open
      await tx`insert into payments_private.incidents (id, kind, severity, title, opened_by, personal_data,
          detected_at, aware_at, notify_due_at, opened_at, closed_at, closed_by, root_cause, follow_ups)
        select ${id}, 'other', 'low', 'long ago', 'test', false, t.at, t.at, t.at + interval '72 hours', t.at,
          t.at, 'test', 'nobody knows any more', '[{"what": "look again", "owner": "ops", "due": "2026-01-01"}]'
        from (select now() - make_interval(days => ${days}) as at) as t`;
    });
    return async () =>
      (await sql`select from payments_private.incidents where id = ${id}`).length > 0;
  },
  async rule_actions(days) {
    const id = stripeId("pi");
    await sql`insert into payments_private.country_checks (subject, source, countries, checked_at)
      values (${id}, 'charge', '{US}', now() - make_interval(days => ${days}))`;
    await sql`insert into payments_private.address_holds (address_hash, reason, placed_at, expires_at)
      values (${id}, 'card_testing', now() - interval '200 days', now() - make_interval(days => ${days}))`;
    return async () => {
      const left = await sql`
        select subject as id from payments_private.country_checks where subject = ${id}
        union all select address_hash from payments_private.address_holds where address_hash = ${id}`;
      if (left.length === 1) throw new Error("one class went in part");
      return left.length > 0;
    };
  },
  async resolved_alerts(days) {
    const id = crypto.randomUUID();
    await sql`insert into payments_private.alerts (rule, subject, severity, first_seen_at, resolved_at)
      values ('test', ${id}, 'info', now() - make_interval(days => ${days}), now() - make_interval(days => ${days}))`;
    return async () =>
      (await sql`select from payments_private.alerts where subject = ${id}`).length > 0;
  },
};

async function keepDays(name: string): Promise<number> {
  const [row] =
    await sql`select keep_days from payments_private.retention_classes where class = ${name}`;
  return row?.["keep_days"];
}

describe("retention", () => {
  it("8.1c has the documented defaults", async () => {
    const rows = await sql`select class, keep_days from payments_private.retention_classes`;
    expect(Object.fromEntries(rows.map((row) => [row["class"], row["keep_days"]]))).toMatchObject({
      audit: 400,
      events: 90,
      metrics: 30,
      raw_bodies: 30,
      client_details: 90,
    });
  });

  it("8.1c deletes what is a day past its class's time and keeps what is a day within it", async () => {
    const rows = await Promise.all(
      Object.entries(CLASSES).map(async ([name, make]) => {
        const days = await keepDays(name);
        return { name, past: await make(days + 1), within: await make(days - 1) };
      }),
    );
    await runTasks(["purge"]);
    for (const { name, past, within } of rows) {
      expect([name, await past(), await within()]).toEqual([name, false, true]);
    }
    await sql`delete from payments_private.event_conflicts where event_type = 'a.b'`;
    await sql`delete from payments_private.processed_events where event_type = 'a.b'`;
    await sql.begin(async (tx) => {
      await tx`set local session_replication_role = replica`; // it has not served its time
      await tx`delete from payments_private.incidents where title = 'long ago'`;
    });
  });

  it("8.1c follows the setting at the next purge", async () => {
    const row = await CLASSES["client_details"]?.(40);
    await runTasks(["purge"]);
    expect(await row?.()).toBe(true);
    await sql`update payments_private.retention_classes set keep_days = 30 where class = 'client_details'`;
    await runTasks(["purge"]);
    expect(await row?.()).toBe(false);
  });

  it("3.2c 8.1c cannot be set so that a resend counts twice, or a raw body stays", async () => {
    for (const [name, days] of [["events", 30], ["raw_bodies", 31], ["audit", 89]] as const) {
      const set =
        sql`update payments_private.retention_classes set keep_days = ${days} where class = ${name}`;
      expect(await constraintOf(set), name).toBe("keep_days_is_within_bounds");
    }
  });
});
