-- Purpose: no card number lies anywhere in our schemas, and if one does, people hear of it.
-- Objects: payments_private.holds_card_number, scan_table_blocks, card_scan, card_scan_parts,
--          begin_card_scan, scan_next_blocks; audit.scan_blocks with copies of what finds card numbers;
--          payments.scan_for_cards; constraints on
--          what is stored of a card.
-- Risk:    reads every text of the three schemas, a few blocks at a time. What it finds is named by
--          table, column and row, never repeated.

set role payments_owner;

-- 1. What may be stored of a card -----------------------------------------------------------------

alter table payments.payment_methods
  add constraint brand_is_a_word check (card_brand ~ '^[a-z_]+$' and length(card_brand) <= 40),
  add constraint type_is_a_word check (type ~ '^[a-z0-9_]+$' and length(type) <= 60),
  add constraint expiry_is_a_year check (card_exp_year between 2000 and 2199);

-- 2. The detector ---------------------------------------------------------------------------------
-- The rules of _shared/card-number.ts; a test compares the two.

create function payments_private.passes_luhn(p_digits text) returns boolean
language plpgsql immutable
set search_path = ''
as $$
declare
  total integer := 0;
  digit integer;
begin
  for place in 0 .. length(p_digits) - 1 loop
    digit := substr(p_digits, length(p_digits) - place, 1)::integer * (1 + place % 2);
    total := total + case when digit > 9 then digit - 9 else digit end;
  end loop;
  return total % 10 = 0;
end
$$;
comment on function payments_private.passes_luhn(text) is 'Whether the last digit checks the others (ISO/IEC 7812-1).';

create function payments_private.holds_card_number(p_text text) returns boolean
language plpgsql immutable
set search_path = ''
as $$
declare
  plain text;
  run text;
  groups text[];
  joined text;
begin
  -- twelve digits with at most one sign between each two, or signs that only normalising turns into digits
  if p_text is null or octet_length(p_text) < 12
    or (octet_length(p_text) = length(p_text) and p_text !~ '[0-9](?:[\s._-]?[0-9]){11}') then
    return false;
  end if;
  plain := translate(normalize(p_text, nfkc),
    '٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹०१२३४५६७८९০১২৩৪৫৬৭৮৯๐๑๒๓๔๕๖๗๘๙‐‑‒–—―−',
    '01234567890123456789012345678901234567890123456789-------');
  -- also behind a word and a line, as in our own idempotency keys
  plain := regexp_replace(plain,
    '(?<![0-9a-z])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-z])', ' ', 'gi');
  -- not part of a word: hexadecimal ids have long runs of digits too
  for run in
    select m[1] from regexp_matches(plain, '(?<![[:alnum:]])([0-9]+(?:[\s._-][0-9]+)*)(?![[:alnum:]])', 'g') as m
    where length(m[1]) >= 12
  loop
    groups := regexp_split_to_array(run, '[^0-9]');
    for start_at in 1 .. cardinality(groups) loop
      joined := '';
      for end_at in start_at .. cardinality(groups) loop
        joined := joined || groups[end_at];
        exit when length(joined) > 19;
        if joined ~ ('^(?:4\d{12}(?:\d{3})?(?:\d{3})?|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|220[0-4]\d{12,15}'
            || '|3[47]\d{13}|3(?:0[0-5]|09|[689]\d)\d{11,16}|35(?:2[89]|[3-8]\d)\d{12,15}|(?:5[06-8]|6\d)\d{10,17})$')
          and payments_private.passes_luhn(joined) then
          return true;
        end if;
      end loop;
    end loop;
  end loop;
  return false;
end
$$;
comment on function payments_private.holds_card_number(text) is
  'Whether a text holds something shaped like a card number: a scheme''s prefix and length and a valid check digit, with or without separators. Digits of Latin, full-width, Arabic, Persian, Devanagari, Bengali and Thai script.';

-- 3. A table, a few blocks at a time --------------------------------------------------------------

create function payments_private.scan_table_blocks(p_table regclass, p_from bigint, p_until bigint)
returns table (column_name text, row_id text)
language plpgsql stable
set search_path = ''
as $$
declare
  texts text;
  row_name text;
begin
  select string_agg(format('(%L, t.%I::text)', a.attname, a.attname), ', ') into texts
  from pg_catalog.pg_attribute as a
  where a.attrelid = p_table and a.attnum > 0 and not a.attisdropped
    and a.atttypid::regtype::text in ('text', 'character varying', 'character', 'json', 'jsonb', 'text[]');
  if texts is null then
    return;
  end if;
  select coalesce(string_agg(format('t.%I::text', a.attname), ' || '','' || ' order by k.place), 't.ctid::text')
  into row_name
  from pg_catalog.pg_index as i, unnest(i.indkey::smallint[]) with ordinality as k (attnum, place)
  join pg_catalog.pg_attribute as a on a.attnum = k.attnum
  where i.indrelid = p_table and i.indisprimary and a.attrelid = p_table;
  return query execute format(
    -- a key that holds the number itself is not repeated
    'select v.name, left(case when payments_private.holds_card_number(%1$s) then t.ctid::text else %1$s end, 120)
     from %2$s as t, lateral (values %3$s) as v (name, value)
     where t.ctid >= ''(%4$s,0)''::tid and t.ctid < ''(%5$s,0)''::tid
       and payments_private.holds_card_number(v.value)', row_name, p_table, texts, p_from, p_until);
end
$$;
comment on function payments_private.scan_table_blocks(regclass, bigint, bigint) is
  'Columns and rows of a table''s blocks p_from to p_until - 1 that hold a card number; never the number. Runs with the caller''s rights.';

reset role;
set role audit_owner;

-- Copied, not called: whoever may replace a function that the log's owner runs is the log's owner. A test
-- compares them, so who changes one changes both.
do $$
declare
  found_function text;
begin
  foreach found_function in array array[
    'passes_luhn(text)', 'holds_card_number(text)', 'scan_table_blocks(regclass,bigint,bigint)'] loop
    execute replace(pg_catalog.pg_get_functiondef(('payments_private.' || found_function)::regprocedure),
      'payments_private.', 'audit.');
  end loop;
end
$$;
comment on function audit.passes_luhn(text) is 'payments_private.passes_luhn, for the log''s owner alone.';
comment on function audit.holds_card_number(text) is 'payments_private.holds_card_number, for the log''s owner alone.';
comment on function audit.scan_table_blocks(regclass, bigint, bigint) is
  'payments_private.scan_table_blocks, for the log''s owner alone.';

create function audit.scan_blocks(p_table text, p_from bigint, p_until bigint)
returns table (column_name text, row_id text)
language plpgsql stable
security definer -- payments_owner may not read the log; it learns where a card number lies, and nothing else
set search_path = ''
as $$
begin
  return query
  select f.column_name, f.row_id
  from pg_catalog.pg_class as c,
    audit.scan_table_blocks(c.oid::regclass, p_from, p_until) as f
  where c.relnamespace = 'audit'::regnamespace and c.relname = p_table and c.relkind = 'r';
end
$$;
comment on function audit.scan_blocks(text, bigint, bigint) is
  'Columns and rows of a table of schema audit that hold a card number; never the number.';
grant execute on function audit.scan_blocks(text, bigint, bigint) to payments_owner;

reset role;
set role payments_owner;

-- 4. The scan -------------------------------------------------------------------------------------

create table payments_private.card_scan (
  only_row boolean primary key default true,
  started_at timestamptz,
  finished_at timestamptz,
  constraint there_is_one_row check (only_row)
);
comment on table payments_private.card_scan is 'The scan of all texts for card numbers: when it began and when it was through.';
insert into payments_private.card_scan default values;

create table payments_private.card_scan_parts (
  schema_name text not null,
  table_name text not null,
  blocks bigint not null,
  scanned bigint not null default 0,
  found integer not null default 0,
  constraint card_scan_parts_pkey primary key (schema_name, table_name)
);
comment on table payments_private.card_scan_parts is 'How far the scan is in each table and partition, in blocks of 8 KiB.';

alter table payments_private.card_scan enable row level security;
alter table payments_private.card_scan_parts enable row level security;

create function payments_private.begin_card_scan(p_forced boolean) returns boolean
language plpgsql volatile
set search_path = ''
as $$
declare
  scan payments_private.card_scan;
begin
  select s.* into scan from payments_private.card_scan as s for update;
  if scan.started_at is not null and scan.finished_at is null then
    return true; -- it goes on where it stopped
  elsif not p_forced and scan.finished_at > now() - interval '1 day' then
    return false;
  end if;
  delete from payments_private.card_scan_parts;
  insert into payments_private.card_scan_parts (schema_name, table_name, blocks)
  select n.nspname, c.relname, pg_catalog.pg_relation_size(c.oid) / current_setting('block_size')::bigint
  from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where n.nspname in ('payments', 'payments_private', 'audit') and c.relkind = 'r';
  update payments_private.card_scan set started_at = now(), finished_at = null;
  return true;
end
$$;
comment on function payments_private.begin_card_scan(boolean) is
  'Begins a scan when the last one is a day old (or forced), or finds one that is under way; false when none is due.';

create function payments_private.scan_next_blocks(p_blocks bigint) returns bigint
language plpgsql volatile
set search_path = ''
as $$
declare
  part payments_private.card_scan_parts;
  finding record;
  findings integer := 0;
  until_block bigint;
begin
  select p.* into part from payments_private.card_scan_parts as p
  where p.scanned < p.blocks order by p.schema_name, p.table_name limit 1 for update skip locked;
  if not found then
    return 0;
  end if;
  until_block := least(part.scanned + p_blocks, part.blocks);
  for finding in
    select f.* from audit.scan_blocks(part.table_name, part.scanned, until_block) as f where part.schema_name = 'audit'
    union all
    select f.* from payments_private.scan_table_blocks(
      pg_catalog.to_regclass(format('%I.%I', part.schema_name, part.table_name)), part.scanned, until_block) as f
    where part.schema_name <> 'audit'
  loop
    findings := findings + 1;
    perform payments_private.raise_alert('card_data_found', left(format('%s.%s %s of %s', part.schema_name,
      part.table_name, finding.column_name, finding.row_id), 300), 'critical');
  end loop;
  update payments_private.card_scan_parts as p set scanned = until_block, found = p.found + findings
  where p.schema_name = part.schema_name and p.table_name = part.table_name;
  return until_block - part.scanned;
end
$$;
comment on function payments_private.scan_next_blocks(bigint) is
  'Scans the next p_blocks blocks of one table and raises card_data_found for each finding; returns how many it scanned, 0 when nothing is left.';

create function payments.scan_for_cards(p_forced boolean) returns jsonb
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
declare
  began timestamptz := clock_timestamp();
  due boolean := payments_private.begin_card_scan(p_forced);
  answer jsonb;
  -- also where another worker got through since the caller's last second: the answer is that scan's
  is_done boolean := not due;
begin
  -- a second at a time: short transactions, and a worker that dies loses little
  while not is_done and clock_timestamp() < began + interval '1 second' loop
    is_done := payments_private.scan_next_blocks(64) = 0;
  end loop;
  if due and is_done then
    update payments_private.card_scan set finished_at = now() where finished_at is null;
  end if;
  select jsonb_build_object('due', due, 'finished', is_done, 'scanned', sum(p.scanned), 'blocks', sum(p.blocks),
    'found', sum(p.found)) into answer from payments_private.card_scan_parts as p;
  if due and is_done then
    perform audit.append('service', 'payments_worker', 'card_scan.finished', 'success', 'card_scan', null,
      p_detail => jsonb_build_object('blocks', answer -> 'blocks', 'found', answer -> 'found'));
  end if;
  return answer;
end
$$;
comment on function payments.scan_for_cards(boolean) is
  'A second of the daily scan for card numbers (or of a forced one): {due, finished, scanned, blocks, found}; where none is due, what the last one came to.';

grant execute on function payments.scan_for_cards(boolean) to payments_worker;

reset role;
