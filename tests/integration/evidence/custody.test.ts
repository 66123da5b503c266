// The chain of custody: what is recorded, what is refused, and what the superuser cannot hide.
import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeStatement } from "../../../supabase/functions/_shared/audit/statements.ts";
import {
  openScratchServer,
  type ScratchDatabase,
  type ScratchServer,
} from "../../property/support/scratch-database.ts";
import { appendRows, makeTestKey } from "../../support/audit-trail.ts";
import {
  type EvidenceBench,
  openEvidenceBench,
  pack,
  setLines,
  unpack,
} from "../../support/evidence.ts";
import { stack } from "../../support/stack.ts";

const key = makeTestKey();
const REASON = ["--reason", "case 812", "--as", "Dana"];
let server: ScratchServer;
let database: ScratchDatabase;
let bench: EvidenceBench;
let folder: string;
let archive: string;
let id: string;
let digest: string;

beforeAll(async () => {
  server = openScratchServer(stack().dbUrl);
  database = await server.create("evidence_custody");
  folder = await mkdtemp(join(tmpdir(), "evidence-"));
  bench = openEvidenceBench(database, key, folder);
  await appendRows(bench.admin, 3);
  await bench.seal();
  archive = bench.file("one.tar");
  const argv = ["export", "--out", archive, "--json", "--from", "2020-01-01", ...REASON];
  const exported = await bench.evidence(...argv);
  digest = JSON.parse(exported.out).sha256;
  ({ id } = await unpack(archive));
});
afterAll(async () => {
  await database?.close();
  await server?.stop();
  await rm(folder, { recursive: true });
});

async function list(): Promise<Record<string, unknown>[]> {
  return JSON.parse((await bench.evidence("custody", "list", "--json")).out).custody;
}

interface Verdict {
  readonly ok: boolean;
  readonly findings: readonly { kind: string; number: number }[];
  readonly trail: readonly { kind: string }[];
}

async function verify(): Promise<Verdict> {
  const { out, code } = await bench.evidence("custody", "verify", "--json");
  const verdict: Verdict = JSON.parse(out);
  expect(code).toBe(verdict.ok ? 0 : 1);
  return verdict;
}

/** What is found after the superuser did that with triggers off; it is put back afterwards. */
async function afterTampering(
  change: (sql: postgres.TransactionSql) => Promise<unknown>,
): Promise<Verdict> {
  const tables = ["custody", "audit_logs"];
  for (const table of tables) {
    await bench.admin.unsafe(`create table public.saved_${table} as table audit.${table}`);
  }
  const asSuperuser = (run: (sql: postgres.TransactionSql) => Promise<unknown>) =>
    bench.admin.begin(async (sql) => {
      await sql`set local session_replication_role = replica`;
      await run(sql);
    });
  try {
    await asSuperuser(change);
    return await verify();
  } finally {
    await asSuperuser(async (sql) => {
      for (const table of tables) {
        await sql.unsafe(`delete from audit.${table}`);
        await sql.unsafe(`insert into audit.${table} select * from public.saved_${table}`);
        await sql.unsafe(`drop table public.saved_${table}`);
      }
    });
  }
}

const kindsOf = ({ findings }: Verdict) => findings.map(({ kind }) => kind);

describe("the chain of custody", () => {
  it("10.2b records who exported what, why and when, before and after the archive was made", async () => {
    expect(await list()).toMatchObject([
      {
        number: 1,
        action: "export_begun",
        evidence: id,
        who: "Dana",
        why: "case 812",
        sha256: null,
        previous: "0".repeat(64),
      },
      { number: 2, action: "exported", evidence: id, who: "Dana", sha256: digest },
    ]);
    const [first, second] = await list();
    expect(second?.["previous"]).toBe(first?.["record_sha256"]);
    expect(String(second?.["at"])).toMatch(/^\d{4}-\d\d-\d\dT/);
  });

  it("10.2b records every look, hand-over and verification with the archive's digest, and an audit row", async () => {
    const noted = [
      await bench.evidence(
        "custody",
        "accessed",
        archive,
        "--reason",
        "first reading",
        "--as",
        "Eve",
      ),
      await bench.evidence("custody", "verified", archive, "--reason", "before court"),
      await bench.evidence("custody", "hand-over", archive, "--to", "Police, Berlin", ...REASON),
    ];
    expect(noted).toMatchObject([{ code: 0 }, { code: 0 }, { code: 0 }]);
    const records = (await list()).slice(2);
    expect(records).toMatchObject([
      { action: "accessed", who: "Eve", why: "first reading", sha256: digest, to: null },
      { action: "verified", who: "somebody", sha256: digest },
      { action: "handed_over", who: "Dana", to: "Police, Berlin", sha256: digest },
    ]);
    const rows = await bench.admin`
      select action, actor_type, actor_id, reason, resource_type, resource_id, detail from audit.audit_logs
      where resource_type = 'evidence' order by occurred_at`;
    expect(rows.map(({ action }) => action)).toEqual([
      "evidence.export_begun",
      "evidence.exported",
      "evidence.accessed",
      "evidence.verified",
      "evidence.handed_over",
    ]);
    expect(rows.at(-1)).toMatchObject({
      actor_type: "staff",
      actor_id: "Dana",
      reason: "case 812",
      resource_id: id,
      detail: { number: 5, digest, record_sha256: records[2]?.["record_sha256"] },
    });
    // a name outside of the project is for the record, not for the log
    expect(JSON.stringify(rows)).not.toContain("Police");
    const listed = await bench.evidence("custody", "list", "--evidence", id);
    expect(listed.out).toMatch(/handed_over +Dana +Police, Berlin/);
    await bench.seal();
    expect(await verify()).toMatchObject({ ok: true, findings: [], trail: [] });
    const human = await bench.evidence("custody", "verify");
    expect(human.out).toContain("5 records of custody");
  });

  it("10.2b refuses an archive that is not the one that was exported, and audits that", async () => {
    const copy = bench.file("copy.tar");
    const { contents } = await unpack(archive);
    setLines(contents, "events.ndjson", [{}]);
    await pack(copy, id, contents);
    const before = await list();
    for (const note of ["accessed", "hand-over"]) {
      const to = note === "hand-over" ? ["--to", "x"] : [];
      const refused = await bench.evidence("custody", note, copy, ...to, ...REASON);
      expect(refused).toMatchObject({ code: 1, error: expect.stringContaining("not the archive") });
    }
    const invalid = await bench.evidence("custody", "verified", copy, ...REASON);
    expect(invalid).toMatchObject({ code: 1, error: expect.stringContaining("file_changed") });
    await pack(copy, crypto.randomUUID(), contents);
    const unknown = await bench.evidence("custody", "accessed", copy, ...REASON);
    expect(unknown).toMatchObject({ code: 1, error: expect.stringContaining("no such evidence") });
    expect(await list()).toEqual(before);
    const rows = await bench.admin`
      select reason, detail ->> 'asked' as asked from audit.audit_logs where action = 'evidence.refused'
      order by occurred_at`;
    expect(rows).toEqual([
      { reason: "another_archive", asked: "accessed" },
      { reason: "another_archive", asked: "handed_over" },
      { reason: "not_found", asked: "accessed" },
    ]);
    await appendFile(copy, "x");
    expect((await bench.evidence("custody", "accessed", copy, ...REASON)).code).toBe(1);
    await bench.seal();
  });

  it("10.2b refuses what makes no sense, a hand-over to nobody or for no reason", async () => {
    const ask = async (evidence: string, action: string, sum: string | null) => {
      const [row] = await bench.admin`
        select audit.record_custody(${evidence}, ${action}, 'Dana', 'a reason', ${sum}) as answer`;
      return row?.["answer"];
    };
    expect(await ask(id, "exported", "1".repeat(64))).toMatchObject({ code: "exported_already" });
    expect(await ask(crypto.randomUUID(), "exported", digest)).toMatchObject({ code: "not_found" });
    expect(await ask(id, "accessed", "1".repeat(64))).toMatchObject({ code: "another_archive" });
    await expect(ask(id, "handed_over", digest)).rejects.toMatchObject({ code: "23514" });
    await expect(ask(id, "burnt", digest)).rejects.toMatchObject({ code: "23514" });
    expect((await bench.evidence("custody", "hand-over", archive, ...REASON)).code).toBe(2);
    expect((await bench.evidence("custody", "accessed", archive)).code).toBe(2);
    expect((await bench.evidence("custody", "list", "--evidence", "x")).code).toBe(2);
    await bench.seal();
  });

  it("10.2b records are final, for the owner too, and written one after the other", async () => {
    const changes = ["delete from", "truncate"].map((verb) => `${verb} audit.custody`);
    for (const statement of [...changes, "update audit.custody set actor = 'x'"]) {
      const code = await bench.admin.unsafe(statement)
        .then(() => "done", (error: { code: string }) => error.code);
      expect(code, statement).toBe("PA001");
    }
    const begun = Array.from({ length: 6 }, () => crypto.randomUUID());
    await Promise.all(
      begun.map((evidence) =>
        bench
          .admin`select audit.record_custody(${evidence}, 'export_begun', 'Dana', 'at once', p_scope => '{}')`
      ),
    );
    await bench.seal();
    expect(await verify()).toMatchObject({ ok: true });
  });
});

describe("the superuser, with triggers off", () => {
  let newest: number;
  beforeAll(async () => {
    await bench.evidence("custody", "accessed", archive, ...REASON);
    await bench.evidence("custody", "verified", archive, ...REASON);
    await bench.evidence("custody", "hand-over", archive, "--to", "the court", ...REASON);
    await bench.seal();
    newest = (await list()).length;
  });

  it.each([
    "actor = 'Mallory'",
    "reason = 'nothing'",
    "at = now()",
    "digest = repeat('0', 64)",
    "handed_to = 'x'",
  ])(
    "10.2b is found changing a record: %s",
    async (change) => {
      const verdict = await afterTampering((sql) =>
        sql.unsafe(`update audit.custody set ${change} where number = 5`)
      );
      expect(verdict.findings).toContainEqual({ kind: "custody_changed", number: 5 });
    },
  );

  it("10.2b is found changing a record with its hash, and with all that follow", async () => {
    const rewrite = async (sql: postgres.TransactionSql, from: number, to: number) => {
      for (let number = from; number <= to; number++) {
        await sql`
          update audit.custody as c set previous = coalesce(
            (select b.record_sha256 from audit.custody as b where b.number = c.number - 1), c.previous)
          where c.number = ${number}`;
        await sql`update audit.custody as c set record = audit.custody_text(c) where c.number = ${number}`;
        await sql`update audit.custody as c set record_sha256 = encode(sha256(convert_to(c.record, 'UTF8')), 'hex')
          where c.number = ${number}`;
      }
    };
    const one = await afterTampering(async (sql) => {
      await sql`update audit.custody set actor = 'Mallory' where number = 3`;
      await rewrite(sql, 3, 3);
    });
    expect(one.findings).toContainEqual({ kind: "custody_broken", number: 4 });
    const all = await afterTampering(async (sql) => {
      await sql`update audit.custody set reason = 'harmless' where number = 3`;
      await rewrite(sql, 3, newest);
    });
    expect(kindsOf(all)).not.toContain("custody_broken"); // the links are good
    expect(kindsOf(all)).toEqual(expect.arrayContaining(["custody_untold", "custody_lost"]));
    const rowsToo = await afterTampering(async (sql) => {
      await sql`update audit.custody set reason = 'harmless' where number = 3`;
      await rewrite(sql, 3, newest);
      await sql`
        update audit.audit_logs as l set detail = l.detail || jsonb_build_object('record_sha256', c.record_sha256)
        from audit.custody as c where c.audit_id = l.id`;
      await sql`update audit.audit_logs as l set payload = audit.payload_of(l) where l.resource_type = 'evidence'`;
    });
    expect(rowsToo.findings).toEqual([]); // the rows were made to agree, and they are sealed
    expect(rowsToo.trail.map(({ kind }) => kind)).toContain("row_changed");
    expect(rowsToo.ok).toBe(false);
  });

  it("10.2b is found deleting a record, from the middle or from the end, with its row or without", async () => {
    const middle = await afterTampering((sql) => sql`delete from audit.custody where number = 4`);
    expect(middle.findings).toMatchObject([
      { kind: "custody_missing", number: 4 },
      { kind: "custody_lost", number: 4 },
    ]);
    const end = await afterTampering((sql) => sql`delete from audit.custody where number > 4`);
    expect(end.findings[0]).toMatchObject({ kind: "custody_lost", number: 5 });
    const renumbered = await afterTampering(async (sql) => {
      await sql`delete from audit.custody where number = 4`;
      await sql`update audit.custody set number = number + 1000 where number > 4`;
      await sql`update audit.custody set number = number - 1001 where number > 1000`;
    });
    expect(kindsOf(renumbered)).toEqual(
      expect.arrayContaining(["custody_changed", "custody_broken"]),
    );
    const withRow = await afterTampering(async (sql) => {
      await sql`delete from audit.audit_logs where id in (select audit_id from audit.custody where number > 4)`;
      await sql`delete from audit.custody where number > 4`;
    });
    expect(withRow.findings).toEqual([]);
    expect(withRow.trail.map(({ kind }) => kind)).toContain("row_missing");
  });

  /** Takes the log away as a signed purge of its month leaves it. */
  async function purge(
    sql: postgres.TransactionSql,
    signer: typeof key.signer,
  ): Promise<void> {
    const [row] = await sql`select to_char(max(occurred_at) at time zone 'UTC', 'YYYY-MM') as month,
      count(*)::int as rows from audit.audit_logs`;
    const [month, at] = [String(row?.["month"]), new Date().toISOString()];
    const fields = { month, rows: Number(row?.["rows"]), purged_at: at, key: "k1" };
    const statement = writeStatement("purge", fields);
    await sql`delete from audit.purge_records`;
    await sql`insert into audit.purge_records (month, row_count, purged_at, key_id, statement, signature)
      values (${`${month}-01`}, ${fields.rows}, ${at}, 'k1', ${statement}, ${
      signer.sign(statement)
    })`;
    await sql`delete from audit.audit_logs`;
  }

  it("10.2b is not blamed for a month of the log that was purged, signed", async () => {
    const signed = await afterTampering((sql) => purge(sql, key.signer));
    expect(signed).toMatchObject({ ok: true, findings: [], trail: [] });
    const unsigned = await afterTampering((sql) => purge(sql, makeTestKey().signer));
    expect(kindsOf(unsigned)).toContain("custody_untold");
    await bench.admin.begin(async (sql) => {
      await sql`set local session_replication_role = replica`;
      await sql`delete from audit.purge_records`;
    });
  });

  it("10.2b a purged month excuses no record that was made at another time", async () => {
    const verdict = await afterTampering(async (sql) => {
      await sql`
        insert into audit.custody
        select (jsonb_populate_record(c, jsonb_build_object('number', c.number + 1, 'actor', 'Mallory',
          'action', 'accessed', 'handed_to', null, 'at', c.at + interval '2 minutes', 'previous', c.record_sha256,
          'audit_id', (select e.log_id from audit.seal_entries as e order by e.occurred_at limit 1)))).*
        from audit.custody as c order by number desc limit 1`;
      await sql`update audit.custody as c set record = audit.custody_text(c) where actor = 'Mallory'`;
      await sql`update audit.custody as c set record_sha256 = encode(sha256(convert_to(c.record, 'UTF8')), 'hex')
        where actor = 'Mallory'`;
      await purge(sql, key.signer);
    });
    expect(kindsOf(verdict)).toContain("custody_untold");
    await bench.admin.begin(async (sql) => {
      await sql`set local session_replication_role = replica`;
      await sql`delete from audit.purge_records`;
    });
  });

  it("10.2b is found putting a record in that nobody made", async () => {
    const verdict = await afterTampering(async (sql) => {
      await sql`
        insert into audit.custody
        select (jsonb_populate_record(c, jsonb_build_object('number', c.number + 1, 'actor', 'Mallory',
          'action', 'accessed', 'handed_to', null, 'previous', c.record_sha256))).* from audit.custody as c order by number desc limit 1`;
      await sql`update audit.custody as c set record = audit.custody_text(c) where actor = 'Mallory'`;
      await sql`update audit.custody as c set record_sha256 = encode(sha256(convert_to(c.record, 'UTF8')), 'hex')
        where actor = 'Mallory'`;
    });
    expect(kindsOf(verdict)).toEqual(["custody_untold"]);
    expect(await verify()).toMatchObject({ ok: true });
  });
});
