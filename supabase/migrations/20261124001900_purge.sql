-- Purpose: what is no longer needed goes.
-- Objects: payments_private.purge_runs, change_months; payments.purge.
-- Risk:    drops whole partitions of processed_events; an event that is resent after that, freshly
--          signed, is older than 30 days and has no effect (docs/adr/0003).

set role payments_owner;

create table payments_private.purge_runs (
  only_row boolean primary key default true,
  finished_at timestamptz,
  constraint there_is_one_row check (only_row)
);
comment on table payments_private.purge_runs is 'When the purge last ran.';
insert into payments_private.purge_runs default values;
alter table payments_private.purge_runs enable row level security;

create function payments_private.drop_old_event_partitions(p_before timestamptz) returns integer
language plpgsql volatile
set search_path = ''
as $$
declare
  partition_name text;
  dropped integer := 0;
begin
  for partition_name in
    select c.relname from pg_catalog.pg_inherits as i
    join pg_catalog.pg_class as c on c.oid = i.inhrelid
    where i.inhparent = 'payments_private.processed_events'::regclass and c.relname ~ '_[0-9]{6}$'
      and to_date(right(c.relname, 6), 'YYYYMM') + interval '1 month' <= p_before
  loop
    execute format('drop table payments_private.%I', partition_name);
    dropped := dropped + 1;
  end loop;
  delete from payments_private.processed_events_default as e where e.created < p_before;
  return dropped;
end
$$;
comment on function payments_private.drop_old_event_partitions(timestamptz) is
  'Drops monthly partitions that lie wholly before p_before, and older rows of the default one.';

create function payments_private.change_months() returns integer
language plpgsql volatile
set search_path = ''
as $$
declare
  usual_timeout text := current_setting('lock_timeout');
  dropped integer;
begin
  -- Changing a table's shape waits for its readers, and every delivery waits behind who waits. A report
  -- or a dump may read for an hour: give way at once and try again with the next purge.
  perform set_config('lock_timeout', '200ms', true);
  perform payments_private.ensure_events_partition(now() + n * interval '1 month') from generate_series(0, 3) as n;
  perform audit.ensure_partitions();
  dropped := payments_private.drop_old_event_partitions(now() - interval '90 days');
  perform set_config('lock_timeout', usual_timeout, true);
  return dropped;
exception when lock_not_available then
  return null; -- the setting went back with the rest
end
$$;
comment on function payments_private.change_months() is
  'Makes the partitions of the next months and drops those of old events; returns how many it dropped, or null when somebody was reading.';

create function payments.purge(p_forced boolean) returns jsonb
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
declare
  dropped integer;
  bodies integer;
  keys integer;
  reservations integer;
  delivered integer;
begin
  perform from payments_private.purge_runs as r
  where p_forced or r.finished_at is null or r.finished_at < now() - interval '1 day'
  for update skip locked;
  if not found then
    return '{"due": false}';
  end if;
  dropped := payments_private.change_months();

  update payments_private.processed_events as e set
    encrypted_body = null, status = case when e.status = 'retry' then 'dead' else e.status end
  where e.encrypted_body is not null and e.received_at < now() - interval '30 days';
  get diagnostics bodies = row_count;
  delete from payments_private.idempotency_keys as k where k.created_at < now() - interval '24 hours';
  get diagnostics keys = row_count;
  -- an open or reserved one may still be paid; a slot still answers for a completed one
  delete from payments_private.checkout_reservations as r
  where r.state in ('completed', 'expired', 'released') and r.closed_at < now() - interval '30 days'
    and not exists (select from payments_private.reservation_slots as s where s.reservation_id = r.id);
  get diagnostics reservations = row_count;
  delete from payments.outbox as o where o.state = 'delivered' and o.delivered_at < now() - interval '30 days';
  get diagnostics delivered = row_count;
  delete from payments_private.rate_limits as l where l.arrival_at < now() - interval '1 day';
  delete from payments_private.declines as d where d.occurred_at < now() - interval '1 day';
  delete from payments_private.country_checks as c where c.checked_at < now() - interval '90 days';
  delete from payments_private.enforcements as e where e.finished_at < now() - interval '90 days';
  delete from payments_private.rate_refusals as r where r.window_at < now() - interval '30 days';

  update payments_private.purge_runs set finished_at = now();
  perform audit.append('service', 'payments_worker', 'purge.finished', 'success', 'purge', null,
    p_detail => jsonb_build_object('partitions', dropped, 'bodies', bodies, 'idempotency_keys', keys,
      'reservations', reservations, 'outbox', delivered));
  return jsonb_build_object('due', true, 'done', coalesce(dropped, 0) + bodies + keys + reservations + delivered);
end
$$;
comment on function payments.purge(boolean) is
  'Once a day (or forced): makes partitions ahead of time, drops events older than 90 days, raw bodies older than 30, and what has served its time. Returns {due, done}.';

grant execute on function payments.purge(boolean) to payments_worker;

reset role;
