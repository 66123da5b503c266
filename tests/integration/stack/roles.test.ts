import type postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { adminSql } from "../../support/stack.ts";

let sql: postgres.Sql;

beforeAll(() => {
  sql = adminSql();
});
afterAll(() => sql.end());

describe("roles", () => {
  // As on hosted Supabase, where the migrations run with no more than this.
  test.each([
    ["postgres", ["login", "createrole", "createdb", "bypassrls", "inherit", "replication"]],
    ["authenticator", ["login"]],
    ["anon", ["inherit"]],
    ["authenticated", ["inherit"]],
    ["service_role", ["bypassrls", "inherit"]],
    ["supabase_auth_admin", ["login"]],
  ])("%s has the attributes it has when hosted", async (name, expected) => {
    const [row] = await sql`
      select rolcanlogin as login, rolsuper as superuser, rolcreaterole as createrole, rolcreatedb as createdb,
        rolbypassrls as bypassrls, rolinherit as inherit, rolreplication as replication
      from pg_catalog.pg_roles where rolname = ${name}
    `;
    const attributes = Object.entries(row ?? {}).filter(([, has]) => has).map(([attribute]) =>
      attribute
    );
    expect(attributes.toSorted()).toEqual(expected.toSorted());
  });

  test("authenticator can become the API roles and no owner, and nobody can log in as a function role", async () => {
    const rows = await sql<{ rolname: string; settable: boolean; rolcanlogin: boolean }[]>`
      select rolname, pg_catalog.pg_has_role('authenticator', oid, 'SET') as settable, rolcanlogin
      from pg_catalog.pg_roles where rolname ~ '^(payments|audit)_' or rolname in ('anon', 'authenticated', 'service_role')
    `;
    const settable = rows.filter((row) => row.settable).map((row) => row.rolname);
    expect(settable).toEqual(
      expect.arrayContaining(["anon", "authenticated", "service_role", "payments_webhook"]),
    );
    expect(settable.filter((name) => name.endsWith("_owner"))).toEqual([]);
    expect(rows.filter((row) => row.rolcanlogin)).toEqual([]);
  });

  test("only the superuser is one", async () => {
    const rows = await sql`select rolname from pg_catalog.pg_roles where rolsuper`;
    expect(rows.map((row) => row["rolname"])).toEqual(["supabase_admin"]);
  });
});

describe("schema auth", () => {
  test("gives postgres usage that it cannot pass on", async () => {
    const [row] = await sql`
      select pg_catalog.has_schema_privilege('postgres', 'auth', 'USAGE') as has,
        pg_catalog.has_schema_privilege('postgres', 'auth', 'USAGE WITH GRANT OPTION') as may_grant,
        pg_catalog.has_schema_privilege('postgres', 'auth', 'CREATE') as may_create
    `;
    expect(row).toEqual({ has: true, may_grant: false, may_create: false });
  });

  test("ignores a grant that postgres tries to make", async () => {
    await sql.begin(async (transaction) => {
      await transaction`create role stranger nologin`;
      await transaction`set local role postgres`;
      // Postgres answers with a warning, "no privileges were granted", as it does when hosted.
      await transaction`grant usage on schema auth to stranger`;
      const [row] =
        await transaction`select pg_catalog.has_schema_privilege('stranger', 'auth', 'USAGE') as has`;
      expect(row).toEqual({ has: false });
      throw new Rollback();
    }).catch(ignoreRollback);
  });

  test("has row-level security without a policy on every table", async () => {
    const rows = await sql`
      select c.relname, c.relrowsecurity,
        (select count(*)::int from pg_catalog.pg_policy as p where p.polrelid = c.oid) as policies
      from pg_catalog.pg_class as c
      where c.relnamespace = 'auth'::regnamespace and c.relkind in ('r', 'p')
    `;
    expect(rows.map((row) => row["relname"])).toEqual(
      expect.arrayContaining(["users", "sessions"]),
    );
    expect(rows.filter((row) => !row["relrowsecurity"] || row["policies"] > 0)).toEqual([]);
  });

  test("is owned by supabase_auth_admin, with everything in it", async () => {
    const rows = await sql`
      select distinct pg_catalog.pg_get_userbyid(owner) as owner from (
        select nspowner as owner from pg_catalog.pg_namespace where nspname = 'auth'
        union all select relowner from pg_catalog.pg_class where relnamespace = 'auth'::regnamespace
        union all select proowner from pg_catalog.pg_proc where pronamespace = 'auth'::regnamespace
      ) as owners
    `;
    expect([...rows]).toEqual([{ owner: "supabase_auth_admin" }]);
  });

  test.each([
    "payments_owner",
    "audit_owner",
    "payments_webhook",
    "anon",
    "authenticated",
    "service_role",
  ])(
    "%s reads no user of it",
    async (role) => {
      await sql.begin(async (transaction) => {
        await transaction`insert into auth.users (id, email) values (gen_random_uuid(), 'seen@example.com')`;
        await transaction.unsafe(`set local role ${role}`);
        await expect(transaction`select * from auth.users`).rejects.toMatchObject({
          code: "42501",
        });
        throw new Rollback();
      }).catch(ignoreRollback);
    },
  );

  test.each(["payments_owner", "audit_owner"])("%s has no way into it", async (role) => {
    const [row] =
      await sql`select pg_catalog.has_schema_privilege(${role}, 'auth', 'USAGE') as has`;
    expect(row).toEqual({ has: false });
  });

  test("postgres sees its rows, which bypassing row-level security allows", async () => {
    await sql.begin(async (transaction) => {
      await transaction`insert into auth.users (id, email) values (gen_random_uuid(), 'seen@example.com')`;
      await transaction`set local role postgres`;
      const rows = await transaction`select email from auth.users where email = 'seen@example.com'`;
      expect(rows.length).toBe(1);
      throw new Rollback();
    }).catch(ignoreRollback);
  });
});

class Rollback extends Error {}

function ignoreRollback(error: unknown): void {
  if (!(error instanceof Rollback)) throw error;
}

test("Realtime publishes what a customer waits for, and nothing private", async () => {
  const rows = await sql<{ name: string }[]>`
    select schemaname || '.' || tablename as name from pg_catalog.pg_publication_tables
    where pubname = 'supabase_realtime' order by 1`;
  expect(rows.map(({ name }) => name)).toEqual([
    "payments.checkout_sessions",
    "payments.entitlements",
    "payments.payments",
    "payments.subscriptions",
  ]);
});
