// Tries everything there is to try as a role, in SQL, and takes it all back.
import type postgres from "postgres";

/** Somebody who may try: the database role of the request and the claims of its token. */
export interface Actor {
  readonly name: string;
  readonly role: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

/**
 * What became of an attempt: "denied" when a privilege is missing (42501 before anything is looked
 * at), "done" when it went through, else the SQLSTATE that stopped it.
 */
export type Outcome = string;

export interface TableReport {
  relation: string;
  /** Reading a column, by the column's name. */
  columns: Record<string, Outcome>;
  /** Reading and writing; updates of any one column come under "update <column>". */
  verbs: Record<string, Outcome>;
  /** The users whose rows it sees; null where it may not look. */
  owners: string[] | null;
  /** How many rows it sees that are not active. */
  inactive: number | null;
}

export interface FunctionReport {
  fn: string;
  name: string;
  outcome: Outcome;
}

/** Makes the functions that try, in the connection's own temporary schema. */
export async function prepareProbe(sql: postgres.TransactionSql): Promise<void> {
  await sql.unsafe(PROBE);
}

export async function probeTables(
  sql: postgres.TransactionSql,
  { role, claims }: Actor,
): Promise<TableReport[]> {
  const [row] = await sql<{ report: TableReport[] }[]>`
    select pg_temp.probe_tables(${role}, ${
    sql.json(JSON.parse(JSON.stringify(claims)))
  }) as report`;
  return row?.report ?? [];
}

/** Calls each function of our schemas with nulls. */
export async function probeFunctions(
  sql: postgres.TransactionSql,
  { role, claims }: Actor,
): Promise<FunctionReport[]> {
  const [row] = await sql<{ report: FunctionReport[] }[]>`
    select pg_temp.probe_functions(${role}, ${
    sql.json(JSON.parse(JSON.stringify(claims)))
  }) as report`;
  return row?.report ?? [];
}

/** Each attempt is a subtransaction that always ends with an error, which takes back role and effect. */
const PROBE = `
create or replace function pg_temp.attempt(p_role text, p_claims jsonb, p_statement text) returns text
language plpgsql as $$
begin
  perform set_config('request.jwt.claims', p_claims::text, true);
  perform set_config('role', p_role, true);
  execute p_statement;
  raise exception 'undo' using errcode = 'UNDO0';
exception when others then
  return case
    when sqlstate = 'UNDO0' then 'done'
    when sqlstate = '42501' and sqlerrm like 'permission denied for %' then 'denied'
    else sqlstate end;
end $$;

create or replace function pg_temp.look(p_role text, p_claims jsonb, p_query text) returns jsonb
language plpgsql as $$
declare
  seen jsonb;
begin
  perform set_config('request.jwt.claims', p_claims::text, true);
  perform set_config('role', p_role, true);
  execute p_query into seen;
  raise exception 'undo' using errcode = 'UNDO0';
exception when others then
  return case when sqlstate = 'UNDO0' then seen end;
end $$;

create or replace function pg_temp.probe_tables(p_role text, p_claims jsonb) returns jsonb
language plpgsql as $$
declare
  report jsonb := '[]';
  relation record;
  col text;
  columns jsonb;
  verbs jsonb;
begin
  for relation in
    select n.nspname || '.' || c.relname as name, format('%I.%I', n.nspname, c.relname) as quoted,
      array(select a.attname::text from pg_attribute as a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attnum) as columns
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname in ('payments', 'payments_private', 'audit') and c.relkind in ('r', 'p', 'v', 'm', 'f')
    order by 1
  loop
    columns := '{}';
    verbs := '{}';
    foreach col in array relation.columns loop
      columns := columns || jsonb_build_object(col, pg_temp.attempt(p_role, p_claims,
        format('select %I from %s', col, relation.quoted)));
      verbs := verbs || jsonb_build_object('update ' || col, pg_temp.attempt(p_role, p_claims,
        format('update %s set %I = default', relation.quoted, col)));
    end loop;
    verbs := verbs || jsonb_build_object(
      'select *', pg_temp.attempt(p_role, p_claims, format('select * from %s', relation.quoted)),
      'count', pg_temp.attempt(p_role, p_claims, format('select count(*) from %s', relation.quoted)),
      'lock', pg_temp.attempt(p_role, p_claims, format('select from %s for share', relation.quoted)),
      'insert', pg_temp.attempt(p_role, p_claims, format('insert into %s default values', relation.quoted)),
      'delete', pg_temp.attempt(p_role, p_claims, format('delete from %s', relation.quoted)),
      'truncate', pg_temp.attempt(p_role, p_claims, format('truncate %s', relation.quoted)));
    report := report || jsonb_build_array(jsonb_build_object(
      'relation', relation.name, 'columns', columns, 'verbs', verbs,
      'owners', case when 'user_id' = any (relation.columns) then pg_temp.look(p_role, p_claims,
        format('select coalesce(jsonb_agg(distinct user_id), ''[]'') from %s', relation.quoted)) end,
      'inactive', case when 'active' = any (relation.columns) then pg_temp.look(p_role, p_claims,
        format('select to_jsonb(count(*)) from %s where not active', relation.quoted)) end));
  end loop;
  return report;
end $$;

create or replace function pg_temp.probe_functions(p_role text, p_claims jsonb) returns jsonb
language plpgsql as $$
declare
  report jsonb := '[]';
  fn record;
begin
  for fn in
    select p.oid::regprocedure::text as signature, n.nspname || '.' || p.proname as name,
      format('select %I.%I(%s)', n.nspname, p.proname, (
        select string_agg('null::' || format_type(t.type, null), ', ' order by t.at)
        from unnest(p.proargtypes) with ordinality as t (type, at))) as call
    from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
    where n.nspname in ('payments', 'payments_private', 'audit') and p.prorettype <> 'trigger'::regtype
    order by 1
  loop
    report := report || jsonb_build_array(jsonb_build_object('fn', fn.signature, 'name', fn.name,
      'outcome', pg_temp.attempt(p_role, p_claims, fn.call)));
  end loop;
  return report;
end $$;
`;
