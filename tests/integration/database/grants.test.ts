import { afterAll, describe, expect, it } from "vitest";
import { adminSql } from "../../support/stack.ts";
import { proceduresOf } from "./support/documented-access.ts";
import { readableColumns } from "./support/readable-columns.ts";

const sql = adminSql();
afterAll(() => sql.end());

const API_ROLES = [
  "anon",
  "authenticated",
  "service_role",
  "payments_checkout",
  "payments_portal",
  "payments_sync",
  "payments_webhook",
  "payments_worker",
];
const OWNERS = ["payments_owner", "audit_owner", "postgres", "supabase_admin"];

describe("what each role can touch", () => {
  it.each(API_ROLES)("5.2b %s may run exactly its RPCs", async (role) => {
    const rows = await sql`
      select distinct p.proname as name
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where n.nspname in ('payments', 'payments_private', 'audit')
        and has_function_privilege(${role}, p.oid, 'execute')
      order by 1`;
    expect(rows.map(({ name }) => name)).toEqual(proceduresOf(role));
  });

  it.each(API_ROLES)("4.2b %s may read exactly its columns and write none", async (role) => {
    const rows = await sql`
      select n.nspname || '.' || c.relname as relation, a.attname as name, c.relname
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where n.nspname in ('payments', 'payments_private', 'audit') and c.relkind in ('r', 'p', 'v', 'm')
        and has_column_privilege(${role}, c.oid, a.attnum, 'select')
      order by 1, 2`;
    const readable: Record<string, string[]> = {};
    for (const { relation, name } of rows) (readable[relation] ??= []).push(name);
    expect(readable).toEqual(
      Object.fromEntries(
        Object.entries(readableColumns(role)).map((
          [table, columns],
        ) => [`payments.${table}`, columns]),
      ),
    );

    const writes = await sql`
      select c.oid::regclass::text as relation, verb
      from pg_class c join pg_namespace n on n.oid = c.relnamespace,
        unnest(array['insert', 'update', 'delete', 'truncate', 'references', 'trigger']) as verb
      where n.nspname in ('payments', 'payments_private', 'audit') and c.relkind in ('r', 'p', 'v', 'm')
        and (has_table_privilege(${role}, c.oid, verb)
          or (verb in ('insert', 'update', 'references') and has_any_column_privilege(${role}, c.oid, verb)))`;
    expect(writes).toEqual([]);
  });

  it("4.2b no API role may use the private schemas or any sequence", async () => {
    for (const role of API_ROLES) {
      const [row] = await sql`
        select has_schema_privilege(${role}, 'payments_private', 'usage') as private,
          has_schema_privilege(${role}, 'audit', 'usage') as audit,
          has_schema_privilege(${role}, 'payments', 'create') as create_in_payments,
          (select count(*)::int from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where n.nspname in ('payments', 'payments_private', 'audit') and case c.relkind
             when 'S' then has_sequence_privilege(${role}, c.oid, 'usage') else false end) as sequences`;
      expect(row).toEqual({
        private: false,
        audit: false,
        create_in_payments: false,
        sequences: 0,
      });
    }
  });

  it("4.2b payments_owner may only append to the audit log, and ask its owner for upkeep and about incidents", async () => {
    const functions = await sql`
      select distinct p.proname as name from pg_proc p
      join pg_namespace n on n.oid = p.pronamespace
      where n.nspname = 'audit' and has_function_privilege('payments_owner', p.oid, 'execute')
      order by 1`;
    expect(functions).toEqual([
      { name: "append" },
      { name: "ensure_partitions" },
      { name: "event_rows" },
      { name: "find_touched" },
      { name: "incident_rows" },
      { name: "key_uses_since" },
      { name: "scan_blocks" },
    ]);
    const [row] = await sql`
      select bool_or(has_table_privilege('payments_owner', c.oid, 'select,insert,update,delete,truncate')) as any
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'audit' and c.relkind in ('r', 'p')`;
    expect(row?.["any"]).toBe(false);
  });

  it("5.2b no role of ours can log in, bypass RLS or become another", async () => {
    const rows = await sql`
      select rolname, rolsuper, rolbypassrls, rolcanlogin, rolcreaterole from pg_roles
      where rolname like 'payments\_%' or rolname = 'audit_owner'`;
    expect(rows).toHaveLength(7);
    for (const row of rows) {
      expect(row).toMatchObject({
        rolsuper: false,
        rolbypassrls: false,
        rolcanlogin: false,
        rolcreaterole: false,
      });
    }
    const memberships = await sql`
      select m.rolname as member, r.rolname as role from pg_auth_members am
      join pg_roles m on m.oid = am.member join pg_roles r on r.oid = am.roleid
      where m.rolname like 'payments\_%' or m.rolname = 'audit_owner'`;
    expect(memberships).toEqual([]);
  });
});

describe("how it is built", () => {
  it("4.2b every table has row-level security, one policy for each command and role, and an owner of ours", async () => {
    const tables = await sql`
      select c.oid::regclass::text as name, c.relrowsecurity as rls, r.rolname as owner
      from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_roles r on r.oid = c.relowner
      where n.nspname in ('payments', 'payments_private', 'audit') and c.relkind in ('r', 'p')`;
    expect(tables.length).toBeGreaterThan(20);
    for (const table of tables) {
      expect(table["rls"], table["name"]).toBe(true);
      expect(["payments_owner", "audit_owner"], table["name"]).toContain(table["owner"]);
    }
    const policies = await sql`
      select schemaname || '.' || tablename as name, cmd, count(*)::int as n from pg_policies
      where schemaname in ('payments', 'payments_private', 'audit') group by 1, 2`;
    for (const policy of policies) expect(policy).toMatchObject({ cmd: "SELECT", n: 1 });
    expect(policies.every(({ name }) => name.startsWith("payments."))).toBe(true);
  });

  it("9.2b every function pins an empty search_path and says its volatility; every definer has a known owner", async () => {
    const functions = await sql`
      select p.oid::regprocedure::text as name, p.proconfig as config, p.prosecdef as definer, r.rolname as owner
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_roles r on r.oid = p.proowner
      where n.nspname in ('payments', 'payments_private', 'audit')`;
    expect(functions.length).toBeGreaterThan(20);
    for (const fn of functions) {
      expect(fn["config"], fn["name"]).toEqual(['search_path=""']);
      expect(OWNERS, fn["name"]).toContain(fn["owner"]);
    }
    const asPostgres = functions.filter(({ owner, definer }) => owner === "postgres" && definer);
    expect(asPostgres.map(({ name }) => name).toSorted()).toEqual([
      "payments_private.end_sessions(uuid[])",
      "payments_private.session_facts(uuid)",
      "payments_private.session_is_live(uuid,uuid)",
      "payments_private.user_exists(uuid)",
    ]);
  });

  it("every table, exposed column set and function is described", async () => {
    const undescribed = await sql`
      select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname in ('payments', 'payments_private', 'audit') and c.relkind in ('r', 'p')
        and not c.relispartition and obj_description(c.oid, 'pg_class') is null
      union all
      select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where n.nspname in ('payments', 'payments_private', 'audit') and obj_description(p.oid, 'pg_proc') is null`;
    expect(undescribed).toEqual([]);
  });

  it("every reference to auth.users says what happens when the user is deleted, and has an index", async () => {
    const rows = await sql`
      select c.conrelid::regclass::text as name, c.confdeltype as on_delete,
        exists (select from pg_index i where i.indrelid = c.conrelid and i.indkey[0] = c.conkey[1]) as indexed
      from pg_constraint c where c.contype = 'f' and c.confrelid = 'auth.users'::regclass
        and c.connamespace::regnamespace::text in ('payments', 'payments_private')`;
    expect(rows.length).toBeGreaterThan(10);
    for (const row of rows) {
      expect(row["indexed"], row["name"]).toBe(true);
      // what is kept for the books loses its person; what means nothing without the person goes
      const isBooks = row["name"].startsWith("payments.") ||
        row["name"] === "payments_private.refund_requests";
      expect(row["on_delete"], row["name"]).toBe(isBooks ? "n" : "c");
    }
  });
});
