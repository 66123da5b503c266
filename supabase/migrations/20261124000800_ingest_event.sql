-- Purpose: take in one verified Stripe event: dedupe, order, effect and audit row in one transaction.
-- Objects: payments.ingest_event; payments_private.settings, lock_object, show_object, apply_snapshot,
--          mark_objects, place_event, find_event, ingest_again.
-- Risk:    the hot path; every lock is taken in the order event, object, rows, marks. Each statement costs
--          as much as the row it writes (docs/benchmarks.md): none more than it needs.

set role payments_owner;

create function payments_private.lock_object(p_kind text, p_object_id text)
returns payments_private.mirrored_objects
language plpgsql volatile
set search_path = ''
as $$
declare
  object payments_private.mirrored_objects;
begin
  select * into object from payments_private.mirrored_objects as m
  where m.kind = p_kind and m.object_id = p_object_id for update;
  if not found then
    insert into payments_private.mirrored_objects (kind, object_id) values (p_kind, p_object_id)
    on conflict do nothing;
    select * into object from payments_private.mirrored_objects as m
    where m.kind = p_kind and m.object_id = p_object_id for update;
  end if;
  return object;
end
$$;
comment on function payments_private.lock_object(text, text) is
  'Returns the object''s row, made if it was not there, locked until the transaction ends.';

create function payments_private.show_object(
  p_kind text, p_object_id text, p_projection jsonb, p_is_deleted boolean, p_as_of timestamptz
) returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  before jsonb;
begin
  -- the frequent kinds tell what they change themselves
  if not p_is_deleted and p_kind not in ('refund', 'dispute', 'entitlements.active_entitlement_summary') then
    perform payments_private.write_object(p_kind, p_projection);
    return;
  end if;
  before := payments_private.read_object(p_kind, p_object_id);
  if p_is_deleted then
    perform payments_private.delete_object(p_kind, p_object_id, p_as_of);
  else
    perform payments_private.write_object(p_kind, p_projection);
  end if;
  perform payments_private.emit_domain_events(
    p_kind, p_object_id, before, payments_private.read_object(p_kind, p_object_id));
end
$$;
comment on function payments_private.show_object(text, text, jsonb, boolean, timestamptz) is
  'Writes a projection into its mirror table, and the domain events that lie between before and after.';

create function payments_private.apply_snapshot(
  p_kind text, p_object_id text, p_projection jsonb, p_as_of timestamptz, p_ticket bigint, p_moved_by text
) returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  is_deleted boolean := coalesce((p_projection ->> 'deleted')::boolean, false);
begin
  perform payments_private.show_object(p_kind, p_object_id, p_projection, is_deleted, p_as_of);
  update payments_private.mirrored_objects as m set
    as_of = greatest(m.as_of, p_as_of),
    ticket = p_ticket,
    moved_by = p_moved_by,
    deleted_at = case when is_deleted then p_as_of end
  where m.kind = p_kind and m.object_id = p_object_id;
end
$$;
comment on function payments_private.apply_snapshot(text, text, jsonb, timestamptz, bigint, text) is
  'Writes what a fetch shows of an object. The caller holds the object''s lock and decided that it is newer.';

create function payments_private.raise_as_of(p_kind text, p_object_id text, p_created timestamptz) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  insert into payments_private.mirrored_objects as m (kind, object_id, as_of)
  values (p_kind, p_object_id, p_created)
  on conflict (kind, object_id) do update set as_of = greatest(m.as_of, excluded.as_of);
end
$$;
comment on function payments_private.raise_as_of(text, text, timestamptz) is
  'Notes that an event of this time was seen of the object, applied or not, and locks the object.';

create function payments_private.mark_object(p_kind text, p_object_id text) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  insert into payments_private.refresh_marks as m (kind, object_id, ticket)
  values (p_kind, p_object_id, nextval('payments_private.ticket_numbers'))
  on conflict (kind, object_id) do update set
    ticket = excluded.ticket, marked_at = now(), attempts = 0, next_attempt_at = now();
end
$$;
comment on function payments_private.mark_object(text, text) is
  'Marks one object for a fetch from Stripe, renewing its ticket if it is marked already.';

create function payments_private.mark_objects(p_objects jsonb) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  -- sorted, so that two transactions that mark the same objects take the locks in one order
  insert into payments_private.refresh_marks as m (kind, object_id, ticket)
  select o.kind, o.id, nextval('payments_private.ticket_numbers')
  from (
    select distinct o ->> 'kind' as kind, o ->> 'id' as id
    from jsonb_array_elements(p_objects) as o
    order by 1, 2
  ) as o
  on conflict (kind, object_id) do update set
    ticket = excluded.ticket, marked_at = now(), attempts = 0, next_attempt_at = now();
end
$$;
comment on function payments_private.mark_objects(jsonb) is
  'Marks objects [{kind, id}] for a fetch from Stripe, renewing the ticket of those that are marked already.';

create function payments_private.is_settled(p_event payments_private.processed_events, p_handled boolean)
returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  -- Not done, so a resend is processed again: failed; ignored by a version that did not handle the
  -- type; queued although the mark is gone.
  return (
    select case p_event.status
      when 'retry' then false
      when 'dead' then false
      when 'ignored' then not p_handled or p_event.created < p_event.received_at - interval '30 days'
      when 'queued' then exists (
        select from payments_private.refresh_marks as m
        where m.kind = p_event.object_kind and m.object_id = p_event.object_id)
      else true
    end);
end
$$;
comment on function payments_private.is_settled(payments_private.processed_events, boolean) is
  'True when a further delivery of the event has nothing left to do.';

create table payments_private.settings (
  only_row boolean primary key default true,
  verify_snapshots text not null default 'when_in_doubt',
  constraint there_is_one_row check (only_row),
  constraint verify_snapshots_is_known check (verify_snapshots in ('when_in_doubt', 'always'))
);
comment on table payments_private.settings is 'Settings of the pipeline.';
comment on column payments_private.settings.verify_snapshots is
  'always: every applied event also marks its object, for those who want no reliance on event times at all.';
insert into payments_private.settings default values;
alter table payments_private.settings enable row level security;

create function payments_private.always_verifies() returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select s.verify_snapshots = 'always' from payments_private.settings as s);
end
$$;
comment on function payments_private.always_verifies() is 'Whether every applied snapshot is to be verified by a fetch.';

create function payments_private.place_event(
  p_event jsonb, p_created timestamptz, p_verifies boolean, out status text, out failure text
)
language plpgsql volatile
set search_path = ''
as $$
declare
  target_kind text := p_event ->> 'object_kind';
  target_id text := p_event ->> 'object_id';
  projection jsonb := p_event -> 'projection';
  is_deleted boolean;
  marks jsonb := p_event -> 'marks';
begin
  if target_kind is null or not (p_event ->> 'handled')::boolean then
    status := 'ignored';
    return;
  end if;

  if p_event ? 'projection_error' then
    status := 'retry';
    failure := p_event ->> 'projection_error';
  elsif p_created < now() - interval '30 days' then
    status := 'ignored';
  elsif p_created < now() - interval '1 hour' or jsonb_typeof(projection) is distinct from 'object' then
    status := 'queued';
  else
    begin -- a projection that cannot be written must not lose the event: kept for retry
      is_deleted := coalesce((projection ->> 'deleted')::boolean, false);
      -- One statement locks the object, compares, and moves it: unless it is known as newer, as nearly as
      -- new, or as deleted; then the row stays as it is, locked until the transaction ends. The ticket is
      -- taken under the lock: nothing that moves the object later has a lower one.
      insert into payments_private.mirrored_objects as m (kind, object_id, as_of, ticket, deleted_at)
      values (target_kind, target_id, p_created, nextval('payments_private.ticket_numbers'),
        case when is_deleted then p_created end)
      on conflict (kind, object_id) do update set
        as_of = excluded.as_of, ticket = nextval('payments_private.ticket_numbers'), moved_by = 'event',
        deleted_at = excluded.deleted_at
      where m.deleted_at is null and excluded.as_of > m.as_of + interval '10 seconds';
      if found then
        status := 'applied';
        perform payments_private.show_object(target_kind, target_id, projection, is_deleted, p_created);
      else
        status := 'queued';
      end if;
    exception when others then
      status := 'retry';
      failure := sqlstate;
    end;
  end if;

  if status <> 'applied' then
    perform payments_private.raise_as_of(target_kind, target_id, p_created);
  end if;
  if jsonb_array_length(marks) > 0 then
    if status <> 'applied' or p_verifies then
      marks := marks || jsonb_build_object('kind', target_kind, 'id', target_id);
    end if;
    perform payments_private.mark_objects(marks);
  elsif status <> 'applied' or p_verifies then
    perform payments_private.mark_object(target_kind, target_id);
  end if;
end
$$;
comment on function payments_private.place_event(jsonb, timestamptz, boolean) is
  'Decides what an event does to its object (docs/adr/0003) and does it; returns the event''s status. p_verifies: mark what is applied, too.';

create function payments.ingest_event(p_event jsonb) returns jsonb
language plpgsql volatile
security definer -- the webhook's role has no table access of its own
set search_path = ''
as $$
declare
  id text := p_event ->> 'event_id';
  made_at timestamptz := to_timestamp((p_event ->> 'created')::bigint);
  is_off boolean;
  verifies boolean;
  placed record;
  outcome text;
  failure text;
begin
  -- one read of the settings for all of it
  select s.stop_all or s.stop_webhooks, s.verify_snapshots = 'always' into is_off, verifies
  from payments_private.settings as s;
  if coalesce(is_off, true) then -- also without its row of settings
    return '{"outcome": "switched_off"}'; -- nothing is stored, so Stripe delivers again
  end if;
  if (p_event ->> 'livemode')::boolean is distinct from (p_event ->> 'expected_livemode')::boolean then
    perform audit.append('stripe', id, 'event.refused', 'refused', p_event ->> 'object_kind',
      p_event ->> 'object_id', p_event ->> 'request_id', p_event ->> 'secret_fingerprint',
      'livemode_mismatch', jsonb_build_object('event_type', p_event ->> 'event_type'));
    return '{"outcome": "livemode_mismatch"}';
  end if;

  -- Deliveries of one event wait for each other here: one of them adds the id.
  insert into payments_private.event_ids (event_id, created) values (id, made_at) on conflict (event_id) do nothing;
  if not found then
    return payments_private.ingest_again(p_event, made_at, verifies);
  end if;

  if (p_event ->> 'malformed')::boolean then
    outcome := 'quarantined';
    failure := 'object_disagrees_with_type';
  else
    placed := payments_private.place_event(p_event, made_at, verifies);
    outcome := placed.status;
    failure := placed.failure;
  end if;
  insert into payments_private.processed_events (
    event_id, created, event_type, object_kind, object_id, livemode, api_version, status,
    processed_at, body_sha256, secret_fingerprint, request_id, projection, encrypted_body, last_error)
  values (
    id, made_at, p_event ->> 'event_type', p_event ->> 'object_kind', p_event ->> 'object_id',
    (p_event ->> 'livemode')::boolean, p_event ->> 'api_version', outcome,
    case when outcome in ('applied', 'ignored', 'quarantined') then now() end,
    p_event ->> 'body_sha256', p_event ->> 'secret_fingerprint', p_event ->> 'request_id',
    case when outcome = 'retry' then nullif(p_event -> 'projection', 'null') end,
    case when outcome = 'retry' then p_event ->> 'encrypted_body' end,
    failure);
  perform audit.append('stripe', id, 'event.' || outcome,
    case when outcome in ('retry', 'quarantined') then 'failure' else 'success' end,
    p_event ->> 'object_kind', p_event ->> 'object_id', p_event ->> 'request_id',
    p_event ->> 'secret_fingerprint', failure, jsonb_build_object('event_type', p_event ->> 'event_type'));
  if p_event ->> 'event_type' in (
    'payment_intent.payment_failed', 'radar.early_fraud_warning.created', 'charge.dispute.created')
    and outcome in ('applied', 'queued', 'retry') then
    perform payments_private.watch_event(p_event);
  end if;
  -- `retry` is ours to finish: Stripe is told that the event is safe with us
  return jsonb_build_object('outcome', case outcome when 'retry' then 'queued' else outcome end);
end
$$;
comment on function payments.ingest_event(jsonb) is
  'Takes in one verified event and returns {outcome: applied|queued|ignored|duplicate|quarantined|livemode_mismatch|switched_off}. Except after the last two, the event is durably recorded.';

create function payments_private.find_event(p_event_id text) returns payments_private.processed_events
language plpgsql stable
set search_path = ''
as $$
declare
  found_event payments_private.processed_events;
begin
  select e.* into found_event from payments_private.event_ids as i
  join payments_private.processed_events as e on e.event_id = i.event_id and e.created = i.created
  where i.event_id = p_event_id;
  return found_event;
end
$$;
comment on function payments_private.find_event(text) is 'The row of an event, whichever month it is kept under; nulls where there is none.';

create function payments_private.ingest_again(p_event jsonb, p_created timestamptz, p_verifies boolean) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  id text := p_event ->> 'event_id';
  known payments_private.processed_events := payments_private.find_event(id);
  placed record;
  outcome text;
  failure text;
begin
  if not payments_private.is_settled(known, (p_event ->> 'handled')::boolean) then
    -- something is left to do: one delivery does it, the next one finds it done
    perform from payments_private.event_ids as i where i.event_id = id for update;
    known := payments_private.find_event(id);
  end if;
  if known.event_id is null and exists (
    select from payments_private.event_ids as i where i.event_id = id and i.created = p_created) then
    return '{"outcome": "duplicate"}'; -- its row was purged: no event that old has an effect
  end if;
  if known.created <> p_created or known.event_type <> p_event ->> 'event_type'
    or known.object_id is distinct from p_event ->> 'object_id' then
    perform payments_private.quarantine_conflict(p_event, p_created);
    return '{"outcome": "quarantined"}';
  end if;
  if payments_private.is_settled(known, (p_event ->> 'handled')::boolean) then
    return '{"outcome": "duplicate"}';
  end if;

  if (p_event ->> 'malformed')::boolean then
    outcome := 'quarantined';
    failure := 'object_disagrees_with_type';
  else
    placed := payments_private.place_event(p_event, p_created, p_verifies);
    outcome := placed.status;
    failure := placed.failure;
  end if;
  update payments_private.processed_events as e set
    -- one that was given up begins anew
    status = outcome, attempts = case e.status when 'dead' then 1 else e.attempts + 1 end,
    processed_at = case when outcome in ('applied', 'ignored', 'quarantined') then now() end,
    projection = case when outcome = 'retry' then nullif(p_event -> 'projection', 'null') end,
    encrypted_body = case when outcome = 'retry' then p_event ->> 'encrypted_body' end,
    last_error = failure, secret_fingerprint = p_event ->> 'secret_fingerprint'
  where e.event_id = id and e.created = p_created;
  perform audit.append('stripe', id, 'event.' || outcome,
    case when outcome in ('retry', 'quarantined') then 'failure' else 'success' end,
    p_event ->> 'object_kind', p_event ->> 'object_id', p_event ->> 'request_id',
    p_event ->> 'secret_fingerprint', failure, jsonb_build_object('event_type', p_event ->> 'event_type'));
  return jsonb_build_object('outcome', case outcome when 'retry' then 'queued' else outcome end);
end
$$;
comment on function payments_private.ingest_again(jsonb, timestamptz, boolean) is
  'Takes in a further delivery of a known event: quarantines one that is another event, does what was left undone.';

create function payments_private.quarantine_conflict(p_event jsonb, p_created timestamptz) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  insert into payments_private.event_conflicts (
    event_id, created, event_type, object_kind, object_id, body_sha256, secret_fingerprint, request_id)
  values (
    p_event ->> 'event_id', p_created, p_event ->> 'event_type', p_event ->> 'object_kind',
    p_event ->> 'object_id', p_event ->> 'body_sha256', p_event ->> 'secret_fingerprint',
    p_event ->> 'request_id');
  perform audit.append('stripe', p_event ->> 'event_id', 'event.quarantined', 'failure',
    p_event ->> 'object_kind', p_event ->> 'object_id', p_event ->> 'request_id',
    p_event ->> 'secret_fingerprint', 'event_id_reused',
    jsonb_build_object('event_type', p_event ->> 'event_type'));
  perform payments_private.raise_alert('event_id_reused', p_event ->> 'event_id', 'critical',
    jsonb_build_object('event_type', p_event ->> 'event_type'));
end
$$;
comment on function payments_private.quarantine_conflict(jsonb, timestamptz) is
  'Keeps a delivery that reuses a known event id for another event; nothing is applied.';

grant execute on function payments.ingest_event(jsonb) to payments_webhook;

reset role;
