-- Purpose: staff find an event, see how it went, and have a dead one tried again.
-- Objects: audit.event_rows; payments_private.search_windows; payments.staff_list_events, staff_show_event,
--          staff_replay_events;
--          permissions event.read, event.replay; an index on the time of receipt.
-- Risk:    an event names Stripe objects, never a payload. A replay applies what Stripe says and nothing
--          else; who may not replay may not see what a replay would do either.

set role audit_owner;

create function audit.event_rows(p_event text, p_kind text, p_object text)
returns table (
  id uuid, occurred_at timestamptz, actor_type text, actor_id text, action text, outcome text, reason text,
  request_id text, seal_number bigint)
language plpgsql stable
security definer -- payments_owner may not read the log; it gets the rows about one event
set search_path = ''
as $$
begin
  return query
  select l.id, l.occurred_at, l.actor_type::text, l.actor_id::text, l.action::text, l.outcome::text, l.reason::text,
    l.request_id::text, (select s.seal_number from audit.seal_entries as s where s.log_id = l.id)
  from audit.audit_logs as l
  where (l.actor_id = p_event
    or (l.resource_type = p_kind and l.resource_id = p_object and l.detail ->> 'event' = p_event)
    or (l.resource_type = 'event' and l.resource_id = p_event))
    and l.action not like 'staff.%' -- who looked at it, and why, is for those who may read the trail
    and p_event ~ '^evt_'
  order by l.occurred_at desc limit 200;
end
$$;
comment on function audit.event_rows(text, text, text) is
  'The audit rows about one event, oldest first, at most 200, each with the number of its seal.';
grant execute on function audit.event_rows(text, text, text) to payments_owner;

reset role;
set role payments_owner;

insert into payments_private.role_permissions (role, permission) values
  ('admin', 'event.read'), ('finance', 'event.read'), ('support', 'event.read'), ('auditor', 'event.read'),
  ('admin', 'event.replay');

-- Events come in the order of their time, so a block range index finds an hour of them; it costs an insert
-- nothing to speak of, where a tree would cost one more page.
create index events_by_receipt on payments_private.processed_events using brin (received_at)
  with (pages_per_range = 16, autosummarize = on);

create function payments_private.search_windows(p_since timestamptz, p_until timestamptz, p_before_at timestamptz)
returns table (starts timestamptz, ends timestamptz)
language plpgsql volatile
security definer -- called from audit_owner's procedures, and must not run as audit_owner
set search_path = ''
as $$
declare
  span interval := '1 hour';
begin
  -- the row that a page ended with is in the first window of the next one
  ends := least(p_until, p_before_at + interval '1 microsecond', 'infinity');
  loop
    starts := greatest(least(ends, clock_timestamp()) - span, p_since);
    return next;
    exit when starts <= p_since;
    ends := starts;
    span := span * 5;
  end loop;
end
$$;
comment on function payments_private.search_windows(timestamptz, timestamptz, timestamptz) is
  'Windows of growing length from the newest back to p_since: the newest rows are wanted, and a year is read only where the last hour, day, week do not fill the page. p_since must be finite.';
grant execute on function payments_private.search_windows(timestamptz, timestamptz, timestamptz) to audit_owner;

create function payments_private.events_between(
  p_filter jsonb, p_from timestamptz, p_to timestamptz, p_before_at timestamptz, p_limit integer
) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(to_jsonb(l) order by l.received_at desc, l.event_id desc), '[]') from (
      select e.event_id, e.event_type, e.object_kind, e.object_id, e.status, e.attempts, e.livemode, e.created,
        e.received_at, e.processed_at, e.next_attempt_at, e.last_error
      from payments_private.processed_events as e
      where e.received_at >= p_from and e.received_at < p_to
        and (p_filter ->> 'event_id' is null or e.event_id = p_filter ->> 'event_id')
        and (p_filter ->> 'event_type' is null or e.event_type = p_filter ->> 'event_type')
        and (p_filter ->> 'object_id' is null or e.object_id = p_filter ->> 'object_id')
        and (p_filter ->> 'status' is null or e.status = p_filter ->> 'status')
        -- the page after this row
        and (p_before_at is null
          or (e.received_at, e.event_id) < (p_before_at, coalesce(p_filter ->> 'before_id', '')))
      order by e.received_at desc, e.event_id desc
      limit p_limit
    ) as l);
end
$$;
comment on function payments_private.events_between(jsonb, timestamptz, timestamptz, timestamptz, integer) is
  'One window of payments_private.list_events: matching events received from p_from until p_to, newest first.';

create function payments_private.list_events(p_filter jsonb, p_limit integer) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  -- as far back as events are kept, and no further
  since timestamptz := greatest(coalesce((p_filter ->> 'since')::timestamptz, now() - interval '1 day'),
    now() - make_interval(days => 31 + (
      select r.keep_days from payments_private.retention_classes as r where r.class = 'events')));
  before_at timestamptz := (p_filter ->> 'before_at')::timestamptz;
  wanted integer := least(greatest(coalesce(p_limit, 50), 1), 200);
  page record;
  found jsonb := '[]';
begin
  for page in
    select w.* from payments_private.search_windows(since, (p_filter ->> 'until')::timestamptz, before_at) as w
  loop
    found := found || payments_private.events_between(
      p_filter, page.starts, page.ends, before_at, wanted - jsonb_array_length(found));
    exit when jsonb_array_length(found) >= wanted;
  end loop;
  return found;
end
$$;
comment on function payments_private.list_events(jsonb, integer) is
  'Events, newest receipt first, at most 200, without payloads. p_filter: {event_id, event_type, object_id, status, since, until, before_at, before_id}, each may be absent; without since, the last day.';

create function payments_private.is_event_filter(p_filter jsonb, p_keys text[]) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  return jsonb_typeof(p_filter) = 'object' and not exists (
    select from jsonb_each(p_filter) as f
    where f.key <> all (p_keys) or jsonb_typeof(f.value) <> 'string' or length(f.value #>> '{}') > 255);
end
$$;
comment on function payments_private.is_event_filter(jsonb, text[]) is
  'Whether it is an object of short texts under these keys and no others: what is misspelt must not find everything.';

create function payments.staff_list_events(p_filter jsonb default '{}', p_limit integer default 50) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it reads anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('event.read', 'looks at events', 'event', null);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  if payments_private.is_event_filter(p_filter, array['event_id', 'event_type', 'object_id', 'status', 'since',
    'until', 'before_at', 'before_id']) is not true then
    return '{"ok": false, "code": "invalid_filter"}';
  end if;
  return jsonb_build_object('ok', true, 'events', payments_private.list_events(p_filter, p_limit));
exception when data_exception then
  return '{"ok": false, "code": "invalid_filter"}';
end
$$;
comment on function payments.staff_list_events(jsonb, integer) is
  'Events by {event_id, event_type, object_id, status, since, until, before_at, before_id}, newest first, without payloads: {ok, code, events}. No person is named, so no reason is asked. Permission event.read.';

create function payments_private.show_event(p_event text) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'event', jsonb_build_object(
        'event_id', e.event_id, 'event_type', e.event_type, 'object_kind', e.object_kind, 'object_id', e.object_id,
        'livemode', e.livemode, 'api_version', e.api_version, 'status', e.status, 'attempts', e.attempts,
        'created', e.created, 'received_at', e.received_at, 'processed_at', e.processed_at,
        'next_attempt_at', e.next_attempt_at, 'last_error', e.last_error, 'body_sha256', e.body_sha256,
        'secret_fingerprint', e.secret_fingerprint, 'request_id', e.request_id,
        'keeps', case when e.projection is not null then 'projection'
          when e.encrypted_body is not null then 'encrypted body' else 'nothing' end,
        'replay', case when e.status in ('retry', 'dead') then payments_private.replay_method(e) end),
      'object', (
        select jsonb_build_object('as_of', case when isfinite(o.as_of) then o.as_of end, 'ticket', o.ticket,
          'moved_by', o.moved_by, 'deleted_at', o.deleted_at)
        from payments_private.mirrored_objects as o where o.kind = e.object_kind and o.object_id = e.object_id),
      'mark', (
        select jsonb_build_object('marked_at', m.marked_at, 'attempts', m.attempts,
          'next_attempt_at', m.next_attempt_at, 'last_error', m.last_error)
        from payments_private.refresh_marks as m where m.kind = e.object_kind and m.object_id = e.object_id),
      'conflicts', (
        select coalesce(jsonb_agg(jsonb_build_object('received_at', c.received_at, 'event_type', c.event_type,
          'secret_fingerprint', c.secret_fingerprint, 'request_id', c.request_id) order by c.received_at), '[]')
        from payments_private.event_conflicts as c where c.event_id = e.event_id),
      'audit', (
        select coalesce(jsonb_agg(to_jsonb(r) order by r.occurred_at), '[]')
        from audit.event_rows(e.event_id, e.object_kind, e.object_id) as r))
    from payments_private.processed_events as e where e.event_id = p_event
    order by e.created desc limit 1);
end
$$;
comment on function payments_private.show_event(text) is
  'All that is known of an event, without a payload: {event, object, mark, conflicts, audit}; null for an unknown one.';

create function payments.staff_show_event(p_event text, p_reason text) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it reads anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('event.read', p_reason, 'event', left(p_event, 255));
  found jsonb;
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  found := payments_private.show_event(p_event);
  if found is null then
    perform payments_private.staff_sought_in_vain(p_reason, 'event', p_event);
    return '{"ok": false, "code": "not_found"}';
  end if;
  perform payments_private.staff_done(
    payments_private.current_user_id()::text, 'staff.event_read', p_reason, 'event', p_event);
  return found || '{"ok": true}';
end
$$;
comment on function payments.staff_show_event(text, text) is
  'An event with its object, mark, conflicts and audit rows: {ok, code, event, object, mark, conflicts, audit}. Permission event.read.';

create function payments.staff_replay_events(p_filter jsonb, p_reason text, p_dry_run boolean default true)
returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it touches anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('event.replay', p_reason, 'event', left(p_filter ->> 'event_id', 255));
  letters jsonb;
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  -- not everything that there is by a filter that was forgotten
  if payments_private.is_event_filter(p_filter, array['event_id', 'event_type', 'object_id', 'status',
    'received_since']) is not true or p_filter = '{}' then
    return '{"ok": false, "code": "invalid_filter"}';
  end if;
  perform (p_filter ->> 'received_since')::timestamptz; -- also where there is no event to compare it with
  letters := payments_private.list_dead_letters(p_filter);
  if coalesce(p_dry_run, true) then
    perform payments_private.staff_done(payments_private.current_user_id()::text, 'staff.replay_tried', p_reason,
      'event', left(p_filter ->> 'event_id', 255), jsonb_build_object('matching', jsonb_array_length(letters)));
    return jsonb_build_object('ok', true, 'dry_run', true, 'matching', jsonb_array_length(letters),
      'letters', jsonb_path_query_array(letters, '$[0 to 99]'));
  end if;
  if letters = '[]' then
    return '{"ok": false, "code": "not_found"}';
  end if;
  return jsonb_build_object('ok', true, 'dry_run', false, 'matching', jsonb_array_length(letters))
    || payments_private.replay_events(p_filter, payments_private.current_user_id()::text, p_reason);
exception when data_exception then
  return '{"ok": false, "code": "invalid_filter"}';
end
$$;
comment on function payments.staff_replay_events(jsonb, text, boolean) is
  'Puts unsettled events that match {event_id, event_type, object_id, status, received_since} back in line, or shows which: {ok, code, dry_run, matching, letters, replayed, unreplayable}. At least one key; a dry run unless p_dry_run is false. Permission event.replay.';

grant execute on function payments.staff_list_events(jsonb, integer) to authenticated;
grant execute on function payments.staff_show_event(text, text) to authenticated;
grant execute on function payments.staff_replay_events(jsonb, text, boolean) to authenticated;

reset role;
