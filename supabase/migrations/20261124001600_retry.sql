-- Purpose: events that could not be applied are tried again, then become dead letters people can replay.
-- Objects: retry columns of processed_events; payments.claim_retries, finish_retry;
--          payments_private.replay_events.
-- Risk:    private; none to the hot path. Locks are taken in its order: the object, its mark, the event's row.
--          The object's comes first wherever two of them are, so that nobody waits for each other.

set role payments_owner;

alter table payments_private.processed_events
  add column next_attempt_at timestamptz,
  add column lease bigint,
  add column leased_until timestamptz;
comment on column payments_private.processed_events.next_attempt_at is 'When an event in retry is due; null means now.';
comment on column payments_private.processed_events.lease is 'Fencing token of the worker that is retrying it.';

create function payments_private.note_retry_end(
  p_event payments_private.processed_events, p_request_id text, p_failure text
) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  if p_event.status = 'dead' then
    perform payments_private.raise_alert('dead_letter', p_event.event_id, 'critical',
      jsonb_build_object('event_type', p_event.event_type));
  end if;
  perform audit.append('service', 'payments_worker', 'event.' || p_event.status,
    case when p_event.status in ('retry', 'dead') then 'failure' else 'success' end,
    p_event.object_kind, p_event.object_id, p_request_id, null, left(p_failure, 200),
    jsonb_build_object('event', p_event.event_id, 'attempt', p_event.attempts));
end
$$;
comment on function payments_private.note_retry_end(payments_private.processed_events, text, text) is
  'The audit row of one more attempt at an event, and the alert of one that is dead.';

create function payments.claim_retries(p_limit integer, p_lease_seconds integer) returns jsonb
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
declare
  token bigint := nextval('payments_private.ticket_numbers');
  claimed jsonb;
  given_up payments_private.processed_events[];
  event payments_private.processed_events;
begin
  with due as (
    -- counted at the claim: one whose worker dies each time has an end, too
    select e.event_id, e.created, e.attempts >= 15 as is_over from payments_private.processed_events as e
    where e.status = 'retry' and coalesce(e.next_attempt_at, e.received_at) <= now()
      and (e.leased_until is null or e.leased_until < now())
    order by e.next_attempt_at nulls first limit least(greatest(p_limit, 0), 100)
    for update skip locked
  ), leased as (
    update payments_private.processed_events as e set
      lease = token, attempts = e.attempts + 1,
      leased_until = now() + make_interval(secs => least(greatest(p_lease_seconds, 1), 600)),
      -- where the worker is not heard of again; a pause grows whoever failed
      next_attempt_at = now() + make_interval(secs => least(greatest(p_lease_seconds, 1), 600))
        + payments_private.backoff(e.attempts + 1)
    from due where e.event_id = due.event_id and e.created = due.created and not due.is_over
    returning e.*
  ), ended as (
    update payments_private.processed_events as e set
      status = 'dead', last_error = 'worker_lost', lease = null, leased_until = null, next_attempt_at = null
    from due where e.event_id = due.event_id and e.created = due.created and due.is_over
    returning e
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'event_id', l.event_id, 'event_type', l.event_type, 'created', extract(epoch from l.created)::bigint,
    'object_kind', l.object_kind, 'object_id', l.object_id, 'attempt', l.attempts, 'lease', token,
    'has_projection', l.projection is not null, 'encrypted_body', l.encrypted_body)), '[]'),
    (select array_agg(d.e) from ended as d)
  into claimed, given_up from leased as l;
  foreach event in array coalesce(given_up, '{}') loop
    perform payments_private.note_retry_end(event, null, event.last_error);
  end loop;
  return claimed;
end
$$;
comment on function payments.claim_retries(integer, integer) is
  'Leases up to p_limit due events in retry (at most 100). encrypted_body is there where the event could not be projected. One whose worker was lost fifteen times ends dead.';

create function payments.finish_retry(
  p_event_id text, p_created bigint, p_lease bigint, p_projection jsonb, p_request_id text, p_error text default null
) returns text
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
declare
  event payments_private.processed_events;
  new_status text;
  failure text := p_error;
begin
  -- the object before the event's row, as everybody does
  perform payments_private.lock_object(e.object_kind, e.object_id) from payments_private.processed_events as e
  where e.event_id = p_event_id and e.created = to_timestamp(p_created)
    and e.object_kind is not null and e.object_id is not null;
  select e.* into event from payments_private.processed_events as e
  where e.event_id = p_event_id and e.created = to_timestamp(p_created) for update;
  if not found or event.lease is distinct from p_lease or event.status <> 'retry' then
    return 'fenced'; -- a worker past its lease changes nothing
  end if;

  if p_error is null then
    select p.status, p.failure into new_status, failure from payments_private.place_event(jsonb_build_object(
      'object_kind', event.object_kind, 'object_id', event.object_id, 'handled', true,
      'projection', coalesce(p_projection, event.projection)), event.created,
      payments_private.always_verifies()) as p;
  end if;
  new_status := case
    when p_error is not null or new_status = 'retry' then
      case when event.attempts >= 15 then 'dead' else 'retry' end
    else new_status end;

  update payments_private.processed_events as e set
    status = new_status, lease = null, leased_until = null,
    next_attempt_at = case when new_status = 'retry' then now() + payments_private.backoff(event.attempts) end,
    last_error = left(failure, 200),
    processed_at = case when new_status in ('applied', 'ignored') then now() end,
    projection = case when new_status in ('retry', 'dead') then e.projection end,
    encrypted_body = case when new_status in ('retry', 'dead') then e.encrypted_body end
  where e.event_id = event.event_id and e.created = event.created
  returning e.* into event;
  perform payments_private.note_retry_end(event, p_request_id, failure);
  return new_status;
end
$$;
comment on function payments.finish_retry(text, bigint, bigint, jsonb, text, text) is
  'Ends one attempt: places the event again with its stored or the given projection, or records p_error. Returns applied, queued, ignored, retry, dead after 15 attempts, or fenced.';

grant execute on function payments.claim_retries(integer, integer) to payments_worker;
grant execute on function payments.finish_retry(text, bigint, bigint, jsonb, text, text) to payments_worker;

create function payments_private.unsettled_events(p_filter jsonb) returns setof payments_private.processed_events
language sql stable
set search_path = ''
as $$
  select e.* from payments_private.processed_events as e
  where e.status in ('retry', 'dead')
    and (p_filter ->> 'event_id' is null or e.event_id = p_filter ->> 'event_id')
    and (p_filter ->> 'event_type' is null or e.event_type = p_filter ->> 'event_type')
    and (p_filter ->> 'object_id' is null or e.object_id = p_filter ->> 'object_id')
    and (p_filter ->> 'status' is null or e.status = p_filter ->> 'status')
    and (p_filter ->> 'received_since' is null or e.received_at >= (p_filter ->> 'received_since')::timestamptz)
  order by e.received_at, e.event_id
$$;
comment on function payments_private.unsettled_events(jsonb) is
  'Events in retry or dead that match a filter {event_id, event_type, object_id, status, received_since}; each key may be absent.';

create function payments_private.replay_method(p_event payments_private.processed_events) returns text
language sql stable
set search_path = ''
as $$
  select case
    when p_event.projection is not null then 'stored_projection'
    when p_event.encrypted_body is not null then 'stored_body'
    when p_event.created > now() - interval '30 days' then 'fetch_event'
    when p_event.object_id is not null then 'fetch_object'
    else 'unreplayable'
  end
$$;
comment on function payments_private.replay_method(payments_private.processed_events) is
  'How a replay would bring the event about: stored_projection, stored_body, fetch_event (30 days), fetch_object, or unreplayable.';

create function payments_private.list_dead_letters(p_filter jsonb) returns jsonb
language sql stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'event_id', e.event_id, 'event_type', e.event_type, 'object_kind', e.object_kind, 'object_id', e.object_id,
    'status', e.status, 'attempts', e.attempts, 'created', e.created, 'received_at', e.received_at,
    'next_attempt_at', e.next_attempt_at, 'last_error', e.last_error,
    'replay', payments_private.replay_method(e)) order by e.received_at, e.event_id), '[]')
  from payments_private.unsettled_events(p_filter) as e
$$;
comment on function payments_private.list_dead_letters(jsonb) is
  'Unsettled events that match a filter, without payloads, with how each would be replayed.';

create function payments_private.replay_events(p_filter jsonb, p_actor_id text, p_reason text) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  chosen payments_private.processed_events[] := array(select e from payments_private.unsettled_events(p_filter) as e);
  objects jsonb;
  object record;
  event payments_private.processed_events;
  replayed integer := 0;
begin
  if coalesce(trim(p_reason), '') = '' then
    raise exception 'a replay needs a reason' using errcode = 'PP002';
  end if;
  select coalesce(jsonb_agg(distinct jsonb_build_object('kind', c.object_kind, 'id', c.object_id)), '[]') into objects
  from unnest(chosen) as c
  where c.object_kind is not null and c.object_id is not null
    and payments_private.replay_method(c) <> 'unreplayable';
  -- All objects, then all marks, then all events, each sorted: in the order in which a webhook, a retry and a
  -- fetch take their own. An object that is held has no event or mark that anybody else is at.
  for object in
    select o ->> 'kind' as kind, o ->> 'id' as id from jsonb_array_elements(objects) as o order by 1, 2
  loop
    perform payments_private.lock_object(object.kind, object.id);
  end loop;
  perform payments_private.mark_objects(objects);
  for event in
    select e.* from payments_private.processed_events as e
    join unnest(chosen) as c on c.event_id = e.event_id and c.created = e.created
    -- not one that was settled meanwhile
    where e.status in ('retry', 'dead') and payments_private.replay_method(e) <> 'unreplayable'
    order by e.event_id, e.created for update of e
  loop
    update payments_private.processed_events as e set
      status = 'retry', attempts = 1, next_attempt_at = now(), lease = null, leased_until = null
    where e.event_id = event.event_id and e.created = event.created;
    perform payments_private.resolve_alert('dead_letter', event.event_id);
    perform audit.append('staff', p_actor_id, 'event.replayed', 'success', event.object_kind, event.object_id,
      null, null, left(p_reason, 500), jsonb_build_object('event', event.event_id));
    replayed := replayed + 1;
  end loop;
  return jsonb_build_object('replayed', replayed, 'unreplayable', (
    select count(*) from unnest(chosen) as c where payments_private.replay_method(c) = 'unreplayable'));
end
$$;
comment on function payments_private.replay_events(jsonb, text, text) is
  'Puts unsettled events that match a filter back in line and marks their objects; each replay is audited with its reason. Raises PP002 without one.';

reset role;
