-- Purpose: find what Stripe never told us, and heal it.
-- Objects: payments_private.reconcile_runs; settings.object_scan_interval_hours;
--          payments.begin_reconcile, pause_, fail_ and finish_reconcile, unknown_events, record_found_event, take_ticket,
--          apply_scanned, mark_unseen, learn_account.
-- Risk:    private; one run at a time, fenced.
--
-- A run counts only if all of it succeeded: the cursor moves in finish_reconcile, and nowhere else.
-- /v1/events is eventually consistent, so the cursor stays five minutes behind and runs overlap by ten.

set role payments_owner;

create table payments_private.reconcile_runs (
  mode text primary key,
  cursor_at timestamptz,
  finished_at timestamptz,
  progress jsonb,
  lease bigint,
  leased_until timestamptz,
  constraint mode_is_known check (mode in ('hourly', 'nightly', 'scan'))
);
comment on table payments_private.reconcile_runs is
  'State of each kind of reconciliation: hourly (events since the cursor), nightly (all events of 30 days), scan (all objects).';
comment on column payments_private.reconcile_runs.progress is 'Where a run that ran out of time goes on.';
comment on column payments_private.reconcile_runs.cursor_at is 'Hourly: events made before this are known to be here.';
insert into payments_private.reconcile_runs (mode) values ('hourly'), ('nightly'), ('scan');
alter table payments_private.reconcile_runs enable row level security;

alter table payments_private.settings
  add column object_scan_interval_hours integer not null default 24,
  add constraint scans_come_again check (object_scan_interval_hours between 1 and 24 * 365);
comment on column payments_private.settings.object_scan_interval_hours is
  'Hours between two scans of all objects at Stripe, one call for each hundred objects of a kind.';

create function payments.begin_reconcile(p_mode text, p_forced boolean, p_lease_seconds integer) returns jsonb
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
declare
  run payments_private.reconcile_runs;
  token bigint;
begin
  select r.* into run from payments_private.reconcile_runs as r where r.mode = p_mode for update skip locked;
  if not found or run.leased_until > now() then
    return '{"due": false}';
  end if;
  if not p_forced and run.progress is null and not (case p_mode
    when 'hourly' then run.finished_at is null or run.finished_at < now() - interval '1 hour'
    when 'nightly' then run.finished_at is null or run.finished_at < now() - interval '1 day'
    -- events reach back 30 days: older gaps, what was at Stripe before we were, and a GET there that
    -- was not read-after-write, need the objects
    when 'scan' then run.finished_at is null
      or run.finished_at < now() - make_interval(hours => (
        select s.object_scan_interval_hours from payments_private.settings as s))
      or exists (
        select from payments_private.reconcile_runs as h
        where h.mode = 'hourly' and h.cursor_at < now() - interval '29 days')
  end) then
    return '{"due": false}';
  end if;
  token := nextval('payments_private.ticket_numbers');
  update payments_private.reconcile_runs as r set
    lease = token, leased_until = now() + make_interval(secs => least(greatest(p_lease_seconds, 1), 3600))
  where r.mode = p_mode;
  return jsonb_build_object('due', true, 'run', coalesce(run.progress, jsonb_build_object(
    'began_at', extract(epoch from now())::bigint,
    'since', extract(epoch from case p_mode
      when 'hourly' then coalesce(run.cursor_at, now() - interval '30 days') - interval '10 minutes'
      else now() - interval '30 days' end)::bigint,
    'place', '{}'::jsonb
  )) || jsonb_build_object('lease', token));
end
$$;
comment on function payments.begin_reconcile(text, boolean, integer) is
  'Takes the lease of a reconciliation if it is due (or forced) and nobody has it: {due, run: {lease, began_at, since, place}}, with the place that pause_reconcile saved; times in unix seconds.';

create function payments.pause_reconcile(p_mode text, p_lease bigint, p_progress jsonb) returns boolean
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
begin
  update payments_private.reconcile_runs as r set progress = p_progress, lease = null, leased_until = null
  where r.mode = p_mode and r.lease = p_lease;
  return found;
end
$$;
comment on function payments.pause_reconcile(text, bigint, jsonb) is
  'Saves how far a run came that ran out of time; the next one goes on from there. False when the lease was lost.';

create function payments.finish_reconcile(p_mode text, p_lease bigint, p_began_at bigint, p_detail jsonb) returns boolean
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
begin
  update payments_private.reconcile_runs as r set
    finished_at = now(), progress = null, lease = null, leased_until = null,
    cursor_at = greatest(r.cursor_at, to_timestamp(p_began_at) - interval '5 minutes')
  where r.mode = p_mode and r.lease = p_lease; -- a worker past its lease moves no cursor
  if not found then
    return false;
  end if;
  if p_mode = 'nightly' then
    update payments_private.reconcile_runs as r set
      cursor_at = greatest(r.cursor_at, to_timestamp(p_began_at) - interval '5 minutes')
    where r.mode = 'hourly';
  end if;
  perform audit.append('service', 'payments_worker', 'reconcile.finished', 'success', 'reconcile', p_mode,
    p_detail => p_detail);
  return true;
end
$$;
comment on function payments.finish_reconcile(text, bigint, bigint, jsonb) is
  'Counts a run that succeeded whole, and moves the cursor to five minutes before it began; false when the lease was lost.';

create function payments.fail_reconcile(p_mode text, p_lease bigint) returns void
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
declare
  last_finished timestamptz;
begin
  -- a minute's pause, so that a broken Stripe is not asked by every tick
  update payments_private.reconcile_runs as r set
    lease = null, leased_until = now() + interval '1 minute', progress = null
  where r.mode = p_mode and r.lease = p_lease
  returning r.finished_at into last_finished;
  if found and last_finished < now() - (case p_mode when 'hourly' then interval '3 hours' else interval '2 days' end) then
    perform payments_private.raise_alert('reconcile_overdue', p_mode, 'warning',
      jsonb_build_object('last_finished_at', last_finished));
  end if;
end
$$;
comment on function payments.fail_reconcile(text, bigint) is
  'Gives a failed run back; it is due again after a minute. Alerts when the last good run is too long ago.';

create function payments.unknown_events(p_events jsonb) returns jsonb
language sql stable
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
  select coalesce(jsonb_agg(asked.id), '[]')
  from jsonb_to_recordset(p_events) as asked (id text, created bigint)
  where not exists (
    select from payments_private.processed_events as e
    where e.event_id = asked.id and e.created = to_timestamp(asked.created)
      and payments_private.is_settled(e, true))
$$;
comment on function payments.unknown_events(jsonb) is
  'Of handled events [{id, created}], the ids that are not here or not done: missing, dead, in retry, ignored by an older version, queued without a mark.';

create function payments.record_found_event(p_event jsonb) returns jsonb
language sql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
  -- found late, so its snapshot is not to be trusted: without a projection it only marks
  select payments.ingest_event(p_event - 'projection' - 'projection_error' - 'encrypted_body')
$$;
comment on function payments.record_found_event(jsonb) is
  'Takes in an event that reconciliation found at Stripe; it marks its object and nothing else.';

create function payments.apply_scanned(p_kind text, p_ticket bigint, p_as_of bigint, p_projections jsonb) returns integer
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
declare
  projection jsonb;
  applied integer := 0;
begin
  for projection in
    select p.value from jsonb_array_elements(p_projections) as p order by p.value ->> 'id'
  loop
    if payments_private.apply_fetched(p_kind, projection ->> 'id', p_ticket, to_timestamp(p_as_of), projection) = 'applied' then
      applied := applied + 1;
    end if;
  end loop;
  return applied;
end
$$;
comment on function payments.apply_scanned(text, bigint, bigint, jsonb) is
  'Applies one page of a list of objects. The ticket must have been taken before the page was asked for.';

create function payments.take_ticket() returns bigint
language sql volatile
security definer -- the worker's role has no access to the sequence
set search_path = ''
as $$
  select nextval('payments_private.ticket_numbers')
$$;
comment on function payments.take_ticket() is 'Dates a fetch that is about to begin.';

create function payments.mark_unseen(p_kind text, p_ticket bigint) returns integer
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
declare
  unseen jsonb;
begin
  select coalesce(jsonb_agg(jsonb_build_object('kind', m.kind, 'id', m.object_id)), '[]') into unseen
  from payments_private.mirrored_objects as m
  where m.kind = p_kind and m.ticket < p_ticket and m.deleted_at is null;
  perform payments_private.mark_objects(unseen);
  return jsonb_array_length(unseen);
end
$$;
comment on function payments.mark_unseen(text, bigint) is
  'Marks objects that a whole scan, whose first ticket is p_ticket, did not come across: deleted at Stripe, or not listed.';

create function payments.mark_for_refresh(p_objects jsonb) returns void
language sql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
  select payments_private.mark_objects(p_objects)
$$;
comment on function payments.mark_for_refresh(jsonb) is 'Marks objects [{kind, id}] for a fetch from Stripe.';

create function payments.learn_account(p_account_id text, p_found boolean) returns boolean
language sql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
  select payments_private.is_our_account(p_account_id, p_found)
    or not exists (select from payments_private.stripe_account)
$$;
comment on function payments.learn_account(text, boolean) is
  'False when another Stripe account is mirrored here: nothing found under this key may be applied. p_found: objects were found, so this account becomes the one that is mirrored if there was none.';

grant execute on function payments.begin_reconcile(text, boolean, integer) to payments_worker;
grant execute on function payments.finish_reconcile(text, bigint, bigint, jsonb) to payments_worker;
grant execute on function payments.pause_reconcile(text, bigint, jsonb) to payments_worker;
grant execute on function payments.fail_reconcile(text, bigint) to payments_worker;
grant execute on function payments.unknown_events(jsonb) to payments_worker;
grant execute on function payments.record_found_event(jsonb) to payments_worker;
grant execute on function payments.apply_scanned(text, bigint, bigint, jsonb) to payments_worker;
grant execute on function payments.take_ticket() to payments_worker;
grant execute on function payments.mark_unseen(text, bigint) to payments_worker;
grant execute on function payments.mark_for_refresh(jsonb) to payments_worker;
grant execute on function payments.learn_account(text, boolean) to payments_worker;

reset role;
