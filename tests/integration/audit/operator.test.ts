// The operator's command against a trail of its own: what it remembers, proves, anchors and declares.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  openScratchServer,
  type ScratchDatabase,
  type ScratchServer,
} from "../../property/support/scratch-database.ts";
import { appendRows, makeTestKey, runTask, sealer, verifier } from "../../support/audit-trail.ts";
import { stack } from "../../support/stack.ts";
import { type Ended, payments } from "../cli/support.ts";

const key = makeTestKey();
const run = promisify(execFile);
let server: ScratchServer;
let folder: string;

beforeAll(async () => {
  server = openScratchServer(stack().dbUrl);
  folder = await mkdtemp(join(tmpdir(), "audit-"));
});
afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true });
});

interface Bench {
  database: ScratchDatabase;
  admin: postgres.Sql;
  audit(...argv: string[]): Promise<Ended>;
  /** Appends and seals, one seal a turn. */
  grow(seals: number, rows?: number): Promise<string[]>;
}

async function openBench(name: string): Promise<Bench> {
  const database = await server.create(name);
  const seal = sealer({ rpc: database.as("payments_worker"), key });
  return {
    database,
    admin: database.admin,
    audit: (...argv) =>
      payments(["audit", ...argv], {
        PAYMENTS_DB_URL: database.url,
        PAYMENTS_AUDIT_PUBLIC_KEYS: JSON.stringify(key.keys),
        PAYMENTS_AUDIT_SIGNING_KEY: key.secret,
        XDG_STATE_HOME: join(folder, name),
      }),
    async grow(seals, rows = 2) {
      const ids: string[] = [];
      for (let turn = 0; turn < seals; turn++) {
        ids.push(...await appendRows(database.admin, rows, `turn ${turn} `));
        await runTask(seal);
      }
      return ids;
    },
  };
}

describe("payments audit verify", () => {
  it("decision 7: remembers the head, and refuses to go back behind it", async () => {
    const { admin, audit, grow, database } = await openBench("remembers");
    expect(await audit("verify")).toMatchObject({
      code: 0,
      out: expect.stringContaining("There is no seal yet."),
    });
    await grow(12);
    const good = await audit("verify");
    expect(good.out).toContain("12 seals over 24 rows");
    expect(good).toMatchObject({ code: 0, out: expect.stringContaining("Nothing is wrong.") });
    const file = join(folder, "remembers", "supabase-stripe-payments", "audit-heads.json");
    expect((await stat(file)).mode & 0o777).toBe(0o600);

    await admin.begin(async (sql) => {
      await sql`set local session_replication_role = replica`;
      await sql`delete from audit.audit_logs where id in (
        select log_id from audit.seal_entries where seal_number > 2)`;
      await sql`delete from audit.seal_entries where seal_number > 2`;
      await sql`delete from audit.seals where number > 2`;
    });
    const back = await audit("verify", "--json");
    expect(back.code).toBe(1);
    expect(JSON.parse(back.out)).toMatchObject({
      ok: false,
      findings: [{ kind: "head_missing", seal: 3, until: 12 }],
    });
    await grow(11); // the thief's own chain, longer than the old one
    const forked = await audit("verify");
    expect(forked.code).toBe(1);
    expect(forked.out).toContain(
      "head_forked  seal 12: another seal of this number was seen before",
    );
    expect((await audit("verify")).code).toBe(1); // and it does not get used to it
    await database.close();
  });

  it("decision 7: compares with heads in a file, which it writes itself", async () => {
    const { admin, audit, grow, database } = await openBench("anchors");
    const file = join(folder, "heads.ndjson");
    expect((await audit("anchor", file)).code).toBe(1); // nothing to anchor
    await grow(2);
    expect((await audit("anchor", file)).code).toBe(0);
    await grow(1);
    expect((await audit("anchor", file)).code).toBe(0);
    await rm(join(folder, "anchors"), { recursive: true }); // another machine, which remembers nothing
    expect((await audit("verify", "--anchor", file)).code).toBe(0);

    await admin.begin(async (sql) => {
      await sql`set local session_replication_role = replica`;
      await sql`delete from audit.audit_logs where id in (
        select log_id from audit.seal_entries where seal_number = 3)`;
      await sql`delete from audit.seal_entries where seal_number = 3`;
      await sql`delete from audit.seals where number = 3`;
    });
    await rm(join(folder, "anchors"), { recursive: true });
    expect((await audit("verify")).code).toBe(0); // what we do not claim
    await rm(join(folder, "anchors"), { recursive: true });
    const compared = await audit("verify", "--anchor", file);
    expect(compared).toMatchObject({
      code: 1,
      out: expect.stringContaining("head_missing  seal 3"),
    });

    const lines = (await readFile(file, "utf8")).replace("count 2", "count 3");
    await writeFile(file, lines);
    expect((await audit("verify", "--anchor", file)).code).toBe(2); // a forged head is no evidence
    await database.close();
  });

  it("8.3b wants public keys that are handed on, from outside of the database", async () => {
    const env = { PAYMENTS_DB_URL: stack().dbUrl };
    expect((await payments(["audit", "verify"], env)).code).toBe(2);
    expect((await payments(["audit", "verify"], { ...env, PAYMENTS_AUDIT_PUBLIC_KEYS: "[]" })).code)
      .toBe(2);
  });
});

describe("a restore from a backup", () => {
  it("decision 7: undeclared is a fork; declared it opens a signed epoch, and both verify", async () => {
    const { admin, audit, grow, database } = await openBench("restored");
    await grow(4);
    expect((await audit("verify")).code).toBe(0);
    expect((await audit("declare-restore", "--reason", "none")).code).toBe(1); // nothing is missing
    const tables = ["audit_logs", "seals", "seal_entries"];
    await admin.unsafe("create schema backup");
    for (const table of tables) {
      await admin.unsafe(`create table backup.${table} as table audit.${table}`);
    }
    await grow(3);
    expect((await audit("verify")).code).toBe(0);

    await admin.begin(async (sql) => {
      await sql`set local session_replication_role = replica`;
      for (const table of tables) {
        await sql.unsafe(`delete from audit.${table}`);
        await sql.unsafe(`insert into audit.${table} select * from backup.${table}`);
      }
    });
    await grow(4); // the worker goes on as if nothing had happened
    const fork = await audit("verify", "--json");
    expect(JSON.parse(fork.out).findings).toEqual([{ kind: "head_forked", seal: 7 }]);

    const refused = await audit("declare-restore", "--reason", "disk", "--last-common", "7");
    expect(refused.code).toBe(2); // another seal of that number was seen
    const declared = await audit("declare-restore", "--reason", "disk failure", "--as", "ops");
    expect(declared).toMatchObject({ code: 0, out: expect.stringContaining("Epoch 2 is open") });
    expect(declared.out).toContain("The last common seal is 4; the next one here will be 9.");
    const [row] = await admin`select actor_id, reason, detail from audit.audit_logs
      where action = 'audit.restore_declared'`;
    expect(row).toMatchObject({ actor_id: "ops", reason: "disk failure", detail: { epoch: 2 } });

    await grow(2);
    const after = await audit("verify", "--json");
    expect(JSON.parse(after.out)).toMatchObject({
      ok: true,
      head: { epoch: 2, number: 10 },
      lost_heads: [{ epoch: 1, number: 7 }],
    });
    // the worker's own verification agrees
    expect(await runTask(verifier({ rpc: database.as("payments_worker"), key })))
      .toMatchObject({ failed: 0 });

    await admin.begin(async (sql) => {
      await sql`set local session_replication_role = replica`;
      await sql`delete from audit.epochs`;
    });
    const hidden = await audit("verify");
    expect(hidden.code).toBe(1);
    expect(hidden.out).toContain("epoch_undeclared  seal 9");
    await database.close();
  });

  it("decision 7: a declaration fences the sealer that is at work", async () => {
    const { admin, audit, grow, database } = await openBench("fences");
    await grow(2);
    const worker = database.as("payments_worker");
    await appendRows(admin, 1);
    const [claim] = await admin`select payments.claim_seal(30) as claim`;
    expect(claim?.["claim"]).toMatchObject({ due: true, number: 3 });
    expect((await audit("declare-restore", "--reason", "r", "--last-common", "1")).code).toBe(0);
    await runTask(sealer({ rpc: worker, key })); // a new claim: the old lease is gone
    expect((await audit("verify")).code).toBe(0);
    await database.close();
  });
});

describe("payments audit prove", () => {
  it("8.3b prints a proof that a verifier without a database accepts, and no altered one", async () => {
    const { audit, grow, database } = await openBench("proves");
    const ids = await grow(2, 7);
    const printed = await audit("prove", ids[9] ?? "");
    expect(printed.code).toBe(0);
    const proof = JSON.parse(printed.out);
    expect(proof.path).toHaveLength(3);
    expect((await audit("prove", "nonsense")).code).toBe(2);
    expect((await audit("prove", crypto.randomUUID())).code).toBe(1);
    await database.close();

    const other = makeTestKey();
    const seal = (changes: object) => ({ ...proof, seal: { ...proof.seal, ...changes } });
    const flip = (hex: string) => `${hex[0] === "0" ? "1" : "0"}${hex.slice(1)}`;
    const altered: [string, unknown][] = [
      ["payload", { ...proof, payload: proof.payload.replace("success", "failure") }],
      ["id", { ...proof, id: ids[0] }],
      ["index", { ...proof, index: proof.index + 1 }],
      ["path", { ...proof, path: [flip(proof.path[0]), ...proof.path.slice(1)] }],
      ["short path", { ...proof, path: proof.path.slice(1) }],
      ["root", seal({ statement: proof.seal.statement.replace(/^root ./m, "root g") })],
      ["count", seal({ statement: proof.seal.statement.replace("count 7", "count 8") })],
      ["time", seal({ statement: proof.seal.statement.replace(/sealed_at 2/, "sealed_at 3") })],
      ["signature", seal({ signature: other.signer.sign(proof.seal.statement) })],
      ["signature's text", seal({ signature: `${proof.seal.signature}\n` })],
    ];
    const [accepted = "", ...answers] = await checkOffline(key.keys, [
      ["genuine", proof],
      ...altered,
    ]);
    expect(accepted).toContain(`Row ${ids[9]} is leaf 2 of seal 2`);
    expect(answers).toHaveLength(altered.length);
    expect(answers.filter((answer) => !answer.startsWith("Not proven: "))).toEqual([]);
    const [strangers] = await checkOffline(other.keys, [["genuine", proof]]);
    expect(strangers).toContain("signature is bad");
  });

  /** What docs/verify-proof.mjs says of each, as an auditor would run it: in Node, with files. */
  async function checkOffline(
    keys: unknown,
    proofs: readonly [name: string, proof: unknown][],
  ): Promise<string[]> {
    const write = async (name: string, value: unknown) => {
      const file = join(folder, `${name}.json`);
      await writeFile(file, JSON.stringify(value));
      return file;
    };
    const keysFile = await write("keys", keys);
    const files = await Promise.all(proofs.map(([name, proof]) => write(name, proof)));
    const script = join(stack().projectRoot, "docs/verify-proof.mjs");
    const { stdout } = await run("node", [script, keysFile, ...files], { cwd: folder })
      .catch((error: { stdout: string }) => error); // one that is not proven: exit code 1
    return stdout.trim().split("\n");
  }
});

describe("payments audit keys", () => {
  it("8.3b hands the signing key on, and seals of both keys verify", async () => {
    const { audit, grow, database } = await openBench("rotates");
    await grow(1);
    const secretFile = join(folder, "k2");
    const made = await audit("new-key", "--id", "k2", "--out", secretFile);
    expect(made.code).toBe(0);
    expect((await audit("new-key", "--id", "k2", "--out", secretFile)).code).toBe(1); // never over one
    const secret = (await readFile(secretFile, "utf8")).trim();
    expect((await stat(secretFile)).mode & 0o777).toBe(0o600);
    expect(made.out).not.toContain(secret);

    const keys = JSON.parse(made.out);
    const env = {
      PAYMENTS_DB_URL: database.url,
      PAYMENTS_AUDIT_PUBLIC_KEYS: made.out,
      PAYMENTS_AUDIT_SIGNING_KEY: secret,
      XDG_STATE_HOME: join(folder, "rotates"),
    };
    const { createAuditSigner } = await import(
      "../../../supabase/functions/_shared/audit/key-ring.ts"
    );
    const next = { keys, secret, signer: createAuditSigner(secret, keys) };
    await appendRows(database.admin, 1);
    await runTask(sealer({ rpc: database.as("payments_worker"), key: next }));
    expect((await payments(["audit", "verify"], env)).code).toBe(0);
    const listed = await payments(["audit", "keys"], env);
    expect(listed.out).toMatch(/k1 .*\n *k2 .* k1 /);
    // without the new key in the list, its seal is a stranger's
    const old = await audit("verify");
    expect(old.out).toContain("seal_signature  seal 2");
    await database.close();
  });
});
