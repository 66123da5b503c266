// Months of the audit log whose time is over: what goes, what stays, what keeps them.
import type postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CallRpc } from "../../../supabase/functions/_shared/database.ts";
import { createAuditStore } from "../../../supabase/functions/payments-worker/audit-store.ts";
import { auditPurgeTask } from "../../../supabase/functions/payments-worker/tasks/audit-purge.ts";
import {
  openScratchServer,
  type ScratchDatabase,
  type ScratchServer,
} from "../../property/support/scratch-database.ts";
import { stack } from "../../support/stack.ts";
import {
  appendRows,
  findingsIn,
  makeTestKey,
  runTask,
  sealer,
  tamper,
  verifier,
} from "../../support/audit-trail.ts";

const key = makeTestKey();
let server: ScratchServer;
let database: ScratchDatabase;
let admin: postgres.Sql;
let rpc: CallRpc;

beforeAll(async () => {
  server = openScratchServer(stack().dbUrl);
  database = await server.create("audit_purge");
  admin = database.admin;
  rpc = database.as("payments_worker");
  await appendRows(admin, 1, "first");
});
afterAll(async () => {
  await database?.close();
  await server?.stop();
});

const purge = () =>
  runTask(auditPurgeTask({ store: createAuditStore(rpc), signer: key.signer, now: Date.now }));
const kinds = async () =>
  (await admin.begin(async (sql) => (await findingsIn(sql, key)).findings)).map(({ kind }) => kind);

/** A month that long ago with a row in it, not sealed yet. */
async function oldMonth(days: number): Promise<{ table: string; month: string; row: string }> {
  const at = admin`now() - make_interval(days => ${days})`;
  await admin.begin(async (sql) => {
    await sql`set local role audit_owner`;
    await sql`select audit.ensure_partition(${at})`;
  });
  const [row] = await admin`
    insert into audit.audit_logs
    select (jsonb_populate_record(null::audit.audit_logs, l.j || jsonb_build_object(
      'payload', audit.payload_of(jsonb_populate_record(null::audit.audit_logs, l.j))))).*
    from (
      select to_jsonb(a) || jsonb_build_object('id', gen_random_uuid(), 'occurred_at', ${at}) as j
      from audit.audit_logs as a limit 1
    ) as l
    returning id, to_char(occurred_at at time zone 'UTC', 'YYYY-MM') as month`;
  await admin`insert into audit.pending_rows (log_id, occurred_at)
    select id, occurred_at from audit.audit_logs where id = ${row?.["id"]}`;
  const month = String(row?.["month"]);
  return { table: `audit.audit_logs_${month.replace("-", "")}`, month, row: String(row?.["id"]) };
}

async function isThere(table: string): Promise<boolean> {
  const [row] = await admin`select to_regclass(${table}) is not null as there`;
  return row?.["there"];
}

describe("the audit log's purge", () => {
  it("8.1c 8.3b drops a month past its time; its hashes and a signed record stay, and all still verifies", async () => {
    const { table, month, row } = await oldMonth(500);
    await runTask(sealer({ rpc, key }));
    expect(await purge()).toMatchObject({ done: 1, failed: 0 });
    expect(await isThere(table)).toBe(false);
    expect(await admin`select from audit.seal_entries where log_id = ${row}`).toHaveLength(1);
    expect(
      await admin`select row_count::int as rows from audit.purge_records
      where month = to_date(${month}, 'YYYY-MM')`,
    ).toEqual([{ rows: 1 }]);
    expect(
      await admin`select detail from audit.audit_logs
      where action = 'audit.purged' and resource_id = ${table.replace("audit.", "")}`,
    )
      .toEqual([{ detail: { rows: 1 } }]);
    await runTask(sealer({ rpc, key }));
    expect(await kinds()).not.toContain("row_missing");
    expect((await runTask(verifier({ rpc, key }))).failed).toBe(0);

    const withoutRecord = await tamper(
      admin,
      (sql) => sql`delete from audit.purge_records`,
      async (sql) => (await findingsIn(sql, key)).findings.map(({ kind }) => kind),
    );
    expect(withoutRecord).toContain("row_missing");
  });

  it("8.3b waits for the seals of a month's rows", async () => {
    const { table } = await oldMonth(560);
    expect(await purge()).toMatchObject({ done: 0 });
    expect(await isThere(table)).toBe(true);
    await runTask(sealer({ rpc, key }));
    expect(await purge()).toMatchObject({ done: 1 });
    expect(await isThere(table)).toBe(false);
  });

  it("8.3b keeps a month with a row that was never to be sealed: it would go without a trace", async () => {
    const { table, row } = await oldMonth(620);
    await admin`delete from audit.pending_rows where log_id = ${row}`;
    expect(await purge()).toMatchObject({ done: 0 });
    expect(await isThere(table)).toBe(true);
    await admin`insert into audit.pending_rows (log_id, occurred_at)
      select id, occurred_at from audit.audit_logs where id = ${row}`;
    await runTask(sealer({ rpc, key }));
    await purge();
  });

  it("10.2a keeps a month that a legal hold overlaps, until its release", async () => {
    const { table } = await oldMonth(680);
    await runTask(sealer({ rpc, key }));
    const [placed] = await admin`select payments_private.place_legal_hold(
      'anna', 'all', 'a court asks', null, null, null, null) ->> 'hold' as hold`;
    expect(await purge()).toMatchObject({ done: 0 });
    expect(await isThere(table)).toBe(true);
    const hold = placed?.["hold"];
    await admin`select payments_private.request_hold_release('anna', ${hold}, 'case closed')`;
    await admin`select payments_private.release_legal_hold('berta', ${hold}, 'case closed')`;
    expect(await purge()).toMatchObject({ done: 1 });
    expect(await isThere(table)).toBe(false);
  });

  it("8.3b waits for a verification that is under way", async () => {
    const { table } = await oldMonth(740);
    await runTask(sealer({ rpc, key }));
    await admin`update audit.verification_runs set lease = 1, leased_until = now() + interval '1 minute'`;
    expect(await purge()).toMatchObject({ done: 0, failed: 0 });
    expect(await isThere(table)).toBe(true);
    await admin`update audit.verification_runs set lease = null, leased_until = null`;
    expect(await purge()).toMatchObject({ done: 1 });
  });

  it("4.2b keeps months younger than 90 days, whatever the setting and whoever asks", async () => {
    const { table, month } = await oldMonth(65);
    await runTask(sealer({ rpc, key }));
    await admin.begin(async (sql) => {
      await sql`alter table payments_private.retention_classes drop constraint keep_days_is_within_bounds`;
      await sql`update payments_private.retention_classes set keep_days = 1 where class = 'audit'`;
      const [answer] =
        await sql`select payments.purge_audit_month(${month}, '{"rows": 1}') as answer`;
      expect(answer).toEqual({ answer: "refused" });
      throw new Error("undo");
    }).catch((error: Error) => expect(error.message).toBe("undo"));
    expect(await isThere(table)).toBe(true);
  });

  it("8.3b refuses a record over another number of rows", async () => {
    const { table, month } = await oldMonth(800);
    await runTask(sealer({ rpc, key }));
    const [answer] =
      await admin`select payments.purge_audit_month(${month}, '{"rows": 2}') as answer`;
    expect(answer).toEqual({ answer: "refused" });
    expect(await isThere(table)).toBe(true);
    expect(await purge()).toMatchObject({ done: 1 });
  });
});
