// The ownership matrix: every table of our schemas × every verb × everybody who can ask, in SQL and
// through REST. What is expected comes from docs/database.md and readable-columns.ts alone.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { firstReconciliationIsOver } from "../../support/pipeline.ts";
import { adminSql } from "../../support/stack.ts";
import { type ApiActor, type Cast, gather } from "./support/actors.ts";
import { readersOf } from "./support/documented-access.ts";
import { fillTables, type Relation, relationsOf, rowFor } from "./support/matrix-rows.ts";
import { type Actor, prepareProbe, probeTables, type TableReport } from "./support/probe.ts";
import { readableColumns } from "./support/readable-columns.ts";
import { idsIn, rest } from "./support/rest.ts";

const sql = adminSql();
let relations: Relation[];
let cast: Cast;

beforeAll(async () => {
  await firstReconciliationIsOver(sql); // it writes the account's only row
  relations = await relationsOf(sql);
  cast = await gather(sql);
});
afterAll(async () => {
  await cast.leave();
  await sql.end();
});

const users = () => [
  { id: cast.owner.user.id, mark: "owner" },
  { id: cast.other.user.id, mark: "other" },
];

/** The columns of a relation that the matrix lets somebody read; none when they may read no row. */
function readable({ name, table }: Relation, role: string): readonly string[] {
  const readers = readersOf(table);
  const mayRead = role === "authenticated"
    ? readers !== "nobody"
    : readers === "everyone" && role === "anon";
  return mayRead ? readableColumns(role)[name.replace(/^payments\./, "")] ?? [] : [];
}

function expectedReport(relation: Relation, { role, userId }: ApiActor): TableReport {
  const columns = readable(relation, role);
  const reads = columns.length > 0;
  const names = relation.columns.map(({ name }) => name);
  const hasRows = users().some(({ id }) => id === userId);
  return {
    relation: relation.name,
    columns: Object.fromEntries(
      names.map((name) => [name, columns.includes(name) ? "done" : "denied"]),
    ),
    verbs: {
      ...Object.fromEntries(names.map((name) => [`update ${name}`, "denied"])),
      "select *": columns.length === names.length ? "done" : "denied",
      count: reads ? "done" : "denied",
      lock: "denied",
      insert: "denied",
      delete: "denied",
      truncate: "denied",
    },
    owners: columns.includes("user_id") ? (hasRows && userId !== null ? [userId] : []) : null,
    inactive: columns.includes("active") ? 0 : null,
  };
}

describe("in SQL", () => {
  let reports: Map<string, TableReport[]>;
  let bySuperuser: TableReport[];

  beforeAll(async () => {
    reports = new Map();
    // one snapshot: the worker makes partitions ahead of time
    await sql.begin("isolation level repeatable read", async (tx) => {
      relations = await relationsOf(tx);
      await fillTables(tx, relations, users());
      await prepareProbe(tx);
      for (const actor of cast.actors) reports.set(actor.name, await probeTables(tx, actor));
      const superuser: Actor = { name: "superuser", role: "supabase_admin", claims: {} };
      bySuperuser = await probeTables(tx, superuser);
      throw new TakeBack();
    }).catch((error: unknown) => {
      if (!(error instanceof TakeBack)) throw error;
    });
  });

  it("5.3a the matrix stands on rows of both users in every table", () => {
    const both = users().map(({ id }) => id);
    for (const { relation, owners } of bySuperuser) {
      // partitions: the rows are in one of them
      if (
        owners === null || relations.some(({ name, table }) => name === relation && name !== table)
      ) continue;
      expect(owners, relation).toEqual(expect.arrayContaining(both));
    }
    expect(bySuperuser.filter(({ inactive }) => inactive !== null && inactive > 0)).toHaveLength(2);
  });

  it("5.3a every table has a line in the matrix, and every line a table", () => {
    const documented = relations.map(({ table }) => readersOf(table));
    expect(documented).toHaveLength(relations.length);
    for (const role of ["anon", "authenticated"]) {
      const tables = Object.keys(readableColumns(role)).map((name) => `payments.${name}`);
      expect(tables.filter((table) => readersOf(table) === "nobody")).toEqual([]);
    }
  });

  it("5.3a a table that the matrix does not know fails", () => {
    expect(() => readersOf("payments.forgotten")).toThrow("Write down in docs/database.md");
    expect(() => readersOf("payments_private.forgotten")).toThrow("Write payments_private");
  });

  it.each([
    "anon",
    "its owner",
    "another user",
    "staff: admin",
    "staff: finance",
    "staff: support",
    "staff: auditor",
    "payments_checkout",
    "payments_portal",
    "payments_sync",
    "payments_webhook",
    "payments_worker",
    "service_role",
  ])("5.3a 4.2b %s can do exactly what the matrix says, in SQL", (name) => {
    const actor = actorNamed(name);
    expect(reports.get(name)).toEqual(relations.map((relation) => expectedReport(relation, actor)));
  });

  it("5.3a the matrix leaves out nobody whom the API can become", () => {
    expect([...reports.keys()].toSorted()).toEqual(cast.actors.map(({ name }) => name).toSorted());
    expect(cast.actors).toHaveLength(13); // the list above
  });
});

describe("through REST", () => {
  const exposed = () =>
    relations.filter(({ name, isView }) => name.startsWith("payments.") && !isView);
  const rowsOf = (relation: Relation) =>
    users().map(({ id, mark }) => ({ ...rowFor(relation, id, mark), ...idOf(relation, mark) }));

  beforeAll(async () => {
    await sql.begin(async (tx) => {
      await tx`set local session_replication_role = replica`;
      for (const relation of exposed()) {
        for (const row of rowsOf(relation)) await tx`insert into ${tx(relation.name)} ${tx(row)}`;
      }
    });
  });
  afterAll(async () => {
    for (const relation of exposed()) {
      const ids = rowsOf(relation).map(({ id }) => id);
      await sql`delete from ${sql(relation.name)} where id::text = any (${ids})`;
    }
  });

  /** An id that is the same each time it is asked for. */
  function idOf({ name, columns }: Relation, mark: string): { id: string } {
    const isUuid = columns.some((column) => column.name === "id" && column.type === "uuid");
    const id = mark === "owner"
      ? "00000000-0000-4000-8000-000000000001"
      : "00000000-0000-4000-8000-000000000002";
    const text = rowFor({ table: name, columns }, "", mark)["id"];
    return { id: isUuid ? id : String(text) };
  }

  /** The ids that the matrix lets somebody see, of the two users' rows. */
  function visible(relation: Relation, actor: ApiActor): string[] {
    if (readable(relation, actor.role).length === 0) return [];
    return users()
      .filter(({ id, mark }) =>
        readersOf(relation.table) === "everyone" ? mark === "owner" : id === actor.userId
      )
      .map(({ mark }) => idOf(relation, mark).id);
  }

  async function tryTable(relation: Relation, actor: ApiActor) {
    const path = relation.name.replace(/^payments\./, "");
    const [row] = rowsOf(relation);
    const all = `id=in.(${rowsOf(relation).map(({ id }) => id).join()})`;
    const fresh = { ...row, id: crypto.randomUUID() };
    const back = "return=representation";
    const [select, head, insert, upsert, update, remove] = await Promise.all([
      rest(actor, `${path}?select=id&${all}`),
      rest(actor, `${path}?select=id&${all}`, { method: "HEAD", prefer: "count=exact" }),
      rest(actor, path, { method: "POST", body: fresh, prefer: back }),
      rest(actor, path, {
        method: "POST",
        body: row,
        prefer: `resolution=merge-duplicates,${back}`,
      }),
      rest(actor, `${path}?${all}`, { method: "PATCH", body: { id: fresh.id }, prefer: back }),
      rest(actor, `${path}?${all}`, { method: "DELETE", prefer: back }),
    ]);
    return {
      table: path,
      select: select.status === 200 ? idsIn(select) : select.code,
      count: head.status < 300 ? Number(head.total) : head.status,
      writes: [insert, upsert, update, remove].map(({ code }) => code),
    };
  }

  function expected(relation: Relation, actor: ApiActor) {
    const refused = actor.role === "anon" ? 401 : 403;
    const reads = readable(relation, actor.role).length > 0;
    return {
      table: relation.name.replace(/^payments\./, ""),
      select: reads ? visible(relation, actor) : "42501",
      count: reads ? visible(relation, actor).length : refused,
      writes: ["42501", "42501", "42501", "42501"],
    };
  }

  it("5.3a 4.2b everybody can do exactly what the matrix says, through REST", async () => {
    for (const actor of cast.actors) {
      const found = await Promise.all(exposed().map((relation) => tryTable(relation, actor)));
      expect(found, actor.name).toEqual(exposed().map((relation) => expected(relation, actor)));
    }
  });

  it("5.3a 4.2b nobody reaches a table of a private schema by naming its profile", async () => {
    const hidden = relations.filter(({ name }) => !name.startsWith("payments."));
    for (const actor of cast.actors) {
      const answers = await Promise.all(hidden.flatMap(({ name }) => {
        const [schema = "", table = ""] = name.split(".");
        return [
          rest(actor, `${table}?select=*`, { schema }),
          rest(actor, table, { schema, method: "POST", body: {} }),
        ];
      }));
      expect(new Set(answers.map(({ code }) => code)), actor.name).toEqual(new Set(["PGRST106"]));
    }
  });
});

class TakeBack extends Error {}

function actorNamed(name: string): ApiActor {
  const actor = cast.actors.find((one) => one.name === name);
  if (actor === undefined) throw new Error(`Nobody is called ${name}`);
  return actor;
}
