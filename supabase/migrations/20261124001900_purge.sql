-- Purpose: what is no longer needed goes.
-- Objects: payments_private.purge_runs, change_months, purge_<class>, purge_classes; payments.purge.
-- Risk:    drops whole partitions of processed_events; an event that is resent after that, freshly
--          signed, is older than 30 days and has no effect (docs/adr/0003). How long each class is kept:
--          20261124004100; what stops it: 20261124004110; months of the audit log: 20261124004130.

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
  month record;
  dropped integer := 0;
begin
  for month in
    select c.relname as name, m.starts, m.starts + interval '1 month' as ends
    from pg_catalog.pg_inherits as i
    join pg_catalog.pg_class as c on c.oid = i.inhrelid,
      lateral (select to_date(right(c.relname, 6), 'YYYYMM')::timestamp at time zone 'UTC' as starts) as m
    where i.inhparent = 'payments_private.processed_events'::regclass and c.relname ~ '_[0-9]{6}$'
      and m.starts + interval '1 month' <= p_before
  loop
    continue when payments_private.is_frozen(month.starts, month.ends);
    execute format('drop table payments_private.%I', month.name);
    dropped := dropped + 1;
  end loop;
  delete from payments_private.processed_events_default as e
  where e.created < p_before and not payments_private.is_frozen(e.created, e.created, null, e.object_id);
  return dropped;
end
$$;
comment on function payments_private.drop_old_event_partitions(timestamptz) is
  'Drops monthly partitions that lie wholly before p_before, and older rows of the default one, unless a legal hold overlaps them.';

create function payments_private.purge_event_ids(p_before timestamptz, p_limit integer default 200000) returns integer
language plpgsql volatile
set search_path = ''
as $$
declare
  purged integer;
begin
  delete from payments_private.event_ids as i where i.event_id in (
    select k.event_id from payments_private.event_ids as k
    where k.created < p_before and not exists (
      select from payments_private.processed_events as e where e.event_id = k.event_id and e.created = k.created)
    limit p_limit);
  get diagnostics purged = row_count;
  return purged;
end
$$;
comment on function payments_private.purge_event_ids(timestamptz, integer) is
  'Deletes ids whose events an earlier run dropped, at most p_limit. Never after a drop in the same transaction: that holds the whole table until it ends.';

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
  dropped := payments_private.drop_old_event_partitions(payments_private.kept_since('events'));
  perform set_config('lock_timeout', usual_timeout, true);
  return dropped;
exception when lock_not_available then
  return null; -- the setting went back with the rest
end
$$;
comment on function payments_private.change_months() is
  'Makes the partitions of the next months and drops those of old events; returns how many it dropped, or null when somebody was reading.';

-- One function for each class of retention_classes that is not a matter of partitions. Each leaves what
-- a legal hold covers.

create function payments_private.purge_raw_bodies(p_before timestamptz) returns integer
language plpgsql volatile
set search_path = ''
as $$
declare
  purged integer;
begin
  with old as materialized (
    select e.event_id, e.created from payments_private.processed_events as e
    where e.encrypted_body is not null and e.received_at < p_before
      and not payments_private.is_frozen(e.received_at, e.received_at, null, e.object_id)
    order by e.event_id, e.created for update skip locked -- the next purge takes the rest
  )
  update payments_private.processed_events as e set
    encrypted_body = null, status = case when e.status = 'retry' then 'dead' else e.status end
  from old where e.event_id = old.event_id and e.created = old.created;
  get diagnostics purged = row_count;
  return purged;
end
$$;
comment on function payments_private.purge_raw_bodies(timestamptz) is
  'Drops the encrypted bodies of events that could not be projected; the event stays, dead.';

create function payments_private.purge_event_conflicts(p_before timestamptz) returns integer
language plpgsql volatile
set search_path = ''
as $$
declare
  purged integer;
begin
  delete from payments_private.event_conflicts as c
  where c.received_at < p_before and not payments_private.is_frozen(c.received_at, c.received_at, null, c.object_id);
  get diagnostics purged = row_count;
  return purged;
end
$$;
comment on function payments_private.purge_event_conflicts(timestamptz) is 'Deletes records of reused event ids.';

create function payments_private.purge_client_details(p_before timestamptz) returns integer
language plpgsql volatile
set search_path = ''
as $$
declare
  purged integer;
begin
  delete from payments_private.client_details as c
  where c.created_at < p_before and not payments_private.is_frozen(c.created_at, c.created_at, c.user_id);
  get diagnostics purged = row_count;
  return purged;
end
$$;
comment on function payments_private.purge_client_details(timestamptz) is 'Deletes clients'' addresses and agents.';

create function payments_private.purge_reservations(p_before timestamptz) returns integer
language plpgsql volatile
set search_path = ''
as $$
declare
  purged integer;
begin
  -- an open or reserved one may still be paid; a slot still answers for a completed one
  delete from payments_private.checkout_reservations as r
  where r.state in ('completed', 'expired', 'released') and r.closed_at < p_before
    and not exists (select from payments_private.reservation_slots as s where s.reservation_id = r.id)
    and not payments_private.is_frozen(r.created_at, r.closed_at, r.user_id, r.session_id);
  get diagnostics purged = row_count;
  return purged;
end
$$;
comment on function payments_private.purge_reservations(timestamptz) is 'Deletes checkouts that are closed and hold no slot.';

create function payments_private.purge_domain_events(p_before timestamptz) returns integer
language plpgsql volatile
set search_path = ''
as $$
declare
  purged integer;
begin
  delete from payments.outbox as o
  where o.state = 'delivered' and o.delivered_at < p_before
    and not payments_private.is_frozen(o.created_at, o.delivered_at, o.user_id, o.object_id);
  get diagnostics purged = row_count;
  return purged;
end
$$;
comment on function payments_private.purge_domain_events(timestamptz) is
  'Deletes domain events that were delivered; those still to be told stay.';

create function payments_private.purge_refusal_counts(p_before timestamptz) returns integer
language plpgsql volatile
set search_path = ''
as $$
declare
  purged integer;
begin
  delete from payments_private.rate_refusals as r
  where r.window_at < p_before and not payments_private.is_frozen(r.window_at, r.window_at + interval '10 minutes');
  get diagnostics purged = row_count;
  return purged;
end
$$;
comment on function payments_private.purge_refusal_counts(timestamptz) is 'Deletes counts of refusals by a limit.';

create function payments_private.purge_rule_actions(p_before timestamptz) returns integer
language plpgsql volatile
set search_path = ''
as $$
declare
  checks integer;
  enforced integer;
  holds integer;
begin
  delete from payments_private.country_checks as c
  where c.checked_at < p_before
    and not payments_private.is_frozen(c.checked_at, c.checked_at, null, c.subject);
  get diagnostics checks = row_count;
  delete from payments_private.enforcements as e
  where e.finished_at < p_before
    and not payments_private.is_frozen(e.requested_at, e.finished_at, null, e.object_id);
  get diagnostics enforced = row_count;
  delete from payments_private.address_holds as h
  where coalesce(h.released_at, h.expires_at) < p_before
    and not payments_private.is_frozen(h.placed_at, coalesce(h.released_at, h.expires_at));
  get diagnostics holds = row_count;
  return checks + enforced + holds;
end
$$;
comment on function payments_private.purge_rule_actions(timestamptz) is
  'Deletes what the country policy judged, what rules had done and their holds on addresses that ended; the audit log keeps all of it.';

create function payments_private.purge_resolved_alerts(p_before timestamptz) returns integer
language plpgsql volatile
set search_path = ''
as $$
declare
  purged integer;
begin
  delete from payments_private.alerts as a
  where a.resolved_at < p_before and not payments_private.is_frozen(a.first_seen_at, a.resolved_at);
  get diagnostics purged = row_count;
  return purged;
end
$$;
comment on function payments_private.purge_resolved_alerts(timestamptz) is 'Deletes alerts that were resolved; open ones stay.';

create function payments_private.purge_classes() returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  class_name text;
  purged integer;
  counts jsonb := '{}';
begin
  for class_name in select c.class from payments_private.retention_classes as c order by c.class loop
    continue when pg_catalog.to_regprocedure('payments_private.purge_' || class_name || '(timestamptz)') is null;
    execute format('select payments_private.%I($1)', 'purge_' || class_name)
    into purged using payments_private.kept_since(class_name);
    counts := counts || jsonb_build_object(class_name, purged);
  end loop;
  return counts;
end
$$;
comment on function payments_private.purge_classes() is
  'Runs purge_<class> for every retention class that has one; returns how many rows each deleted.';

create function payments.purge(p_forced boolean) returns jsonb
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
declare
  counts jsonb;
begin
  perform from payments_private.purge_runs as r
  where p_forced or r.finished_at is null or r.finished_at < now() - interval '1 day'
  for update skip locked;
  if not found then
    return '{"due": false}';
  end if;
  -- a hold that is being placed is waited for, and one that comes now waits: what it covers is there
  lock table payments_private.legal_holds in share mode;
  perform payments_private.note_key_uses(); -- before what it reads goes
  perform payments_private.purge_event_ids(payments_private.kept_since('events'));
  counts := payments_private.purge_classes();

  -- what only serves for a day, and has no class: it is nobody's evidence
  delete from payments_private.idempotency_keys as k where k.created_at < now() - interval '24 hours';
  delete from payments_private.rate_limits as l where l.arrival_at < now() - interval '1 day';
  delete from payments_private.declines as d
  where d.occurred_at < now() - interval '1 day'
    and not payments_private.is_frozen(d.occurred_at, d.occurred_at, d.user_id);
  -- kept for a hold alone, so it goes with the hold
  delete from payments_private.held_rows as h
  where not payments_private.is_frozen(h.happened_at, h.held_at, h.user_id);

  -- last, because it keeps deliveries out until this transaction ends
  counts := jsonb_build_object('partitions', payments_private.change_months()) || counts;
  update payments_private.purge_runs set finished_at = now();
  perform audit.append('service', 'payments_worker', 'purge.finished', 'success', 'purge', null, p_detail => counts);
  return jsonb_build_object('due', true, 'done', (
    select coalesce(sum(c.value::integer), 0) from jsonb_each_text(counts) as c));
end
$$;
comment on function payments.purge(boolean) is
  'Once a day (or forced): makes partitions ahead of time, and drops what its retention class or its purpose no longer needs and no legal hold covers. Returns {due, done}.';

grant execute on function payments.purge(boolean) to payments_worker;

reset role;
