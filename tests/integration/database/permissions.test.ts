// Every operation has a permission: routes from the functions' folder, procedures from the database,
// held against docs/permissions.md and the live table.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { checkoutBody, refusal } from "../../support/payments.ts";
import { adminSql, callFunction, signUp, stack } from "../../support/stack.ts";
import { documentedProcedures } from "./support/documented-access.ts";
import {
  documentedOperations,
  mismatches,
  proceduresForPeople,
  routesIn,
} from "./support/operations.ts";

const sql = adminSql();
afterAll(() => sql.end());

const operations = documentedOperations(stack().projectRoot);
const routes = () => routesIn(join(stack().projectRoot, "supabase/functions"));

async function livePermissions(): Promise<string[]> {
  const rows = await sql<{ permission: string }[]>`
    select distinct permission from payments_private.role_permissions order by 1`;
  return rows.map(({ permission }) => permission);
}

describe("operations", () => {
  it("5.3b every route and every procedure for people has its permission written down", async () => {
    const found = [...routes(), ...await proceduresForPeople(sql)];
    expect(found.length).toBeGreaterThan(10);
    expect(mismatches(found, operations)).toEqual([]);
  });

  it("5.3b every procedure is given to somebody on purpose: people, or a function's role", async () => {
    const rows = await sql<{ name: string }[]>`
      select distinct proname as name from pg_proc
      where pronamespace = 'payments'::regnamespace and prorettype <> 'trigger'::regtype order by 1`;
    expect(rows.map(({ name }) => name)).toEqual(documentedProcedures());
  });

  it("5.3b only what concerns the caller alone needs no permission", () => {
    const free = operations.filter(({ permission }) => permission === null);
    expect(free.map(({ name }) => name)).toEqual([
      "POST stripe-webhook",
      "POST payments-worker",
      "GET payments-worker/metrics",
      "my_billing",
      "has_entitlement",
    ]);
  });

  it("5.3b every staff procedure asks for the permission that is written down, of everybody", async () => {
    const outsider = await signUp();
    const asked: Record<string, string> = {};
    const staff = (await proceduresForPeople(sql)).filter((name) => name.startsWith("staff_"));
    for (const name of staff) {
      const [found] = await sql<{ names: string[] }[]>`
        select coalesce(proargnames, '{}') as names from pg_proc
        where pronamespace = 'payments'::regnamespace and proname = ${name}`;
      // of many refusals the first are in the trail
      await sql`delete from payments_private.rate_refusals where subject like ${`${outsider.user.id} %`}`;
      const nothing = Object.fromEntries((found?.names ?? []).map((key) => [key, null]));
      const { data } = await outsider.client.schema("payments").rpc(name, nothing);
      expect([name, data]).toEqual([name, { ok: false, code: "forbidden" }]);
      const [row] = await sql`
        select detail ->> 'permission' as permission from audit.audit_logs
        where actor_id = ${outsider.user.id} order by occurred_at desc limit 1`;
      asked[name] = row?.["permission"];
    }
    expect(asked).toEqual(Object.fromEntries(
      operations.filter(({ name }) => name.startsWith("staff_"))
        .map(({ name, permission }) => [name, permission]),
    ));
  });

  it("5.3b every route for users asks the live table: a permission that is taken away is missed at once", async () => {
    const user = await signUp();
    const bodies: Record<string, unknown> = {
      "POST create-checkout": checkoutBody(),
      "POST customer-portal": { return_url: `${stack().webUrl}/account` },
      "POST sync-billing": {},
    };
    const forUsers = operations.filter(({ name, who }) =>
      who === "a signed-in user" && routes().includes(name)
    );
    expect(forUsers.map(({ name }) => name)).toEqual(Object.keys(bodies));
    for (const { name, permission } of forUsers) {
      const call = () => callFunction(name.replace("POST ", ""), bodies[name], user);
      const taken = await sql`delete from payments_private.role_permissions
        where role = 'user' and permission = ${permission} returning role, permission`;
      try {
        expect([name, taken.length]).toEqual([name, 1]);
        expect([name, await refusal(await call())])
          .toEqual([name, { status: 403, code: "forbidden" }]);
      } finally {
        for (const row of taken) {
          await sql`insert into payments_private.role_permissions ${sql(row)}`;
        }
      }
      expect([200, 404]).toContain((await call()).status); // the portal has nobody to open it for
    }
  });

  it("5.3b every permission is some operation's, and somebody has it", async () => {
    const needed = operations.flatMap(({ permission }) => permission ?? []);
    expect(await livePermissions()).toEqual([...new Set(needed)].toSorted());
  });
});

describe("the check itself", () => {
  it("5.3b finds a procedure that was added without a permission", async () => {
    await sql.begin(async (tx) => {
      await tx.unsafe(
        "create function payments.staff_new() returns int language sql as 'select 1'",
      );
      await tx.unsafe("grant execute on function payments.staff_new() to authenticated");
      const found = [...routes(), ...await proceduresForPeople(tx)];
      expect(mismatches(found, operations)).toEqual(["staff_new has no permission"]);
      throw new TakeBack();
    }).catch((error: unknown) => {
      if (!(error instanceof TakeBack)) throw error;
    });
  });

  it("5.3b finds a route that was added without one, and a function that hides its routes", () => {
    const folder = mkdtempSync(join(tmpdir(), "routes-"));
    try {
      const add = (name: string, source: string) => {
        mkdirSync(join(folder, name));
        writeFileSync(join(folder, name, "index.ts"), source);
      };
      add("_shared", "");
      add(
        "new-one",
        'export default { fetch: endpoint({ methods: ["GET", "POST"], paths: ["", "x"] }) };',
      );
      expect(mismatches(routesIn(folder), [])).toEqual([
        "GET new-one has no permission",
        "GET new-one/x has no permission",
        "POST new-one has no permission",
        "POST new-one/x has no permission",
      ]);
      add("hidden", "Deno.serve(() => new Response());");
      expect(() => routesIn(folder)).toThrow("hidden: every function is an endpoint");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("5.3b finds a line whose operation is gone", () => {
    const [first] = operations;
    expect(mismatches([], operations.slice(0, 1))).toEqual([`${first?.name} is no operation`]);
  });
});

class TakeBack extends Error {}
