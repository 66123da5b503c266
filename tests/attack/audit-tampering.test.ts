// The superuser, with triggers off, against the sealed trail. Each attack is taken back afterwards.
import type postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  statementHash,
  writeStatement,
} from "../../supabase/functions/_shared/audit/statements.ts";
import type { Finding, Head } from "../../supabase/functions/_shared/audit/trail.ts";
import {
  openScratchServer,
  type ScratchDatabase,
  type ScratchServer,
} from "../property/support/scratch-database.ts";
import { stack } from "../support/stack.ts";
import {
  appendRows,
  findingsIn,
  makeTestKey,
  runTask,
  sealer,
  tamper,
  verifier,
} from "../support/audit-trail.ts";

const SEALS = 14;
const ROWS_EACH = 5;
const key = makeTestKey();
const inTenMinutes = () => new Date(Date.now() + 10 * 60_000);

let server: ScratchServer;
let database: ScratchDatabase;
let admin: postgres.Sql;
/** Ids of the rows, seal by seal. */
const rows: string[][] = [];
let head: Head;

beforeAll(async () => {
  server = openScratchServer(stack().dbUrl);
  database = await server.create("tampering");
  admin = database.admin;
  const seal = sealer({ rpc: database.as("payments_worker"), key });
  for (let number = 1; number <= SEALS; number++) {
    rows.push(await appendRows(admin, ROWS_EACH, `seal ${number} `));
    await runTask(seal);
  }
  const [newest] = await admin`select statement from audit.seals order by number desc limit 1`;
  head = { epoch: 1, number: SEALS, hash: statementHash(newest?.["statement"]) };
});
afterAll(async () => {
  await database?.close();
  await server?.stop();
});

const rowOf = (seal: number, leaf: number) => rows[seal - 1]?.[leaf] ?? "";

/** What is found after a change, ten minutes later. */
function found(
  change: (sql: postgres.TransactionSql) => Promise<unknown>,
  known: readonly Head[] = [],
): Promise<Finding[]> {
  return tamper(
    admin,
    change,
    async (sql) => (await findingsIn(sql, key, { known, at: inTenMinutes() })).findings,
  );
}

/** The SQLSTATE a statement ends with; "none" when it is done. Taken back either way. */
async function codeOf(statement: string): Promise<unknown> {
  let code: unknown = "none";
  await admin.begin(async (sql) => {
    await sql.unsafe(statement).catch((error: { code: unknown }) => code = error.code);
    throw new Error("taken back");
  }).catch(() => undefined);
  return code;
}

/** A row as append would have written it, without its mark. */
function forgeRow(sql: postgres.TransactionSql, at: Date) {
  return sql`
    insert into audit.audit_logs (id, occurred_at, actor_type, action, outcome, payload)
    select gen_random_uuid(), ${at}, 'system', 'user.held', 'success', '{}' returning id`;
}

describe("nothing is wrong", () => {
  it("I5 with a trail that nobody touched, ten minutes later", async () => {
    expect(await found(() => Promise.resolve(), [head])).toEqual([]);
  });

  it("8.3b the log, the seals and their records refuse update, delete and truncate", async () => {
    const tables = ["audit_logs", "seals", "seal_entries", "epochs", "purge_records", "anchors"];
    const partition = "audit_logs_" + new Date().toISOString().slice(0, 7).replace("-", "");
    for (const table of [...tables, "lost_rows", "verification_reports", partition]) {
      for (const verb of ["delete from", "truncate"]) {
        expect(await codeOf(`${verb} audit.${table}`), `${verb} ${table}`).toBe("PA001");
      }
    }
    expect(await codeOf("update audit.audit_logs set outcome = 'failure'")).toBe("PA001");
    expect(await codeOf("update audit.seals set epoch = 2")).toBe("PA001");
  });
});

describe("a changed row", () => {
  it.each([
    ["its outcome", "outcome = 'failure'"],
    ["its actor", "actor_type = 'staff', actor_id = 'somebody else'"],
    ["its reason", "reason = 'because'"],
    ["its detail", "detail = detail || '{\"bodies\": 0}'"],
    ["its payload", "payload = replace(payload, 'success', 'failure')"],
    ["its commitment", "client_commitment = repeat('0', 64)"],
    ["both", "outcome = 'failure', payload = replace(payload, 'success', 'failure')"],
  ])("8.3b is found and located: %s", async (_what, change) => {
    const id = rowOf(3, 2);
    const findings = await found((sql) =>
      sql.unsafe(`update audit.audit_logs set ${change} where id = '${id}'`)
    );
    expect(findings).toMatchObject([{ kind: "row_changed", seal: 3, index: 2, id }]);
  });

  it("8.3b is found with its leaf changed along: the root was signed", async () => {
    const id = rowOf(3, 2);
    const findings = await found(async (sql) => {
      await sql`update audit.audit_logs as l set outcome = 'failure',
        payload = replace(payload, 'success', 'failure') where id = ${id}`;
      await sql`update audit.seal_entries as e set leaf_hash = sha256('\\x00'::bytea || convert_to(l.payload, 'UTF8'))
        from audit.audit_logs as l where l.id = e.log_id and l.id = ${id}`;
    });
    expect(findings).toEqual([{ kind: "entries_changed", seal: 3, detail: "another root" }]);
  });

  it("8.3b is found when its time is moved", async () => {
    const id = rowOf(4, 0);
    const findings = await found((sql) =>
      sql`update audit.audit_logs set occurred_at = occurred_at + interval '1 second' where id = ${id}`
    );
    expect(findings).toMatchObject([
      { kind: "row_missing", seal: 4, index: 0, id },
      { kind: "row_unsealed", id },
    ]);
  });
});

describe("a deleted row", () => {
  it("8.3b is found and located", async () => {
    const id = rowOf(5, 4);
    const findings = await found((sql) => sql`delete from audit.audit_logs where id = ${id}`);
    expect(findings).toEqual([{ kind: "row_missing", seal: 5, index: 4, id }]);
  });

  it("8.3b is found with its entry deleted along", async () => {
    const id = rowOf(5, 4);
    const findings = await found(async (sql) => {
      await sql`delete from audit.audit_logs where id = ${id}`;
      await sql`delete from audit.seal_entries where log_id = ${id}`;
    });
    expect(findings).toEqual([{ kind: "entries_changed", seal: 5, detail: "4 of 5" }]);
  });

  it("decision 7: a month that was dropped is found, unless a signed record says so", async () => {
    const month = new Date().toISOString().slice(0, 7);
    const drop = (sql: postgres.TransactionSql) =>
      sql.unsafe(`drop table audit.audit_logs_${month.replace("-", "")}`);
    const findings = await found(drop);
    expect(findings).toHaveLength(SEALS * ROWS_EACH);
    expect(findings[0]).toMatchObject({ kind: "row_missing", seal: 1, index: 0 });

    const statement = writeStatement("purge", {
      month,
      rows: SEALS * ROWS_EACH,
      purged_at: new Date().toISOString(),
      key: "k1",
    });
    const record = (signature: string) => async (sql: postgres.TransactionSql) => {
      await drop(sql);
      await sql`insert into audit.purge_records (month, row_count, purged_at, key_id, statement, signature)
        values (${`${month}-01`}, 1, now(), 'k1', ${statement}, ${signature})`;
    };
    expect(await found(record(key.signer.sign(statement)))).toEqual([]);
    const forged = makeTestKey().signer.sign(statement);
    expect((await found(record(forged)))[0]).toEqual({ kind: "purge_invalid", detail: month });
  });
});

describe("a row before it is sealed", () => {
  it("8.3b deleted without its mark: the mark tells", async () => {
    const id = await tamper(admin, async (sql) => {
      const [row] = await appendRows(sql, 1);
      await sql`delete from audit.audit_logs where id = ${row ?? ""}`;
      const [claimed] = await sql`select payments.claim_seal(30) as claim`;
      expect(claimed?.["claim"]).toEqual({ due: false });
      expect(await sql`select from audit.pending_rows`).toHaveLength(0);
      const alerts =
        await sql`select from payments_private.alerts where rule = 'audit_row_missing'`;
      expect(alerts).toHaveLength(1);
      return row;
    }, async (sql) => {
      const { findings } = await findingsIn(sql, key, { at: inTenMinutes() });
      return findings[0]?.kind === "row_lost" ? findings[0].id : findings;
    });
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("8.3b deleted with its mark: what it told of remains and has no row", async () => {
    const findings = await found(async (sql) => {
      const [answer] = await sql`select payments.ingest_event(${
        sql.json({
          event_id: "evt_hushed",
          event_type: "product.updated",
          created: Math.floor(Date.now() / 1000),
          livemode: false,
          expected_livemode: false,
          body_sha256: "0".repeat(64),
          secret_fingerprint: "0123456789abcdef",
          request_id: crypto.randomUUID(),
        })
      }) as answer`;
      expect(answer?.["answer"]).toMatchObject({ outcome: expect.any(String) });
      await sql`delete from audit.pending_rows as p using audit.audit_logs as l
        where l.id = p.log_id and l.actor_id = 'evt_hushed'`;
      const gone =
        await sql`delete from audit.audit_logs where actor_id = 'evt_hushed' returning id`;
      expect(gone).toHaveLength(1);
    });
    expect(findings).toMatchObject([{ kind: "event_untold", id: "evt_hushed" }]);
  });

  it("8.3b held back from the sealer for more than five minutes is a finding", async () => {
    let id = "";
    const findings = await found(async (sql) => {
      [id = ""] = await appendRows(sql, 1);
      await sql`delete from audit.pending_rows`;
    });
    expect(findings).toMatchObject([{ kind: "row_unsealed", id }]);
  });
});

describe("an inserted row", () => {
  it("8.3b without a mark is in no seal", async () => {
    let id: unknown;
    const findings = await found(async (sql) => {
      [id] = (await forgeRow(sql, new Date())).map((row) => row["id"]);
    });
    expect(findings).toMatchObject([{ kind: "row_unsealed", id }]);
  });

  it("8.3b dated into the future is found at once", async () => {
    const findings = await found((sql) => forgeRow(sql, new Date(Date.now() + 86_400_000 * 3)));
    expect(findings).toMatchObject([{ kind: "row_unsealed" }]);
  });

  it("8.3b with the id of a sealed row is in no seal", async () => {
    const id = rowOf(2, 2);
    const findings = await found((sql) =>
      sql`insert into audit.audit_logs (id, occurred_at, actor_type, action, outcome, payload)
        select id, occurred_at + interval '1 ms', 'system', 'user.held', 'success', '{}'
        from audit.audit_logs where id = ${id}`
    );
    expect(findings).toMatchObject([{ kind: "row_unsealed", id }]);
  });

  it("8.3b with an entry in an old seal breaks that seal", async () => {
    const findings = await found(async (sql) => {
      const [row] = await forgeRow(sql, new Date());
      await sql`insert into audit.seal_entries
        select 6, ${ROWS_EACH}, id, occurred_at, sha256('\\x00'::bytea || convert_to(payload, 'UTF8'))
        from audit.audit_logs where id = ${row?.["id"]}`;
    });
    expect(findings).toMatchObject([
      { kind: "row_changed", seal: 6, index: ROWS_EACH, detail: "columns" },
      { kind: "entries_changed", seal: 6, detail: "6 of 5" },
    ]);
  });

  it("8.3b backdated through append and then sealed is found: newer rows were sealed before it", async () => {
    const backdated = await server.create("backdated");
    const worker = sealer({ rpc: backdated.as("payments_worker"), key });
    await appendRows(backdated.admin, 2);
    await runTask(worker);
    const findings = await backdated.admin.begin(async (sql) => {
      await sql`set local session_replication_role = replica`;
      const [id = ""] = await appendRows(sql, 1);
      await sql`update audit.audit_logs set occurred_at = occurred_at - interval '1 hour' where id = ${id}`;
      await sql`update audit.audit_logs as l set payload = audit.payload_of(l) where id = ${id}`;
      await sql`update audit.pending_rows set occurred_at = occurred_at - interval '1 hour'`;
    }).then(() => runTask(worker)).then(() =>
      backdated.admin.begin(async (sql) => (await findingsIn(sql, key)).findings)
    );
    await backdated.close();
    expect(findings).toMatchObject([{ kind: "row_misdated", seal: 2, index: 0 }]);
  });
});

describe("a changed order", () => {
  it("8.3b of two rows is found and located", async () => {
    const findings = await found(async (sql) => {
      await sql`update audit.audit_logs as l set payload = o.payload, reason = 'swapped'
        from audit.audit_logs as o
        where (l.id, o.id) in ((${rowOf(7, 0)}::uuid, ${rowOf(7, 1)}::uuid), (${
        rowOf(7, 1)
      }::uuid, ${rowOf(7, 0)}::uuid))`;
    });
    expect(findings).toMatchObject([
      { kind: "row_changed", seal: 7, index: 0 },
      { kind: "row_changed", seal: 7, index: 1 },
    ]);
  });

  it("8.3b of two entries is found in their seal", async () => {
    const findings = await found(async (sql) => {
      const move = (from: number, to: number) =>
        sql`update audit.seal_entries set leaf_index = ${to} where seal_number = 7 and leaf_index = ${from}`;
      await move(0, 900);
      await move(1, 0);
      await move(900, 1);
    });
    expect(findings).toEqual([{ kind: "entries_changed", seal: 7, detail: "another root" }]);
  });
});

describe("a changed seal", () => {
  it("8.3b swapped with another one is found", async () => {
    const findings = await found(async (sql) => {
      await sql`update audit.seals as s set statement = o.statement, signature = o.signature, root = o.root
        from audit.seals as o where (s.number, o.number) in ((8, 9), (9, 8))`;
    });
    const kinds = new Set(findings.map(({ kind, seal }) => `${kind} ${seal}`));
    expect([...kinds]).toEqual(expect.arrayContaining(["seal_changed 8", "chain_broken 9"]));
  });

  it("8.3b made anew with a key of the attacker's is found", async () => {
    const other = makeTestKey();
    const findings = await found(async (sql) => {
      const [seal] = await sql`select statement from audit.seals where number = ${SEALS}`;
      const statement = String(seal?.["statement"]).replace(/^root .*$/m, `root ${"0".repeat(64)}`);
      await sql`update audit.seals set statement = ${statement}, root = decode(repeat('00', 32), 'hex'),
        signature = ${other.signer.sign(statement)} where number = ${SEALS}`;
    });
    expect(findings).toEqual([
      { kind: "seal_signature", seal: SEALS, detail: "bad_signature" },
      { kind: "entries_changed", seal: SEALS, detail: "another root" },
    ]);
  });

  it.each([
    ["its key's name", "key_id = 'k9'", "seal_changed"],
    ["its count", "leaf_count = 4", "seal_changed"],
    ["its statement", "statement = statement || E'\\n'", "seal_unreadable"],
    ["its time", "sealed_at = sealed_at - interval '1 day'", "seal_changed"],
  ])("8.3b is found: %s", async (_what, change, kind) => {
    const findings = await found((sql) =>
      sql.unsafe(`update audit.seals set ${change} where number = ${SEALS}`)
    );
    expect(findings[0]).toMatchObject({ kind, seal: SEALS });
  });
});

describe("dropped seals", () => {
  const drop = (from: number, to: number) => async (sql: postgres.TransactionSql) => {
    await sql`delete from audit.seals where number between ${from} and ${to}`;
    await sql`delete from audit.seal_entries where seal_number between ${from} and ${to}`;
    await sql`delete from audit.audit_logs where id in ${sql(rows.slice(from - 1, to).flat())}`;
  };

  it("8.3b in the middle are found and located", async () => {
    expect(await found(drop(6, 8))).toEqual([
      { kind: "seals_missing", seal: 6, until: 8 },
      { kind: "chain_broken", seal: 9 },
    ]);
  });

  it("decision 7: the newest ten, with their rows, are found against a head that was seen", async () => {
    const newest = drop(SEALS - 9, SEALS);
    expect(await found(newest, [head])).toEqual([
      { kind: "head_missing", seal: SEALS - 9, until: SEALS },
    ]);
    // and this is what we do not claim: nobody remembers, nothing tells
    expect(await found(newest)).toEqual([]);
  });

  it("decision 7: a fork in their place is found against a head that was seen", async () => {
    const forked = { ...head, hash: "f".repeat(64) };
    expect(await found(() => Promise.resolve(), [forked]))
      .toEqual([{ kind: "head_forked", seal: SEALS }]);
  });

  it("8.3b a row in two seals is found", async () => {
    const id = rowOf(1, 1);
    const findings = await found(async (sql) => {
      await sql`alter table audit.seal_entries drop constraint a_row_is_sealed_once`;
      await sql`update audit.seal_entries set log_id = ${id}, occurred_at = l.occurred_at
        from audit.audit_logs as l where l.id = ${id} and seal_number = 2 and leaf_index = 0`;
    });
    expect(findings[0]).toMatchObject({ kind: "row_changed", seal: 2, index: 0 });
    expect(findings.slice(1)).toHaveLength(2);
    expect(findings).toContainEqual(expect.objectContaining({ kind: "row_sealed_twice", id }));
    expect(findings)
      .toContainEqual(expect.objectContaining({ kind: "row_unsealed", id: rowOf(2, 0) }));
  });
});

describe("the worker's daily verification", () => {
  it("8.3c finds the same, reports it signed and alerts", async () => {
    const copy = await server.create("verified");
    try {
      const worker = { rpc: copy.as("payments_worker"), key };
      await appendRows(copy.admin, 3);
      await runTask(sealer(worker));
      expect(await runTask(verifier(worker))).toMatchObject({ done: 3, failed: 0 });
      await copy.admin.begin(async (sql) => {
        await sql`set local session_replication_role = replica`;
        await sql`update audit.audit_logs set outcome = 'failure' where action = 'purge.finished'`;
      });
      expect(await runTask(verifier(worker))).toMatchObject({ failed: 3 });
      const reports = await copy.admin`
        select finding_count, findings, statement from audit.verification_reports order by id`;
      expect(reports[1]).toMatchObject({
        finding_count: 3,
        findings: [{ kind: "row_changed", seal: 1, index: 0 }, { index: 1 }, { index: 2 }],
        statement: expect.stringContaining("findings 3\n"),
      });
      const [alert] = await copy.admin`
        select severity from payments_private.alerts where rule = 'audit_tampered'`;
      expect(alert).toEqual({ severity: "critical" });
    } finally {
      await copy.close();
    }
  });
});
