import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Stack, startStack } from "../../../dev/stack/start-stack.ts";

// Supabase Lite, left to itself, grants ALL on every table to the API roles at its first request, or runs everyone as the superuser.
// This stack is this project's own, so that the picture can be taken before any request.
let stack: Stack;
let sql: postgres.Sql;
let afterMigrations: Acl[];

interface Acl {
  object: string;
  acl: string | null;
}

beforeAll(async () => {
  stack = await startStack({
    stateFile: null,
    withFunctions: false,
    async onMigrated(dbUrl) {
      const early = postgres(dbUrl, { max: 1, ssl: false });
      afterMigrations = await readAcls(early);
      await early.end();
    },
  });
  sql = postgres(stack.state.dbUrl, { max: 1, ssl: false });
});
afterAll(async () => {
  await sql.end();
  await stack.stop();
});

describe("after requests by every kind of caller", () => {
  test("each privilege is the one that the migrations left", async () => {
    expect(afterMigrations.length).toBeGreaterThan(20);
    for (const client of await everyCaller()) await callEverything(client);
    expect(await readAcls(sql)).toEqual(afterMigrations);
  });

  test("no API role can write a table of an exposed schema", async () => {
    const forged = crypto.randomUUID(); // fits every table's id, so that nothing else is refused first
    const tables = await tablesOfPayments();
    expect(tables).toContain("products");
    const clients = await everyCaller();
    for (const table of tables) {
      for (const client of clients) {
        const { error } = await client.schema("payments").from(table).insert({ id: forged });
        expect([table, error?.code]).toEqual([table, "42501"]);
      }
    }
    const [row] =
      await sql`select count(*)::int as forged from payments.products where id = ${forged}`;
    expect(row).toEqual({ forged: 0 });
  });
});

async function everyCaller(): Promise<SupabaseClient[]> {
  const clients = [stack.state.publishableKey, ...Object.values(stack.secretKeys)].map(newClient);
  const user = newClient(stack.state.publishableKey);
  const { error } = await user.auth.signUp({
    email: `${crypto.randomUUID()}@example.com`,
    password: "a long enough password",
  });
  expect(error).toBeNull();
  return [...clients, user];
}

function newClient(key: string): SupabaseClient {
  return createClient(stack.state.supabaseUrl, key, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
}

async function callEverything(client: SupabaseClient): Promise<void> {
  for (const table of await tablesOfPayments()) {
    await client.schema("payments").from(table).select().limit(1);
    await client.schema("payments").from(table).delete().eq("id", "none");
  }
  await client.schema("payments").rpc("my_billing");
}

async function tablesOfPayments(): Promise<string[]> {
  const rows = await sql<{ relname: string }[]>`
    select relname from pg_catalog.pg_class
    where relnamespace = 'payments'::regnamespace and relkind in ('r', 'p', 'v') order by relname
  `;
  return rows.map((row) => row.relname);
}

/** Every access-control list of the database that is not Postgres' own: schemas, tables, columns, functions, defaults, memberships. */
async function readAcls(connection: postgres.Sql): Promise<Acl[]> {
  return [
    ...await connection<Acl[]>`
      with own as (select oid, nspname from pg_catalog.pg_namespace where nspname !~ '^(pg_|information_schema$)')
      select object, acl from (
        select 'schema ' || nspname as object, nspacl::text as acl
          from pg_catalog.pg_namespace where oid in (select oid from own)
        union all
        select 'relation ' || n.nspname || '.' || c.relname, c.relacl::text
          from pg_catalog.pg_class as c join own as n on n.oid = c.relnamespace where c.relkind in ('r', 'p', 'v', 'm', 'S')
        union all
        select 'column ' || n.nspname || '.' || c.relname || '.' || a.attname, a.attacl::text
          from pg_catalog.pg_attribute as a join pg_catalog.pg_class as c on c.oid = a.attrelid
          join own as n on n.oid = c.relnamespace where a.attacl is not null
        union all
        select 'function ' || p.oid::regprocedure::text, p.proacl::text
          from pg_catalog.pg_proc as p join own as n on n.oid = p.pronamespace
        union all
        select 'default ' || d.defaclrole::regrole::text || ' ' || coalesce(n.nspname, '*') || ' ' || d.defaclobjtype::text, d.defaclacl::text
          from pg_catalog.pg_default_acl as d left join own as n on n.oid = d.defaclnamespace
        union all
        select 'membership ' || m.roleid::regrole::text || ' of ' || m.member::regrole::text, m.set_option::text
          from pg_catalog.pg_auth_members as m
      ) as acls
      order by object, acl
    `,
  ];
}
