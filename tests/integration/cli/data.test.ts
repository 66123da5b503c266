import { afterAll, afterEach, describe, expect, it } from "vitest";
import { runTasks } from "../../support/pipeline.ts";
import { adminSql, rpcAs, stack } from "../../support/stack.ts";
import { payments } from "./support.ts";

const sql = adminSql();
afterEach(async () => {
  await sql`delete from payments_private.legal_holds`;
  await sql`delete from payments_private.client_details where request_id like 'cli-%'`;
});
afterAll(() => sql.end());

const REASON = ["--reason", "a court asks"];

/** The id of a hold that somebody placed on this command line. */
async function place(...options: string[]): Promise<string> {
  const { code, out } = await payments(["legal-hold", "place", "--json", ...REASON, ...options]);
  expect(code).toBe(0);
  return JSON.parse(out).hold;
}

describe("payments legal-hold", () => {
  it("10.2a places, lists, and releases by two persons", async () => {
    const hold = await place("--all", "--from", "2026-01-01");
    const listed = await payments(["legal-hold", "list"]);
    expect(listed.out).toContain(hold);
    expect(listed.out).toContain("everything from 2026-01-01");

    expect(await payments(["legal-hold", "release", hold, ...REASON, "--as", "berta"]))
      .toMatchObject({ code: 1, error: expect.stringContaining("request-release") });
    expect((await payments(["legal-hold", "request-release", hold, ...REASON])).code).toBe(0);
    expect((await payments(["legal-hold", "list"])).out).toContain("somebody asks for its release");
    expect(await payments(["legal-hold", "release", hold, ...REASON]))
      .toMatchObject({ code: 1, error: expect.stringContaining("Somebody else") });
    expect((await payments(["legal-hold", "release", hold, ...REASON, "--as", "berta"])).code).toBe(
      0,
    );
    expect((await payments(["legal-hold", "list"])).out).toBe("No legal hold is in force.\n");
    expect((await payments(["legal-hold", "list", "--released"])).out).toContain(
      "released by berta",
    );
  });

  it.each([
    [["place", ...REASON]],
    [["place", ...REASON, "--all", "--user", crypto.randomUUID()]],
    [["place", ...REASON, "--user", "somebody"]],
    [["place", ...REASON, "--from", "yesterday"]],
    [["place", "--all", "--reason", " "]],
    [["place", "--all"]],
    [["release", "hold-1", ...REASON]],
  ])("10.2a refuses %j as wrong usage", async (argv) => {
    expect((await payments(["legal-hold", ...argv])).code).toBe(2);
  });
});

describe("payments retention", () => {
  it("8.1c shows the classes and what stops the purge", async () => {
    await place("--all");
    const { code, out } = await payments(["retention"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^audit +400 d/m);
    expect(out).toContain("1 legal hold in force");
    expect(JSON.parse((await payments(["retention", "--json"])).out).holds).toBe(1);
  });
});

describe("payments card-scan", () => {
  it("4.1a exits 0 where there is none, and 1 with the place where there is one", async () => {
    expect(await payments(["card-scan"])).toMatchObject({
      code: 0,
      out: expect.stringContaining("No card number in"),
    });
    await sql`insert into payments_private.rate_refusals (bucket, subject, window_at)
      values ('cli 4242 4242 4242 4242', 'x', now())`;
    try {
      const { code, out, error } = await payments(["card-scan"]);
      expect({ code, error }).toEqual({ code: 1, error: "" });
      expect(out).toContain("payments_private.rate_refusals bucket of (");
      expect(out).not.toContain("4242");
    } finally {
      await sql`delete from payments_private.rate_refusals where subject = 'x'`;
      await sql`delete from payments_private.alerts where rule = 'card_data_found'`;
    }
    expect((await payments(["card-scan", "--json"])).code).toBe(0);
  });
});

describe("payments encryption status", () => {
  async function store(keyId: string, count: number) {
    for (let index = 0; index < count; index++) {
      await sql`insert into payments_private.client_details (request_id, operation, encrypted_details)
        values (${`cli-${keyId}-${index}`}, 'sync', ${`v1.${keyId}.AAAA`})`;
    }
  }
  const status = async (...options: string[]) =>
    await payments(["encryption", "status", ...options]);

  it("4.2a counts values by key, waits for a rotation and says when the old key may go", async () => {
    await sql`delete from payments_private.client_details`;
    await runTasks(["purge"]);
    expect((await status()).code).toBe(0);

    await store("older", 3);
    expect(await status()).toMatchObject({
      code: 1,
      out: expect.stringContaining("nobody can read it"),
    });
    await rpcAs("payments_worker", "note_encryption_keys", { p_key_ids: ["dev", "older"] });
    expect(await status()).toMatchObject({
      code: 1,
      out: expect.stringContaining("3 wait for the current key"),
    });

    const watching = status("--watch", "--json");
    await sql`update payments_private.client_details set encrypted_details = 'v1.dev.AAAA' where request_id like 'cli-%'`;
    const { code, out } = await watching;
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ ok: true, outdated: 0 });
    await rpcAs("payments_worker", "note_encryption_keys", { p_key_ids: ["dev"] });
  });
});

describe("payments doctor", () => {
  async function doctor(...options: string[]) {
    const { code, out } = await payments(["doctor", "--json", ...options]);
    return { code, ...JSON.parse(out) };
  }

  it("4.2b 4.3a finds nothing on the local stack, and what production would need", async () => {
    await sql`delete from payments_private.client_details`;
    await runTasks(["purge", "reconcile"]);
    const { code, checks } = await doctor();
    expect(checks.filter(({ verdict }: { verdict: string }) => verdict === "finding")).toEqual([]);
    expect(code).toBe(0);
    const table = await payments(["doctor"]);
    expect(table.out).toContain("Nothing is wrong for development.");
    expect(table.out).toContain("pgaudit is not installed");
  });

  it("4.2c 4.3a fails a production project without pgaudit and without TLS", async () => {
    const { code, checks } = await doctor("--env", "production");
    expect(code).toBe(1);
    const findings = checks.filter(({ verdict }: { verdict: string }) => verdict === "finding")
      .map(({ what }: { what: string }) => what);
    expect(findings).toEqual(expect.arrayContaining([
      "database enforces TLS",
      "this connection is verified",
      "direct reads are logged",
    ]));
  });

  it("4.2b 5.2b sees a table without row-level security and a grant to the default key", async () => {
    await sql`create table payments_private.forgotten (id integer)`;
    await sql`grant usage on schema payments to service_role`;
    await sql`grant execute on function payments.ingest_event(jsonb) to service_role`;
    try {
      const { checks } = await doctor();
      const seen = (what: string) => checks.find((check: { what: string }) => check.what === what);
      expect(seen("row-level security everywhere")).toMatchObject({
        verdict: "finding",
        detail: "payments_private.forgotten",
      });
      expect(seen("no fall-back to the key `default`")).toMatchObject({
        verdict: "finding",
        detail: "service_role may run ingest_event",
      });
    } finally {
      await sql`drop table payments_private.forgotten`;
      await sql`revoke execute on function payments.ingest_event(jsonb) from service_role`;
      await sql`revoke usage on schema payments from service_role`;
    }
  });

  it("2.3c sees a webhook secret that another environment has, too", async () => {
    const env = { PAYMENTS_DB_URL: stack().dbUrl, PAYMENTS_COMPARE_DB_URL: stack().dbUrl };
    const { out } = await payments(["doctor", "--json"], env);
    const check = JSON.parse(out).checks.find(({ what }: { what: string }) =>
      what === "secrets differ by environment"
    );
    expect(check).toMatchObject({
      verdict: "finding",
      detail: expect.stringMatching(/^[0-9a-f]{16}/),
    });
  });
});

describe("the database of a production project", () => {
  it("4.3a is not reached without verified TLS, on this machine either", async () => {
    const env = { PAYMENTS_DB_URL: stack().dbUrl, PAYMENTS_ENV: "production" };
    const { code, error } = await payments(["status"], env);
    expect(code).toBe(2);
    expect(error).toContain("sslmode=verify-full");
  });
});
