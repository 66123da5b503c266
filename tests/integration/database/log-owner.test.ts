// Whoever may replace what the log's owner runs, runs code as the log's owner. So it runs nothing that
// belongs to somebody else, except what steps out of its rights first (security definer).
import { afterAll, describe, expect, it } from "vitest";
import { adminSql } from "../../support/stack.ts";

const sql = adminSql();
afterAll(() => sql.end());

/** Functions of ours that would run with the rights of audit_owner though they belong to another. */
const foreign = sql`
  select p.oid, p.oid::regprocedure::text as name, n.nspname || '.' || p.proname as called
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  where not p.prosecdef and has_function_privilege('audit_owner', p.oid, 'execute')
    -- a superuser's, or of somebody who may become audit_owner anyway
    and not (select r.rolsuper from pg_roles r where r.oid = p.proowner)
    and not pg_has_role(p.proowner, 'audit_owner', 'member')`;

describe("the log's owner", () => {
  it("8.3b calls no function that another role owns", async () => {
    const calls = await sql`
      with foreign_functions as (${foreign})
      select p.oid::regprocedure::text as caller, array_agg(distinct f.called order by f.called) as called
      from pg_proc p
      join pg_roles r on r.oid = p.proowner
      join foreign_functions f
        on regexp_replace(p.prosrc, '--[^\n]*', '', 'g') ~ ('\\m' || replace(f.called, '.', '\\.') || '\\M')
      where r.rolname = 'audit_owner'
      group by 1 order by 1`;
    expect([...calls]).toEqual([]);
  });

  it("8.3b has none behind its tables either: no trigger, default, constraint, index, policy or type", async () => {
    const behind = await sql`
      with foreign_functions as (${foreign}), ours as (
        select c.oid from pg_class c join pg_roles r on r.oid = c.relowner where r.rolname = 'audit_owner'
      ), parts as (
        select 'pg_class'::regclass as classid, o.oid as objid from ours o
        union all select 'pg_trigger'::regclass, t.oid from pg_trigger t join ours o on o.oid = t.tgrelid
        union all select 'pg_attrdef'::regclass, d.oid from pg_attrdef d join ours o on o.oid = d.adrelid
        union all select 'pg_constraint'::regclass, c.oid from pg_constraint c join ours o on o.oid = c.conrelid
        union all select 'pg_policy'::regclass, p.oid from pg_policy p join ours o on o.oid = p.polrelid
        union all select 'pg_rewrite'::regclass, w.oid from pg_rewrite w join ours o on o.oid = w.ev_class
        union all select 'pg_class'::regclass, i.indexrelid from pg_index i join ours o on o.oid = i.indrelid
      )
      select pg_describe_object(p.classid, p.objid, 0) as part, f.name
      from parts p
      join pg_depend d on d.classid = p.classid and d.objid = p.objid and d.refclassid = 'pg_proc'::regclass
      join foreign_functions f on f.oid = d.refobjid
      union all
      select pg_describe_object('pg_class'::regclass, o.oid, a.attnum), t.oid::regtype::text
      from ours o join pg_attribute a on a.attrelid = o.oid and not a.attisdropped
      join pg_type t on t.oid = a.atttypid join pg_roles r on r.oid = t.typowner
      where not r.rolsuper and r.rolname <> 'audit_owner'`;
    expect([...behind]).toEqual([]);
  });

  it("8.3b the check sees what it looks for", async () => {
    const error = new Error("rolled back");
    await sql.begin(async (tx) => {
      await tx`grant execute on function payments_private.holds_card_number(text) to audit_owner`;
      const found = await tx`with foreign_functions as (${foreign})
        select from foreign_functions where called = 'payments_private.holds_card_number'`;
      expect(found).toHaveLength(1);
      throw error;
    }).catch((caught: unknown) => {
      if (caught !== error) throw caught;
    });
  });

  it("8.3b runs nothing in the scan for card numbers that payments_owner could have replaced", async () => {
    const error = new Error("rolled back");
    await sql.begin(async (tx) => {
      for (const name of ["holds_card_number(p_text text)", "passes_luhn(p_digits text)"]) {
        await tx.unsafe(
          `create or replace function payments_private.${name} returns boolean language plpgsql immutable
          set search_path = '' as $$ begin raise exception 'ran as %', current_user using errcode = 'ZZ001'; end $$`,
        );
      }
      await tx.unsafe(
        `create or replace function payments_private.scan_table_blocks(p_table regclass, p_from bigint, p_until bigint)
        returns table (column_name text, row_id text) language plpgsql stable
        set search_path = '' as $$ begin raise exception 'ran as %', current_user using errcode = 'ZZ001'; end $$`,
      );
      await tx`select audit.append('system', null, 'canary.found', 'success', p_reason => 'card 6011111111111117')`;
      const [row] = await tx`select count(f)::int as found
        from pg_class c, audit.scan_blocks(c.relname, 0, 1000000) f
        where c.relnamespace = 'audit'::regnamespace and c.relname ~ '^audit_logs_[0-9]+$' and f.column_name = 'reason'`;
      expect(row).toEqual({ found: 1 });
      throw error;
    }).catch((caught: unknown) => {
      if (caught !== error) throw caught;
    });
  });

  it("8.3b 4.1a finds card numbers by the same rules as everybody", async () => {
    const bodies = await sql`
      select p.proname as name, count(distinct replace(p.prosrc, 'payments_private.', 'audit.'))::int as bodies, count(*)::int as copies
      from pg_proc p where p.pronamespace in ('audit'::regnamespace, 'payments_private'::regnamespace)
        and p.proname in ('passes_luhn', 'holds_card_number', 'scan_table_blocks')
      group by 1 order by 1`;
    expect([...bodies]).toEqual(
      ["holds_card_number", "passes_luhn", "scan_table_blocks"].map((name) => ({
        name,
        bodies: 1,
        copies: 2,
      })),
    );
  });
});
