-- Purpose: whom an incident touches, computed from the audit trail.
-- Objects: audit.find_touched; payments_private.incident_searches, incident_users, object_owners,
--          find_affected, incident_scope.
-- Risk:    payments_owner learns from the log which ids were touched by whom and when, through one function
--          of the log's owner; it still reads no row.

set role audit_owner;

create function audit.find_touched(
  p_from timestamptz, p_until timestamptz, p_key_fingerprint text, p_actor text, p_action text, p_resource text
) returns table (kind text, id text, times bigint, first_at timestamptz, last_at timestamptz)
language plpgsql stable
security definer -- payments_owner may not read the log; it learns ids, counts and times
set search_path = ''
as $$
begin
  return query
  with found as materialized (
    select l.occurred_at, l.actor_type::text as actor_type, l.actor_id::text as actor_id,
      l.resource_type::text as resource_type, l.resource_id::text as resource_id
    from audit.audit_logs as l
    where l.occurred_at >= p_from and l.occurred_at <= p_until
      and (p_key_fingerprint is null or l.key_fingerprint = p_key_fingerprint)
      and (p_actor is null or l.actor_id = p_actor)
      and (p_action is null or l.action = p_action)
      and (p_resource is null or l.resource_id = p_resource)
      -- what we do about an incident touches nobody
      and l.action not like 'incident.%' and l.resource_type is distinct from 'incident'
  ), touched as (
    select 'user' as kind, f.actor_id as id, f.occurred_at from found as f where f.actor_type = 'user'
    union all
    select f.resource_type, f.resource_id, f.occurred_at from found as f where f.resource_id is not null
  )
  select t.kind, t.id, count(*), min(t.occurred_at), max(t.occurred_at)
  from touched as t where t.id is not null group by t.kind, t.id;
end
$$;
comment on function audit.find_touched(timestamptz, timestamptz, text, text, text, text) is
  'Which users acted and which things were acted on in the rows that match all that is not null.';
grant execute on function audit.find_touched(timestamptz, timestamptz, text, text, text, text) to payments_owner;

reset role;
set role payments_owner;

create table payments_private.incident_searches (
  id uuid primary key default gen_random_uuid(),
  incident_id uuid not null references payments_private.incidents (id) on delete cascade,
  from_at timestamptz not null,
  until_at timestamptz not null,
  key_fingerprint text,
  actor text,
  action text,
  resource text,
  searched_by text not null,
  searched_at timestamptz not null default now(),
  found_users integer not null,
  constraint search_has_a_beginning_before_its_end check (
    from_at <= until_at and from_at >= '2000-01-01' and isfinite(until_at)),
  constraint texts_are_bounded check (
    coalesce(length(key_fingerprint), 0) <= 64 and coalesce(length(actor), 0) <= 255
    and coalesce(length(action), 0) <= 80 and coalesce(length(resource), 0) <= 255)
);
comment on table payments_private.incident_searches is
  'How the affected users of an incident were found: what was searched in the audit trail, by whom and when.';
create index incident_searches_incident on payments_private.incident_searches (incident_id);
alter table payments_private.incident_searches enable row level security;

create table payments_private.incident_users (
  incident_id uuid not null references payments_private.incidents (id) on delete cascade,
  user_id uuid not null,
  times bigint not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  found_at timestamptz not null default now(),
  constraint incident_users_pkey primary key (incident_id, user_id)
);
comment on table payments_private.incident_users is 'Whom an incident touches, as the trail says.';
comment on column payments_private.incident_users.user_id is
  'No reference: that somebody was affected stays true when they delete their account.';
alter table payments_private.incident_users enable row level security;

create view payments_private.object_owners as
  select c.id, c.user_id from payments.customers as c
  union all select s.id, s.user_id from payments.checkout_sessions as s
  union all select s.id, s.user_id from payments.subscriptions as s
  union all select i.id, i.user_id from payments.invoices as i
  union all select p.id, p.user_id from payments.payments as p
  union all select r.id, r.user_id from payments.refunds as r
  union all select d.id, d.user_id from payments.disputes as d
  union all select m.id, m.user_id from payments.payment_methods as m
  union all select e.id, e.user_id from payments.entitlements as e
  union all
  select c.id, p.user_id from payments_private.charges as c join payments.payments as p on p.id = c.payment_id
  union all
  select r.id::text, r.user_id from payments_private.checkout_reservations as r;
comment on view payments_private.object_owners is 'Whose each thing is that an audit row may name.';

create function payments_private.users_touched(
  p_from timestamptz, p_until timestamptz, p_key_fingerprint text, p_actor text, p_action text, p_resource text
) returns table (user_id uuid, times bigint, first_at timestamptz, last_at timestamptz)
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  with touched as materialized (
    select * from audit.find_touched(p_from, p_until, p_key_fingerprint, p_actor, p_action, p_resource)
  ), owned as (
    select t.id::uuid as owner_id, t.times, t.first_at, t.last_at
    from touched as t where t.kind = 'user' and t.id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
    union all
    select o.user_id, t.times, t.first_at, t.last_at
    from touched as t join payments_private.object_owners as o on o.id = t.id
    where t.kind <> 'user' and o.user_id is not null
  )
  select o.owner_id, sum(o.times)::bigint, min(o.first_at), max(o.last_at) from owned as o group by o.owner_id;
end
$$;
comment on function payments_private.users_touched(timestamptz, timestamptz, text, text, text, text) is
  'Who acted in those rows, or owns what was acted on.';

create function payments_private.find_affected(p_actor text, p_incident uuid, p_search jsonb, p_reason text)
returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  refusal text := payments_private.open_incident_for_update(p_incident);
  known text[] := array['from', 'until', 'key_fingerprint', 'actor', 'action', 'resource'];
  search payments_private.incident_searches;
  added integer;
begin
  if refusal is null and (jsonb_typeof(p_search) is distinct from 'object' or p_search ->> 'from' is null
    or exists (select from jsonb_object_keys(p_search) as k where k <> all (known))) then
    refusal := 'invalid_search';
  end if;
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  insert into payments_private.incident_searches (
    incident_id, from_at, until_at, key_fingerprint, actor, action, resource, searched_by, found_users)
  values (p_incident, (p_search ->> 'from')::timestamptz, coalesce((p_search ->> 'until')::timestamptz, now()),
    p_search ->> 'key_fingerprint', p_search ->> 'actor', p_search ->> 'action', p_search ->> 'resource', p_actor, 0)
  returning * into search;
  insert into payments_private.incident_users as u (incident_id, user_id, times, first_at, last_at)
  select p_incident, t.user_id, t.times, t.first_at, t.last_at
  from payments_private.users_touched(
    search.from_at, search.until_at, search.key_fingerprint, search.actor, search.action, search.resource) as t
  on conflict (incident_id, user_id) do update set
    times = greatest(u.times, excluded.times), first_at = least(u.first_at, excluded.first_at),
    last_at = greatest(u.last_at, excluded.last_at);
  get diagnostics added = row_count;
  update payments_private.incident_searches as s set found_users = added where s.id = search.id;
  perform audit.append('staff', p_actor, 'incident.users_found', 'success', 'incident', p_incident::text,
    p_reason => p_reason, p_detail => jsonb_build_object('from', search.from_at, 'until', search.until_at,
      'key_fingerprint', search.key_fingerprint, 'actor', search.actor, 'action', search.action,
      'resource', search.resource, 'users', added));
  return jsonb_build_object('ok', true, 'found', added, 'affected', (
    select count(*) from payments_private.incident_users as u where u.incident_id = p_incident));
exception when data_exception or check_violation then
  return '{"ok": false, "code": "invalid_search"}';
end
$$;
comment on function payments_private.find_affected(text, uuid, jsonb, text) is
  'Adds to an incident the users that the audit trail names: {ok, found, affected, code}. p_search: {from, until, key_fingerprint, actor, action, resource}.';

create function payments_private.incident_scope(p_incident uuid) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  incident payments_private.incidents;
begin
  select i.* into incident from payments_private.incidents as i where i.id = p_incident;
  if not found then
    return null;
  end if;
  return jsonb_build_object(
    'from', least(incident.detected_at,
      (select min(s.from_at) from payments_private.incident_searches as s where s.incident_id = p_incident)),
    'until', coalesce(incident.closed_at, now()),
    'users', (select coalesce(jsonb_agg(u.user_id order by u.user_id), '[]')
      from payments_private.incident_users as u where u.incident_id = p_incident),
    -- what was found, and the incident itself: what was done about it belongs to the evidence
    'resources', (select coalesce(jsonb_agg(r.id order by r.id), '[]') from (
        select p_incident::text as id
        union
        select t.id from payments_private.incident_searches as s,
          lateral audit.find_touched(s.from_at, s.until_at, s.key_fingerprint, s.actor, s.action, s.resource) as t
        where s.incident_id = p_incident and t.kind <> 'user'
        union
        select s.resource from payments_private.incident_searches as s
        where s.incident_id = p_incident and s.resource is not null
      ) as r));
end
$$;
comment on function payments_private.incident_scope(uuid) is
  'What an incident is about, for the evidence export: {from, until, users, resources}; null for an unknown one.';

reset role;
