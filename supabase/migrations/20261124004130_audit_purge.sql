-- Purpose: audit rows go when their time is over, a month at a time and never unseen.
-- Objects: audit.purge_partitions.
-- Risk:    the only thing that removes audit rows. It refuses months that are younger than 90 days
--          whatever it is asked, that a legal hold overlaps, or that hold a row without a seal; each
--          drop leaves a row in the log itself.

set role audit_owner;

create function audit.purge_partitions(p_before timestamptz) returns integer
language plpgsql volatile
security definer -- payments_owner may ask, and can neither read nor drop by itself
set search_path = ''
as $$
declare
  month record;
  before timestamptz := least(p_before, now() - interval '90 days');
  is_unsealed boolean;
  rows_in_it bigint;
  dropped integer := 0;
begin
  for month in
    select c.relname as name, m.starts, m.starts + interval '1 month' as ends
    from pg_catalog.pg_inherits as i
    join pg_catalog.pg_class as c on c.oid = i.inhrelid,
      lateral (select to_date(right(c.relname, 6), 'YYYYMM')::timestamp at time zone 'UTC' as starts) as m
    where i.inhparent = 'audit.audit_logs'::regclass and c.relname ~ '^audit_logs_[0-9]{6}$'
      and m.starts + interval '1 month' <= before
    order by m.starts
  loop
    continue when payments_private.is_frozen(month.starts, month.ends);
    if pg_catalog.to_regclass('audit.pending_rows') is not null then
      execute 'select exists (select from audit.pending_rows as p where p.occurred_at >= $1 and p.occurred_at < $2)'
      into is_unsealed using month.starts, month.ends;
      continue when is_unsealed;
    end if;
    execute format('select count(*) from audit.%I', month.name) into rows_in_it;
    execute format('drop table audit.%I', month.name);
    perform audit.append('service', 'payments_worker', 'audit.purged', 'success', 'audit_partition', month.name,
      p_detail => jsonb_build_object('rows', rows_in_it, 'from', month.starts, 'until', month.ends));
    dropped := dropped + 1;
  end loop;
  return dropped;
end
$$;
comment on function audit.purge_partitions(timestamptz) is
  'Drops the monthly partitions that lie wholly before p_before (at least 90 days ago), that no legal hold overlaps and whose rows are all sealed; writes audit.purged for each. Rows of the default partition stay.';
grant execute on function audit.purge_partitions(timestamptz) to payments_owner;

reset role;
