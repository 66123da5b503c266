// Which of our functions each role can run, tried in both directions: by calling every one of them.
// What is expected comes from docs/database.md.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { adminSql } from "../../support/stack.ts";
import { type ApiActor, type Cast, gather } from "./support/actors.ts";
import { documentedProcedures, proceduresOf } from "./support/documented-access.ts";
import { type FunctionReport, prepareProbe, probeFunctions } from "./support/probe.ts";
import { rest } from "./support/rest.ts";

const sql = adminSql();
let cast: Cast;
let reports: Map<string, FunctionReport[]>;
let parameters: { name: string; names: string[] }[];

beforeAll(async () => {
  cast = await gather(sql);
  reports = new Map();
  await sql.begin(async (tx) => {
    await prepareProbe(tx);
    for (const actor of cast.actors) reports.set(actor.name, await probeFunctions(tx, actor));
  });
  parameters = await sql<{ name: string; names: string[] }[]>`
    select proname as name, coalesce(proargnames, '{}') as names from pg_proc
    where pronamespace = 'payments'::regnamespace order by 1`;
});
afterAll(async () => {
  await cast.leave();
  await sql.end();
});

/** Whether the page lets the role run a function. */
function mayRun(role: string, name: string): boolean {
  return name.startsWith("payments.") &&
    proceduresOf(role).includes(name.slice("payments.".length));
}

describe("in SQL", () => {
  it("5.2b every role runs what is its own, and is denied everything else in the three schemas", () => {
    for (const { name, role } of cast.actors) {
      const found = reports.get(name) ?? [];
      expect(found.length).toBeGreaterThan(100);
      const ran = found.filter(({ outcome }) => outcome !== "denied").map(({ fn }) => fn);
      const mine = found.filter((one) => mayRun(role, one.name)).map(({ fn }) => fn);
      expect(ran, name).toEqual(mine);
    }
  });

  it("5.2b the page names exactly the procedures that there are for somebody", () => {
    const all = cast.actors.flatMap(({ role }) => proceduresOf(role));
    expect([...new Set(all)].toSorted()).toEqual(documentedProcedures());
    const existing = parameters.map(({ name }) => name);
    expect(documentedProcedures().filter((name) => !existing.includes(name))).toEqual([]);
  });

  it("5.2b no procedure is overloaded: a name means one thing, whatever arguments come with it", () => {
    const names = parameters.map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
});

describe("through REST", () => {
  it("5.2b 5.3a every role is denied each procedure that is another's", async () => {
    for (const actor of cast.actors) {
      const others = parameters.filter(({ name }) => !proceduresOf(actor.role).includes(name));
      const answers = await Promise.all(others.map((procedure) => call(actor, procedure)));
      const denied = new Set(answers.map(({ status, code }) => `${status} ${code}`));
      expect(denied, actor.name).toEqual(
        new Set([actor.role === "anon" ? "401 42501" : "403 42501"]),
      );
    }
  });

  it("5.2b no function of a private schema can be called by naming its profile", async () => {
    for (const schema of ["payments_private", "audit", "auth", "pg_catalog"]) {
      for (const actor of cast.actors) {
        const { code } = await rest(actor, "rpc/append", { schema, method: "POST", body: {} });
        expect([actor.name, schema, code]).toEqual([actor.name, schema, "PGRST106"]);
      }
    }
  });
});

function call(actor: ApiActor, { name, names }: { name: string; names: string[] }) {
  const body = Object.fromEntries(names.map((parameter) => [parameter, null]));
  return rest(actor, `rpc/${name}`, { method: "POST", body });
}
