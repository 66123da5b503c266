// How rows come into seals: late, in parallel, after a crash, by the thousand; and what raises an alert.
import type postgres from "postgres";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { CallRpc } from "../../../supabase/functions/_shared/database.ts";
import { createAuditStore } from "../../../supabase/functions/payments-worker/audit-store.ts";
import { makeSeal } from "../../../supabase/functions/payments-worker/tasks/seal.ts";
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
  database = await server.create("sealing");
  admin = database.admin;
  rpc = database.as("payments_worker");
});
afterAll(async () => {
  await database?.close();
  await server?.stop();
});
beforeEach(() => runTask(sealer({ rpc, key })));

const inTenMinutes = new Date(Date.now() + 10 * 60_000);
const findings = () =>
  admin.begin(async (sql) => (await findingsIn(sql, key, { at: inTenMinutes })).findings);
const pending = async () => (await admin`select from audit.pending_rows`).length;
const sealsOf = async (ids: readonly string[]) =>
  (await admin<{ number: number }[]>`
    select seal_number::integer as number from audit.seal_entries where log_id in ${admin(ids)}
    order by seal_number, leaf_index`).map(({ number }) => number);
const openAlerts = async () =>
  (await admin<{ rule: string }[]>`
    select rule from payments_private.alerts where resolved_at is null order by rule`)
    .map(({ rule }) => rule);

describe("an appended row", () => {
  it("8.3a I4 is there with its mark exactly when the transaction commits", async () => {
    await admin.begin(async (sql) => {
      await appendRows(sql, 3, "undone");
      throw new Error("no");
    }).catch(() => undefined);
    expect(await admin`select from audit.audit_logs where resource_id like 'undone%'`)
      .toHaveLength(0);
    expect(await pending()).toBe(0);

    await admin.begin((sql) => appendRows(sql, 3, "done"));
    expect(await admin`select from audit.audit_logs where resource_id like 'done%'`)
      .toHaveLength(3);
    expect(await pending()).toBe(3);
  });

  it("8.3b its payload is its columns, whatever stands in them", async () => {
    const texts = ['"', "\\", "\u0001\u001f\u007f", "\u2028\ud83e\udd84", "\t\r\n", "{}", "' || '"];
    for (const text of texts) {
      await admin`select audit.append('user', ${text}, 'billing.read', 'success', 'user', ${text},
        p_reason => ${text}, p_detail => (${
        JSON.stringify({ [text]: text, big: 1e30 })
      }::text)::jsonb)`;
    }
    const rows = await admin<{ payload: string; reason: string; same: boolean }[]>`
      select payload, reason, payload = audit.payload_of(l) as same from audit.audit_logs as l
      where action = 'billing.read'`;
    expect(rows.map(({ same }) => same)).toEqual(texts.map(() => true));
    for (const { payload, reason } of rows) expect(JSON.parse(payload).reason).toBe(reason);
    await runTask(sealer({ rpc, key }));
    expect(await findings()).toEqual([]);
  });

  it("decision 7: names its caller by a commitment, which leads nowhere by itself", async () => {
    const commitment = "c".repeat(64);
    await admin`select audit.append('user', 'u1', 'billing.read', 'success',
      p_client_commitment => ${commitment})`;
    await runTask(sealer({ rpc, key }));
    const [row] =
      await admin`select payload from audit.audit_logs where client_commitment = ${commitment}`;
    expect(JSON.parse(row?.["payload"]).client_commitment).toBe(commitment);
    expect(await findings()).toEqual([]);
  });
});

describe("sealing", () => {
  it("decision 7: takes a row that commits late, though newer ones were sealed before", async () => {
    let late: string[] = [];
    await admin.begin(async (sql) => {
      late = await appendRows(sql, 1, "late");
      const early = await appendRows(database.admin, 2, "early");
      await runTask(sealer({ rpc, key }));
      expect(await sealsOf(early)).toHaveLength(2);
    });
    expect(await sealsOf(late)).toEqual([]);
    await runTask(sealer({ rpc, key }));
    expect(await sealsOf(late)).toHaveLength(1);
    expect(await findings()).toEqual([]);
  });

  it("decision 7: makes seals of at most a thousand rows, one after another", async () => {
    const ids = await appendRows(admin, 2300, "many");
    expect(await runTask(sealer({ rpc, key }))).toMatchObject({ done: 2300, failed: 0 });
    const counts = Object.values(Object.groupBy(await sealsOf(ids), (number) => number))
      .map((group) => group?.length);
    expect(counts).toEqual([1000, 1000, 300]);
    expect(await findings()).toEqual([]);
  });

  it("decision 7: never puts two months into one seal", async () => {
    const claimed = await tamper(admin, async (sql) => {
      const [first = ""] = await appendRows(sql, 3, "month");
      await sql`update audit.audit_logs set occurred_at = occurred_at + interval '1 month' where id = ${first}`;
      await sql`update audit.pending_rows set occurred_at = occurred_at + interval '1 month' where log_id = ${first}`;
    }, (sql) => sql`select payments.claim_seal(30) as claim`);
    expect(claimed[0]?.["claim"]).toMatchObject({ due: true, rows: [{}] });
    expect(claimed[0]?.["claim"].rows).toHaveLength(1);
  });
});

describe("several sealers", () => {
  const store = () => createAuditStore(rpc);

  it("decision 7: at once make one chain, with each row in it once", async () => {
    const other = await server.create("parallel");
    const worker = { rpc: other.as("payments_worker"), key };
    const appended = (async () => {
      for (let turn = 0; turn < 15; turn++) await appendRows(other.admin, 20);
    })();
    for (let turn = 0; turn < 10; turn++) {
      await Promise.all([1, 2, 3].map(() => runTask(sealer(worker))));
    }
    await appended;
    await runTask(sealer(worker));
    const [counted] = await other.admin`
      select (select count(*)::integer from audit.audit_logs) as rows,
        (select count(*)::integer from audit.seal_entries) as sealed,
        (select count(distinct log_id)::integer from audit.seal_entries) as different,
        (select count(*)::integer = max(number) from audit.seals) as is_chain`;
    expect(counted).toEqual({ rows: 300, sealed: 300, different: 300, is_chain: true });
    const found = await other.admin.begin(async (sql) => (await findingsIn(sql, key)).findings);
    expect(found).toEqual([]);
    await other.close();
  });

  it("decision 7: one that wakes past its lease stores nothing", async () => {
    const ids = await appendRows(admin, 3, "fenced");
    const claim = await store().claimSeal(30);
    if (!claim.due) throw new Error("nothing to seal");
    expect(await store().claimSeal(30)).toEqual({ due: false });
    await admin`update audit.sealer set leased_until = now() - interval '1 second'`;
    expect(await runTask(sealer({ rpc, key }))).toMatchObject({ done: 3 });
    const { seal, leaves } = makeSeal(claim, key.signer, Date.now());
    const stored = await store().storeSeal(claim.lease, seal, leaves).catch(() => "not fenced");
    expect(stored).toBe("fenced");
    expect(await sealsOf(ids)).toHaveLength(3);
    expect(await findings()).toEqual([]);
  });

  it("decision 7: a seal out of turn, or over rows that are not pending, is refused whole", async () => {
    await appendRows(admin, 2, "turn");
    const claim = await store().claimSeal(30);
    if (!claim.due) throw new Error("nothing to seal");
    const good = makeSeal(claim, key.signer, Date.now());
    const number = claim.number + 1;
    await expect(store().storeSeal(claim.lease, { ...good.seal, number }, good.leaves))
      .rejects.toMatchObject({ code: "PA002" });
    await expect(store().storeSeal(claim.lease, { ...good.seal, epoch: 2 }, good.leaves))
      .rejects.toMatchObject({ code: "PA002" });
    const stranger: [number, string][] = good.leaves.map(([, leaf]) => [1, leaf]);
    await expect(store().storeSeal(claim.lease, good.seal, stranger))
      .rejects.toMatchObject({ code: "PA002" });
    expect(await pending()).toBe(2);
    expect(await store().storeSeal(claim.lease, good.seal, good.leaves)).toBe("stored");
  });
});

describe("what raises an alert", () => {
  it("8.3c a seal that fails, until one succeeds", async () => {
    await appendRows(admin, 1, "fails");
    const broken = { ...key, signer: { ...key.signer, isValidAt: () => false } };
    expect(await runTask(sealer({ rpc, key: broken }))).toMatchObject({ done: 0, failed: 1 });
    expect(await openAlerts()).toEqual(["seal_failed"]);
    expect(await runTask(sealer({ rpc, key }))).toMatchObject({ done: 1, failed: 0 });
    expect(await openAlerts()).toEqual([]);
  });

  it("8.3c unsealed rows older than five minutes, until they are sealed", async () => {
    const old = tamper(admin, async (sql) => {
      await appendRows(sql, 1, "backlog");
      await sql`update audit.pending_rows set occurred_at = occurred_at - interval '6 minutes'`;
      await sql`select audit.watch()`;
    }, (sql) => sql`select rule, severity from payments_private.alerts where resolved_at is null`);
    expect(await old).toEqual([{ rule: "seal_backlog", severity: "critical" }]);
  });

  it("decision 7: a head that cannot be anchored, and one that is another's", async () => {
    const anchored: number[] = [];
    const anchor = (answer: string | null) => ({
      target: "https://anchor.example/",
      write: ({ number }: { number: number }) => {
        anchored.push(number);
        return Promise.resolve(answer);
      },
    });
    await appendRows(admin, 1, "anchored");
    expect(await runTask(sealer({ rpc, key, anchor: anchor("status_500") })))
      .toMatchObject({ done: 1, failed: 1 });
    expect(await openAlerts()).toEqual(["anchor_failed"]);
    expect(await runTask(sealer({ rpc, key, anchor: anchor(null) }))).toMatchObject({ failed: 0 });
    expect(await openAlerts()).toEqual([]);
    await runTask(sealer({ rpc, key, anchor: anchor(null) }));
    expect(anchored).toHaveLength(2); // nothing new, nothing sent
    await appendRows(admin, 1, "anchored");
    await runTask(sealer({ rpc, key, anchor: anchor("conflict") }));
    expect(await openAlerts()).toEqual(["anchor_conflict"]);
    await admin`update payments_private.alerts set resolved_at = now()`;
  });

  it("8.3c a verification that did not run for 26 hours, until one has", async () => {
    await runTask(verifier({ rpc, key }));
    await admin`update audit.verification_runs set finished_at = now() - interval '27 hours'`;
    await admin`select audit.watch()`;
    expect(await openAlerts()).toEqual(["audit_verification_missed"]);
    await runTask(verifier({ rpc, key }), false);
    expect(await openAlerts()).not.toContain("audit_verification_missed");
  });
});

describe("the daily verification", () => {
  it("8.3c runs once a day, pauses when its time is up, and goes on from there", async () => {
    await admin`update payments_private.alerts set resolved_at = now()`;
    const [before] = await admin`select max(id) as id from audit.verification_reports`;
    expect(await runTask(verifier({ rpc, key }), false)).toMatchObject({ done: 0, failed: 0 });
    let time = Date.now();
    const slow = verifier({ rpc, key, now: () => time += 6_000 });
    let runs = 0;
    const reports = () =>
      admin`select statement, finding_count from audit.verification_reports where id > ${
        before?.["id"]
      }`;
    for (; (await reports()).length === 0; runs++) await runTask(slow, runs === 0);
    expect(runs).toBeGreaterThan(1);
    const [report] = await reports();
    const [sealed] = await admin`select count(*)::integer as n from audit.seal_entries`;
    expect(report?.["statement"]).toContain(`\nrows ${sealed?.["n"]}\n`);
    expect(report?.["finding_count"]).toBe(0);
  });

  it("8.3c misses the head that its last report saw", async () => {
    const copy = await server.create("went_back");
    const worker = { rpc: copy.as("payments_worker"), key };
    for (const note of ["a", "b"]) {
      await appendRows(copy.admin, 1, note);
      await runTask(sealer(worker));
    }
    await runTask(verifier(worker));
    await copy.admin.begin(async (sql) => {
      await sql`set local session_replication_role = replica`;
      await sql`delete from audit.audit_logs where id in (select log_id from audit.seal_entries where seal_number = 2)`;
      await sql`delete from audit.seal_entries where seal_number = 2`;
      await sql`delete from audit.seals where number = 2`;
    });
    expect(await runTask(verifier(worker))).toMatchObject({ failed: 1 });
    const [report] = await copy.admin`
      select findings from audit.verification_reports order by id desc limit 1`;
    expect(report?.["findings"]).toEqual([{ kind: "head_missing", seal: 2, until: 2 }]);
    await copy.close();
  });
});
