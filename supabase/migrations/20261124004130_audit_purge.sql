-- Purpose: audit rows go when their time is over, a month at a time and never unseen.
-- Objects: audit.months_to_purge; payments.list_purgeable_audit_months, purge_audit_month;
--          payments_private.keep_holds_out.
-- Risk:    the only thing that removes audit rows. It refuses months that are younger than 90 days
--          whatever it is asked, that a legal hold overlaps, or of which a row is in no seal. A signed
--          purge record stays, and the hashes of the rows, so what remains still verifies.

set role payments_owner;

create function payments_private.keep_holds_out() returns void
language plpgsql volatile
security definer -- audit_owner may not touch the table
set search_path = ''
as $$
begin
  lock table payments_private.legal_holds in share mode;
end
$$;
comment on function payments_private.keep_holds_out() is
  'Waits for legal holds that are being placed, and makes the next ones wait for the end of this transaction.';
grant execute on function payments_private.keep_holds_out() to audit_owner;

alter function payments_private.kept_since(text) security definer; -- audit_owner may not read the settings
grant execute on function payments_private.kept_since(text) to audit_owner;

grant create on schema payments to audit_owner; -- for the two procedures below, and taken back at the end

reset role;
set role audit_owner;

create function audit.months_to_purge() returns table (name text, starts timestamptz, row_count bigint)
language plpgsql volatile
set search_path = ''
as $$
declare
  month record;
  before timestamptz := least(payments_private.kept_since('audit'), now() - interval '90 days');
begin
  for month in
    select c.relname::text as name, m.starts, m.starts + interval '1 month' as ends
    from pg_catalog.pg_inherits as i
    join pg_catalog.pg_class as c on c.oid = i.inhrelid,
      lateral (select to_date(right(c.relname, 6), 'YYYYMM')::timestamp at time zone 'UTC' as starts) as m
    where i.inhparent = 'audit.audit_logs'::regclass and c.relname ~ '^audit_logs_[0-9]{6}$'
      and m.starts + interval '1 month' <= before
    order by m.starts
  loop
    continue when payments_private.is_frozen(month.starts, month.ends)
      or exists (select from audit.purge_records as p where p.month = (month.starts at time zone 'UTC')::date);
    execute format(
      -- in a seal, every one of them: what was never sealed would go without a trace
      'select count(*) from audit.%1$I as l having not exists (
         select from audit.%1$I as l
         where not exists (select from audit.seal_entries as e where e.log_id = l.id))', month.name)
    into row_count;
    continue when row_count is null;
    name := month.name;
    starts := month.starts;
    return next;
  end loop;
end
$$;
comment on function audit.months_to_purge() is
  'Partitions past their class''s time and at least 90 days old, that no legal hold overlaps and whose rows are all sealed, with their number of rows.';

create function payments.list_purgeable_audit_months() returns jsonb
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'month', to_char(m.starts at time zone 'UTC', 'YYYY-MM'), 'rows', m.row_count) order by m.starts), '[]')
    from audit.months_to_purge() as m);
end
$$;
comment on function payments.list_purgeable_audit_months() is
  'Months of the audit log that may go: [{month, rows}]. Each goes by purge_audit_month, with a signed record.';

create function payments.purge_audit_month(p_month text, p_record jsonb) returns text
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
declare
  month record;
begin
  perform payments_private.keep_holds_out();
  -- a verification that is under way has read which months are purged, and would miss this one's rows
  perform from audit.verification_runs as r where coalesce(r.leased_until < clock_timestamp(), true)
  for update skip locked;
  if not found then
    return 'busy';
  end if;
  select m.* into month from audit.months_to_purge() as m
  where to_char(m.starts at time zone 'UTC', 'YYYY-MM') = p_month and m.row_count = (p_record ->> 'rows')::bigint;
  if not found then
    return 'refused';
  end if;
  -- a report or a dump may read for an hour, and every append waits behind who waits: give way
  perform set_config('lock_timeout', '200ms', true);
  execute format('drop table audit.%I', month.name);
  insert into audit.purge_records (month, row_count, purged_at, key_id, statement, signature)
  values (
    (month.starts at time zone 'UTC')::date, month.row_count, (p_record ->> 'purged_at')::timestamptz,
    p_record ->> 'key_id', p_record ->> 'statement', p_record ->> 'signature');
  perform audit.append('service', 'payments_worker', 'audit.purged', 'success', 'audit_partition', month.name,
    p_detail => jsonb_build_object('rows', month.row_count));
  return 'purged';
exception when lock_not_available then
  return 'busy';
end
$$;
comment on function payments.purge_audit_month(text, jsonb) is
  'Drops a month of the audit log and keeps its signed record {rows, purged_at, key_id, statement, signature}: purged; busy while somebody reads or verifies; refused when it may not go, or not with that number of rows.';

grant execute on function payments.list_purgeable_audit_months() to payments_worker;
grant execute on function payments.purge_audit_month(text, jsonb) to payments_worker;

reset role;
set role payments_owner;
revoke create on schema payments from audit_owner;
reset role;
