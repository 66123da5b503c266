// What somebody can do who holds the project's secret key (service_role): the one most often leaked.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkoutBody, openCheckout, refusal, subscribe } from "../support/payments.ts";
import { adminSql, callFunction, type SignedInUser, signUp, stack } from "../support/stack.ts";
import { relationsOf } from "../integration/database/support/matrix-rows.ts";
import {
  prepareProbe,
  probeFunctions,
  probeTables,
} from "../integration/database/support/probe.ts";
import { rest } from "../integration/database/support/rest.ts";
import { BADGE } from "./support/shop.ts";

const sql = adminSql();
const thief = { headers: { apikey: stack().secretKey } };
let victim: SignedInUser;
let theftAt: Date;
let evidence: unknown;

beforeAll(async () => {
  victim = await signUp();
  await subscribe(victim);
  await openCheckout(victim, BADGE);
  const [row] = await sql`select clock_timestamp() as now`;
  theftAt = row?.["now"];
  evidence = await auditBefore(theftAt);
});
afterAll(() => sql.end());

/** What the audit log says of the time before, as one digest. */
async function auditBefore(moment: Date): Promise<unknown> {
  const [row] = await sql`
    select count(*)::int as rows,
      encode(sha256(convert_to(string_agg(a::text, '' order by a.id), 'UTF8')), 'hex') as digest
    from audit.audit_logs as a where a.occurred_at < ${moment}`;
  expect(row?.["rows"]).toBeGreaterThan(0);
  return row;
}

/** The first words of what stops a statement of the thief's; null when nothing does. */
async function stopped(...statements: string[]): Promise<string | null> {
  let reason: string | null = null;
  await sql.begin(async (tx) => {
    await tx`set local role service_role`;
    for (const statement of statements) await tx.unsafe(statement);
    throw new Error("nothing stops it");
  }).catch((error: Error & { code?: string }) => {
    reason = error.code === undefined ? null : error.code;
  });
  return reason;
}

describe("a stolen service key, in SQL", () => {
  it("5.2b 4.2b reads no column, changes no row and runs no function of our schemas", async () => {
    await sql.begin(async (tx) => {
      await prepareProbe(tx);
      const who = {
        name: "the thief",
        role: "service_role",
        claims: { role: "service_role", sub: victim.user.id },
      };
      for (const { relation, columns, verbs } of await probeTables(tx, who)) {
        const open = Object.entries({ ...columns, ...verbs })
          .filter(([, outcome]) => outcome !== "denied");
        expect([relation, open]).toEqual([relation, []]);
      }
      const functions = await probeFunctions(tx, who);
      expect(functions.length).toBeGreaterThan(100);
      expect(functions.filter(({ outcome }) => outcome !== "denied")).toEqual([]);
    });
    expect(await auditBefore(theftAt)).toEqual(evidence);
  });

  it.each([
    "copy audit.audit_logs to stdout",
    "alter table audit.audit_logs disable trigger audit_rows_are_final",
    "drop trigger audit_rows_are_final on audit.audit_logs",
    "alter table audit.audit_logs disable row level security",
    "drop table audit.audit_logs",
    "drop schema audit cascade",
    "create table audit.mine (id int)",
    "create table payments.mine (id int)",
    "create function payments.mine() returns int language sql as 'select 1'",
    "create view public.mine as select * from audit.audit_logs",
    "grant select on audit.audit_logs to service_role",
    "grant audit_owner to service_role",
    "set session_replication_role = replica",
    "set role audit_owner",
    "set role payments_owner",
    "set role postgres",
    "set role payments_webhook",
    "set session authorization postgres",
    "create role mine superuser",
    "alter role service_role superuser",
    "lock table audit.audit_logs",
    "select nextval('payments_private.ticket_numbers')",
    "select pg_read_file('postgresql.conf')",
    "copy (select 1) to program 'true'",
  ])("5.2b 8.3b cannot do this: %s", async (statement) => {
    // `set role` is the connection's to decide: PostgREST's is authenticator, not the superuser
    const isRole = statement.startsWith("set role") || statement.startsWith("set session auth");
    if (isRole) {
      const name = statement.split(" ").at(-1) ?? "";
      const [row] = await sql`
        select pg_has_role('service_role', ${name}, 'member') as member`;
      expect(row).toEqual({ member: false });
    } else expect(await stopped(statement)).toMatch(/^(?:42501|3F000)$/);
    expect(await auditBefore(theftAt)).toEqual(evidence);
  });
});

describe("a stolen service key, through REST", () => {
  it("5.2b 4.2b reads and changes no table, named under any profile", async () => {
    for (const { name, columns } of await relationsOf(sql)) {
      const [schema = "", table = ""] = name.split(".");
      const [column] = columns;
      const row = { [column?.name ?? ""]: null };
      const all = `${column?.name}=not.is.null`;
      const answers = await Promise.all([
        rest(thief, `${table}?select=*`, { schema }),
        rest(thief, `${table}?select=${column?.name}&limit=1`, { schema }),
        rest(thief, table, { schema, method: "POST", body: row }),
        rest(thief, `${table}?${all}`, {
          schema,
          method: "PATCH",
          body: { [column?.name ?? ""]: "x" },
        }),
        rest(thief, `${table}?${all}`, { schema, method: "DELETE" }),
      ]);
      const expected = schema === "payments" ? "42501" : "PGRST106";
      const codes = answers.map(({ code }) => code);
      expect([name, codes.filter((code) => code !== expected)]).toEqual([name, []]);
    }
    expect(await auditBefore(theftAt)).toEqual(evidence);
  });

  it("5.2b runs no procedure, given good arguments", async () => {
    const user = { p_user_id: victim.user.id };
    for (
      const [name, body] of Object.entries({
        my_billing: {},
        has_entitlement: { p_lookup_key: "pro" },
        staff_find_user_billing: { ...user, p_reason: "a leak" },
        staff_grant_role: { ...user, p_role: "admin", p_reason: "a leak" },
        ingest_event: { p_event: {} },
        claim_refreshes: { p_limit: 1, p_lease_seconds: 1 },
        purge: { p_forced: true },
      })
    ) {
      const answer = await rest(thief, `rpc/${name}`, { method: "POST", body });
      expect([name, answer.status, answer.code]).toEqual([name, 403, "42501"]);
    }
  });

  it("5.2b is no session and no worker's key at the functions", async () => {
    const key = stack().secretKey;
    for (const name of ["create-checkout", "customer-portal", "sync-billing", "payments-worker"]) {
      const body = name === "create-checkout" ? checkoutBody() : {};
      for (const headers of [{ apikey: key }, { apikey: key, authorization: `Bearer ${key}` }]) {
        const response = await callFunction(name, body, { headers });
        expect([name, await refusal(response)])
          .toEqual([name, { status: 401, code: "unauthorized" }]);
      }
    }
  });

  it("5.2b calls itself nobody else: claims in headers and in the request change no role", async () => {
    const forged = { role: "payments_webhook", sub: victim.user.id };
    for (
      const headers of [
        { "request.jwt.claims": JSON.stringify(forged) },
        { "x-role": "payments_webhook" },
        { role: "payments_webhook" },
        { prefer: "role=payments_webhook" },
      ]
    ) {
      const as = { headers: { ...thief.headers, ...headers } };
      const answer = await rest(as, "subscriptions?select=id");
      expect(answer.code).toBe("42501");
    }
  });
});
