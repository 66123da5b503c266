// What a dump of our schemas would show.
import type postgres from "postgres";

/** Where a text occurs among all rows of the three schemas, as `schema.table`. */
export async function findInDump(sql: postgres.Sql, text: string): Promise<string[]> {
  const tables = await sql`
    select format('%I.%I', n.nspname, c.relname) as name
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname in ('payments', 'payments_private', 'audit') and c.relkind = 'r' order by 1`;
  const asked = tables.map(({ name }) =>
    sql`select ${name}::text as name where exists (
      select from ${sql.unsafe(name)} as t where position(${text} in t::text) > 0)`
  );
  const [first, ...rest] = asked;
  if (first === undefined) throw new Error("there are no tables");
  const rows = await rest.reduce((all, one) => sql`${all} union all ${one}`, first);
  return rows.map(({ name }) => name);
}
