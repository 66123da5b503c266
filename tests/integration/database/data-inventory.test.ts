import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { adminSql } from "../../support/stack.ts";
import { codesIn, tableBelow } from "../../unit/house/markdown-table.ts";
import { ROOT } from "../../unit/house/root.ts";

const sql = adminSql();
afterAll(() => sql.end());

async function inventory() {
  const text = await readFile(join(ROOT, "docs/data-inventory.md"), "utf8");
  const personal = tableBelow(text, "Tables", "Columns", "What they hold");
  const others = tableBelow(text, "Table", "Columns");
  const named = personal.flatMap(columnsIn);
  return { personal, named, columns: [...named, ...others.flatMap(columnsIn)] };
}

/** `schema.table.column` for every table and column that a row names. */
function columnsIn([tables, columns]: readonly string[]): string[] {
  return codesIn(tables).flatMap((table) => codesIn(columns).map((column) => `${table}.${column}`));
}

async function columnsOf(): Promise<string[]> {
  const rows = await sql`
    select format('%s.%s.%s', n.nspname, c.relname, a.attname) as name
    from pg_attribute as a
    join pg_class as c on c.oid = a.attrelid join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname in ('payments', 'payments_private', 'audit') and c.relkind in ('r', 'p')
      and not c.relispartition and a.attnum > 0 and not a.attisdropped`;
  return rows.map(({ name }) => name);
}

describe("docs/data-inventory.md", () => {
  it("4.1c names every column of the database once: decide where a new one belongs", async () => {
    const { columns } = await inventory();
    expect(columns.toSorted()).toEqual((await columnsOf()).toSorted());
  });

  it("4.1c says of every column that may hold personal data what, why and until when", async () => {
    const { personal } = await inventory();
    expect(personal.length).toBeGreaterThan(20);
    for (const cells of personal) {
      expect(cells, cells[0]).toHaveLength(5);
      for (const cell of cells) expect((cell ?? "").trim(), cells[0]).not.toBe("");
    }
  });

  it("4.1c counts every user id as personal data", async () => {
    const { named } = await inventory();
    const userIds = (await columnsOf()).filter((column) =>
      /\.(?:user_id|requested_by)$/.test(column)
    );
    expect(userIds.filter((column) => !named.includes(column))).toEqual([]);
  });
});
