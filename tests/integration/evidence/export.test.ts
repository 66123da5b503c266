// What an export takes out of a trail of its own, and what it says of itself.
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeStatement } from "../../../supabase/functions/_shared/audit/statements.ts";
import {
  openScratchServer,
  type ScratchDatabase,
  type ScratchServer,
} from "../../property/support/scratch-database.ts";
import { appendRows, makeTestKey } from "../../support/audit-trail.ts";
import {
  appendUser,
  type Contents,
  type EvidenceBench,
  linesOf,
  manifestOf,
  openEvidenceBench,
  unpack,
} from "../../support/evidence.ts";
import { stack } from "../../support/stack.ts";

const key = makeTestKey();
const ALICE = "a11ce000-0000-4000-8000-000000000001";
const BOB = "b0b00000-0000-4000-8000-000000000002";
const REASON = ["--reason", "case 812"];
let server: ScratchServer;
let database: ScratchDatabase;
let bench: EvidenceBench;
let folder: string;
let count = 0;

beforeAll(async () => {
  server = openScratchServer(stack().dbUrl);
  database = await server.create("evidence_export");
  folder = await mkdtemp(join(tmpdir(), "evidence-"));
  bench = openEvidenceBench(database, key, folder);
  await appendRows(bench.admin, 7);
  await bench.seal();
  await appendUser(bench.admin, ALICE, "alice");
  await bench.seal();
  await appendUser(bench.admin, BOB, "bob");
  await bench.seal();
});
afterAll(async () => {
  await database?.close();
  await server?.stop();
  await rm(folder, { recursive: true });
});

interface Taken {
  readonly file: string;
  readonly contents: Contents;
  readonly rows: Record<string, unknown>[];
  readonly told: Record<string, unknown>;
}

async function take(...argv: string[]): Promise<Taken> {
  const file = bench.file(`taken-${++count}.tar`);
  const ended = await bench.evidence("export", "--out", file, "--json", ...REASON, ...argv);
  expect(ended.error).toBe("");
  const { contents } = await unpack(file);
  const rows = linesOf(contents, "rows.ndjson").map(({ payload }) => JSON.parse(String(payload)));
  return { file, contents, rows, told: JSON.parse(ended.out) };
}

const actionsOf = (rows: readonly Record<string, unknown>[]) => rows.map(({ action }) => action);
const ALICES = ["checkout.authorized", "billing.read", "event.applied", "user.held"];

describe("payments evidence export", () => {
  it("10.2a takes what a user did, what happened to what is theirs, and its events", async () => {
    const { contents, rows, file, told } = await take("--user", ALICE);
    expect(actionsOf(rows)).toEqual(ALICES);
    const [event, ...others] = linesOf(contents, "events.ndjson");
    expect(others).toEqual([]);
    expect(event).toMatchObject({ event_id: "evt_alice", body_sha256: "ab".repeat(32) });
    expect(Object.keys(event ?? {})).not.toContain("projection");
    expect(Object.keys(event ?? {})).not.toContain("encrypted_body");
    expect(told["counts"]).toMatchObject({ rows: 4, unsealed: 0, events: 1 });
    expect(await bench.verify(file)).toMatchObject({ code: 0 });
  });

  it("10.2a takes what happened to an object, whatever its type or of one type", async () => {
    expect(actionsOf((await take("--resource", "cus_bob")).rows)).toEqual(["event.applied"]);
    expect(actionsOf((await take("--resource", "customer:cus_bob")).rows)).toEqual([
      "event.applied",
    ]);
    expect((await take("--resource", "invoice:cus_bob")).rows).toEqual([]);
    expect(actionsOf((await take("--resource", "event:evt_bob")).rows)).toEqual(["event.applied"]);
    const both = await take("--user", ALICE, "--resource", "customer:cus_bob");
    expect(actionsOf(both.rows)).toEqual([...ALICES, "event.applied"]);
  });

  it("10.2a takes what happened in a time, and nothing of another", async () => {
    const [bounds] = await bench.admin`
      select (min(occurred_at) - interval '1 ms')::text as begins, max(occurred_at)::text as ends
      from audit.audit_logs where actor_id = 'evt_bob' or resource_id = ${BOB} or actor_id = ${BOB}`;
    const from = new Date(bounds?.["begins"]).toISOString();
    const until = new Date(Date.parse(bounds?.["ends"]) + 1).toISOString();
    const { rows } = await take("--from", from, "--until", until);
    expect(rows.length).toBeGreaterThanOrEqual(4);
    expect(rows.every((row) => String(row["occurred_at"]) > from.slice(0, 23))).toBe(true);
    expect((await take("--user", BOB, "--until", "2026-01-01")).rows).toEqual([]);
    const all = await take("--from", "2020-01-01");
    expect(all.rows.length).toBeGreaterThan(15);
    expect(await bench.verify(all.file)).toMatchObject({ code: 0 });
  });

  it("10.2a takes the times, users and objects of an incident", async () => {
    const out = ["--out", bench.file("incident.tar")];
    const nobody = crypto.randomUUID();
    const unknown = await bench.evidence("export", ...out, ...REASON, "--incident", nobody);
    expect(unknown).toMatchObject({ code: 1, error: expect.stringContaining("no such incident") });

    const what = ["--kind", "data_exposure", "--severity", "high", "--title", "an export leaked"];
    const opened = await bench.incident("open", ...what, ...REASON, "--json");
    const { incident } = JSON.parse(opened.out);
    const found = ["--actor", BOB, "--from", "2020-01-01T00:00:00Z"];
    expect((await bench.incident("affected", incident, ...found, ...REASON)).code).toBe(0);
    await bench.seal();
    const { rows, told } = await take("--incident", incident);
    expect(told["scope"]).toMatchObject({ incident, users: [BOB] });
    const actions = actionsOf(rows);
    expect(actions).toEqual(expect.arrayContaining(["billing.read", "incident.opened"]));
    expect(rows.every((row) => !JSON.stringify(row).includes(ALICE))).toBe(true);
  });

  it("10.2a says of itself who, why, when, what and with which software, and is signed", async () => {
    const { contents, file, told } = await take("--user", ALICE, "--as", "Dana");
    const manifest = manifestOf(contents);
    expect(manifest).toMatchObject({
      by: "Dana",
      reason: "case 812",
      scope: { users: [ALICE], from: null },
      keys: [{ id: "k1" }],
      software: { name: "supabase-stripe-payments" },
      head: { number: expect.any(Number) },
    });
    expect(JSON.parse(String(contents.get("manifest.sig"))).statement)
      .toMatch(/^payments audit evidence v1\n/);
    const listed = JSON.parse((await bench.evidence("custody", "list", "--json")).out).custody;
    expect(listed.slice(-2)).toMatchObject([
      { action: "export_begun", who: "Dana", why: "case 812", sha256: null, evidence: manifest.id },
      { action: "exported", who: "Dana", sha256: told["sha256"], evidence: manifest.id },
    ]);
    expect(manifest.custody).toEqual({
      number: listed.at(-2).number,
      record_sha256: listed.at(-2).record_sha256,
    });
    const verified = await bench.verify(file, "--digest", String(told["sha256"]));
    expect(verified).toMatchObject({
      code: 0,
      out: expect.stringContaining("Signed with key k1."),
    });
  });

  it("10.2a is a tar archive that tar unpacks, readable by its owner alone", async () => {
    const { file } = await take("--user", ALICE);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const { stdout } = await promisify(execFile)("tar", ["tf", file]);
    expect(stdout.trim().split("\n").map((name) => name.split("/")[1])).toEqual([
      "manifest.json",
      "manifest.sig",
      "epochs.ndjson",
      "purges.ndjson",
      "seals.ndjson",
      "rows.ndjson",
      "events.ndjson",
    ]);
    expect((await readdir(folder)).filter((name) => name.includes(".part-"))).toEqual([]);
  });

  it("10.2a marks a row that is in no seal yet, and says so", async () => {
    const [row] = await appendRows(bench.admin, 1, "fresh ");
    const file = bench.file("unsealed.tar");
    const ended = await bench.evidence("export", "--out", file, ...REASON, "--resource", "fresh 1");
    expect(ended.code).toBe(2); // an id has no spaces
    const found = await bench.evidence("export", "--out", file, ...REASON, "--from", "2020-01-01");
    expect(found.out).toMatch(/\d+ rows are in no seal yet/);
    const { contents } = await unpack(file);
    expect(linesOf(contents, "rows.ndjson").find(({ id }) => id === row)).toMatchObject({
      unsealed: true,
    });
    const verified = await bench.verify(file, "--json");
    expect(JSON.parse(verified.out)).toMatchObject({ ok: true });
    expect(JSON.parse(verified.out).counts.unsealed).toBeGreaterThan(0);
    await bench.seal();
  });

  it("10.2a exports a row that was put in with a time of the past, and both sides say so", async () => {
    const forged = crypto.randomUUID();
    // the superuser's own insert: the canonical text, no mark
    await bench.admin`
      insert into audit.audit_logs (id, occurred_at, actor_type, action, outcome, resource_type, resource_id, detail, payload)
      select ${forged}, moment, 'system', 'purge.finished', 'success', 'purge', 'backdated', '{}', json_build_object(
        'v', 1, 'id', ${forged}::uuid,
        'occurred_at', to_char(moment at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text
      from (select now() - interval '1 hour' as moment) as m`;
    await appendRows(bench.admin, 1);
    await bench.seal();
    const file = bench.file("backdated.tar");
    const ended = await bench.evidence("export", "--out", file, ...REASON, "--from", "2020-01-01");
    expect(ended.code).toBe(1);
    expect(ended.out).toContain("1 rows are in no seal although rows after them are");
    const verified = await bench.verify(file, "--json");
    expect(verified.code).toBe(1);
    expect(JSON.parse(verified.out).findings).toMatchObject([
      { kind: "row_overdue", detail: forged },
    ]);
    await bench.admin.begin(async (sql) => {
      await sql`set local session_replication_role = replica`;
      await sql`delete from audit.audit_logs where id = ${forged}`;
    });
  });

  it("10.2a exports a row that was tampered with, and says that it will not verify", async () => {
    const victim = crypto.randomUUID();
    await bench.admin`insert into auth.users (id) values (${victim})`;
    await bench
      .admin`select audit.append('user', ${victim}, 'billing.read', 'success', 'user', ${victim})`;
    await bench.seal();
    await bench.admin.begin(async (sql) => {
      await sql`set local session_replication_role = replica`;
      await sql`update audit.audit_logs set payload = replace(payload, 'success', 'failure')
        where actor_id = ${victim}`;
    });
    const file = bench.file("tampered.tar");
    const ended = await bench.evidence("export", "--out", file, ...REASON, "--user", victim);
    expect(ended).toMatchObject({
      code: 1,
      out: expect.stringContaining("1 rows are not what was"),
    });
    const verified = await bench.verify(file);
    expect(verified).toMatchObject({ code: 1, out: expect.stringContaining("row_not_in_seal") });
    await bench.admin.begin(async (sql) => {
      await sql`set local session_replication_role = replica`;
      await sql`update audit.audit_logs set payload = replace(payload, 'failure', 'success')
        where actor_id = ${victim}`;
    });
  });

  it("10.2a takes along the signed records of months that were purged in its times", async () => {
    const fields = { month: "2026-02", rows: 3, purged_at: new Date().toISOString(), key: "k1" };
    const statement = writeStatement("purge", fields);
    await bench
      .admin`insert into audit.purge_records (month, row_count, purged_at, key_id, statement, signature)
      values ('2026-02-01', 3, ${fields.purged_at}, 'k1', ${statement}, ${
      key.signer.sign(statement)
    })`;
    const overlapping = await take("--from", "2026-02-28");
    expect(linesOf(overlapping.contents, "purges.ndjson")).toMatchObject([{ statement }]);
    expect(await bench.verify(overlapping.file)).toMatchObject({ code: 0 });
    expect(linesOf((await take("--from", "2026-03-01")).contents, "purges.ndjson")).toEqual([]);
    const before = await take("--until", "2026-01-31");
    expect(linesOf(before.contents, "purges.ndjson")).toEqual([]);
  });

  it("10.2a freezes what it exports when it is told to", async () => {
    const { told, contents } = await take("--user", BOB, "--resource", "cus_bob", "--hold");
    const holds = await bench.admin`
      select id, scope, user_id, resource_id, reason from payments_private.legal_holds order by scope desc`;
    expect(holds).toMatchObject([
      { scope: "user", user_id: BOB, reason: "case 812" },
      { scope: "resource", resource_id: "cus_bob" },
    ]);
    expect(told["holds"]).toEqual(holds.map(({ id }) => id));
    expect(manifestOf(contents).holds).toEqual(told["holds"]);
    await take("--from", "2026-01-01", "--hold");
    const [hold] = await bench.admin`
      select scope, lower(covers)::text as begins, upper(covers) as ends from payments_private.legal_holds
      where scope = 'time'`;
    expect(hold).toMatchObject({ begins: expect.stringContaining("2026-01-01"), ends: null });
  });

  it("10.2a writes over nothing, and leaves nothing behind when it fails", async () => {
    const { file } = await take("--user", ALICE);
    const before = await readFile(file);
    const again = await bench.evidence("export", "--out", file, ...REASON, "--user", ALICE);
    expect(again.code).toBe(1);
    expect(await readFile(file)).toEqual(before);
    const out = bench.file("never.tar");
    await bench
      .admin`alter table audit.custody add constraint no_more check (action <> 'exported') not valid`;
    const failed = await bench.evidence("export", "--out", out, ...REASON, "--user", ALICE);
    await bench.admin`alter table audit.custody drop constraint no_more`;
    expect(failed.code).toBe(1);
    expect((await readdir(folder)).filter((name) => name.startsWith("never"))).toEqual([]);
    const list = await bench.evidence("custody", "list");
    expect(list.out.trim().split("\n").at(-1)).toContain("export_begun"); // that it began is known
  });

  it.each([
    ["nothing", []],
    ["no user", ["--user", "alice"]],
    ["no incident", ["--incident", "INC-1"]],
    ["no resource", ["--resource", "a:b:c"]],
    ["no time", ["--from", "yesterday"]],
    ["times in the wrong order", ["--from", "2026-02-01", "--until", "2026-01-01"]],
    ["no reason", ["--user", ALICE, "--reason", "x"]],
  ])("10.2a refuses a scope that says %s", async (_what, argv) => {
    const out = bench.file("refused.tar");
    const ended = await bench.evidence("export", "--out", out, ...REASON, ...argv);
    expect(ended.code).toBe(2);
    expect(await readdir(folder)).not.toContain("refused.tar");
  });
});
