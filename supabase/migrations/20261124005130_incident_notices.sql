-- Purpose: tell everybody an incident touches, each exactly once.
-- Objects: payments_private.incident_notices, fill_template, notify_affected, notice_progress,
--          undelivered_notices and the trigger that lets no incident close over them;
--          payments.claim_notices, payments.finish_notice.
-- Risk:    sends texts about people to the configured sink (PAYMENTS_NOTIFY_URL); the sink knows their
--          addresses, we do not.
--
-- One row for each incident and user, and its id is the message's webhook-id: a worker that is killed after
-- it has posted posts the same id again, which the sink drops.

set role payments_owner;

create table payments_private.incident_notices (
  id uuid primary key default gen_random_uuid(),
  incident_id uuid not null references payments_private.incidents (id) on delete cascade,
  user_id uuid not null,
  subject text not null,
  body text not null,
  created_at timestamptz not null default now(),
  state text not null default 'pending',
  attempts integer not null default 0,
  next_attempt_at timestamptz not null default now(),
  lease bigint,
  leased_until timestamptz,
  delivered_at timestamptz,
  last_error text,
  constraint a_user_hears_of_an_incident_once unique (incident_id, user_id),
  constraint state_is_known check (state in ('pending', 'delivered', 'dead')),
  -- a sink may make a header of it
  constraint subject_is_one_line check (subject !~ '[[:cntrl:]]'),
  constraint texts_are_bounded check (length(subject) between 3 and 300 and length(body) between 3 and 20000)
);
comment on table payments_private.incident_notices is
  'What each affected user is told, and whether the sink has taken it. The id is the webhook-id.';
comment on column payments_private.incident_notices.user_id is
  'No reference: that somebody was told stays true when they delete their account.';
create index incident_notices_due on payments_private.incident_notices (next_attempt_at) where state = 'pending';
alter table payments_private.incident_notices enable row level security;
-- no grants: the worker reads it through claim_notices

create function payments_private.fill_template(p_template text, p_values jsonb) returns text
language plpgsql immutable
set search_path = ''
as $$
declare
  rest text := p_template;
  filled text := '';
  name text;
begin
  -- from left to right, once: a value is put in as it is, and what it contains is never looked at
  while position('{{' in rest) > 0 loop
    filled := filled || left(rest, position('{{' in rest) - 1);
    rest := substr(rest, position('{{' in rest) + 2);
    name := trim(left(rest, greatest(position('}}' in rest) - 1, 0)));
    if p_values ->> name is null then
      raise exception 'a template names what there is not' using errcode = 'PP006', detail = left(name, 60);
    end if;
    filled := filled || (p_values ->> name);
    rest := substr(rest, position('}}' in rest) + 2);
  end loop;
  return filled || rest;
end
$$;
comment on function payments_private.fill_template(text, jsonb) is
  'Puts values in the place of {{names}}; raises PP006 with the name as detail where there is no value of it.';

create function payments_private.notice_values(p_incident payments_private.incidents, p_user_id uuid) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'incident', p_incident.id, 'user', p_user_id, 'title', p_incident.title,
    'detected_on', to_char(p_incident.detected_at at time zone 'UTC', 'YYYY-MM-DD'),
    'nature', p_incident.nature, 'likely_consequences', p_incident.likely_consequences,
    'measures', p_incident.measures, 'contact', p_incident.contact);
end
$$;
comment on function payments_private.notice_values(payments_private.incidents, uuid) is
  'What a template of notices may name. Null, and so unknown to a template, is what has not been assessed.';

create function payments_private.notify_affected(
  p_actor text, p_incident uuid, p_subject text, p_template text, p_reason text
) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  refusal text := payments_private.open_incident_for_update(p_incident);
  incident payments_private.incidents;
  queued integer;
  left_out text;
begin
  select i.* into incident from payments_private.incidents as i where i.id = p_incident;
  refusal := coalesce(refusal, case
    when payments_private.holds_card_number(p_subject) or payments_private.holds_card_number(p_template)
      -- what the template is filled with, too
      or payments_private.holds_card_number(concat_ws(' ', incident.title, incident.nature, incident.measures,
        incident.likely_consequences, incident.contact))
      then 'card_number'
    when not exists (select from payments_private.incident_users as u where u.incident_id = p_incident)
      then 'nobody_affected' end);
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  insert into payments_private.incident_notices (incident_id, user_id, subject, body)
  select p_incident, u.user_id, payments_private.fill_template(p_subject, v.filled), payments_private.fill_template(p_template, v.filled)
  from payments_private.incident_users as u,
    lateral (select payments_private.notice_values(incident, u.user_id) as filled) as v
  where u.incident_id = p_incident and payments_private.user_exists(u.user_id)
  on conflict (incident_id, user_id) do nothing;
  get diagnostics queued = row_count;
  if queued > 0 then
    perform audit.append('staff', p_actor, 'incident.notices_queued', 'success', 'incident', p_incident::text,
      p_reason => p_reason, p_detail => jsonb_build_object('users', queued));
  end if;
  return jsonb_build_object('ok', true, 'queued', queued) || payments_private.notice_progress(p_incident);
exception
  when sqlstate 'PP006' then
    get stacked diagnostics left_out = pg_exception_detail;
    return jsonb_build_object('ok', false, 'code', 'unknown_placeholder', 'placeholder', left_out);
  when check_violation or not_null_violation then
    return '{"ok": false, "code": "invalid_notice"}';
end
$$;
comment on function payments_private.notify_affected(text, uuid, text, text, text) is
  'Queues a notice for every affected user who has none yet: {ok, queued, pending, delivered, dead, gone, code, placeholder}.';

create function payments_private.notice_progress(p_incident uuid) returns jsonb
language sql stable
set search_path = ''
as $$
  select jsonb_build_object(
    'affected', count(*), 'pending', count(*) filter (where n.state = 'pending'),
    'delivered', count(*) filter (where n.state = 'delivered'), 'dead', count(*) filter (where n.state = 'dead'),
    'not_queued', count(*) filter (where n.id is null),
    -- who has deleted their account cannot be told any more
    'gone', count(*) filter (where n.id is null and not payments_private.user_exists(u.user_id)),
    'first_delivered_at', min(n.delivered_at), 'last_delivered_at', max(n.delivered_at),
    'last_error', (array_agg(n.last_error order by n.next_attempt_at desc) filter (where n.last_error is not null))[1])
  from payments_private.incident_users as u
  left join payments_private.incident_notices as n on n.incident_id = u.incident_id and n.user_id = u.user_id
  where u.incident_id = p_incident
$$;
comment on function payments_private.notice_progress(uuid) is
  'How far an incident''s notices are: {affected, pending, delivered, dead, not_queued, gone, …}.';

create function payments_private.undelivered_notices(p_incident uuid) returns bigint
language sql stable
set search_path = ''
as $$
  select count(*)
  from payments_private.incident_users as u
  left join payments_private.incident_notices as n on n.incident_id = u.incident_id and n.user_id = u.user_id
  where u.incident_id = p_incident and (n.state <> 'delivered'
    -- where people are told, who was found later has to be told as well
    or n.id is null and payments_private.user_exists(u.user_id) and exists (
      select from payments_private.incident_notices as o where o.incident_id = p_incident))
$$;
comment on function payments_private.undelivered_notices(uuid) is
  'How many affected users no notice has reached: pending, dead, or not queued while others'' are. 0 where none was queued at all.';

create function payments_private.keep_incident_open() returns trigger
language plpgsql volatile
set search_path = ''
as $$
begin
  if new.told_otherwise is null and payments_private.undelivered_notices(new.id) > 0 then
    raise exception 'there are affected users whom no notice has reached'
      using errcode = 'PP005', constraint = 'notices_undelivered';
  end if;
  return new;
end
$$;
comment on function payments_private.keep_incident_open() is
  'Raises PP005 (notices_undelivered) where an incident would close over people who have not been told, and nobody says how they were told otherwise.';
create trigger an_incident_is_open_while_people_wait before update on payments_private.incidents
  for each row when (old.closed_at is null and new.closed_at is not null)
  execute function payments_private.keep_incident_open();

create function payments_private.note_notice_end(p_notice payments_private.incident_notices) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  if p_notice.state = 'dead' then
    perform payments_private.raise_alert('notice_dead', p_notice.id::text, 'critical',
      jsonb_build_object('incident', p_notice.incident_id, 'error', p_notice.last_error));
  else
    perform payments_private.resolve_alert('notice_dead', p_notice.id::text); -- taken after all
  end if;
  perform audit.append('service', 'payments_worker', 'notice.' || p_notice.state,
    case p_notice.state when 'dead' then 'failure' else 'success' end, 'notice', p_notice.id::text,
    p_detail => jsonb_build_object('incident', p_notice.incident_id, 'user', p_notice.user_id));
end
$$;
comment on function payments_private.note_notice_end(payments_private.incident_notices) is
  'The audit row of a notice that is delivered or dead, and the alert of one that is dead.';

create function payments.claim_notices(p_limit integer, p_lease_seconds integer) returns jsonb
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
declare
  token bigint := nextval('payments_private.ticket_numbers');
  claimed jsonb;
  given_up uuid[];
  notice payments_private.incident_notices;
begin
  with due as (
    -- counted at the claim: one whose worker dies each time has an end, too
    select n.id, n.attempts >= 15 as is_over from payments_private.incident_notices as n
    where n.state = 'pending' and n.next_attempt_at <= now()
      and (n.leased_until is null or n.leased_until < now())
    order by n.next_attempt_at limit least(greatest(p_limit, 0), 100)
    for update skip locked
  ), leased as (
    update payments_private.incident_notices as n set
      lease = token, attempts = n.attempts + 1,
      leased_until = now() + make_interval(secs => least(greatest(p_lease_seconds, 1), 600)),
      -- where the worker is not heard of again; a pause grows whoever failed
      next_attempt_at = now() + make_interval(secs => least(greatest(p_lease_seconds, 1), 600))
        + payments_private.backoff(n.attempts + 1)
    from due where n.id = due.id and not due.is_over
    returning n.*
  ), ended as (
    update payments_private.incident_notices as n set
      state = 'dead', last_error = 'worker_lost', leased_until = null
    from due where n.id = due.id and due.is_over
    returning n.id
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'id', l.id, 'lease', token, 'created_at', l.created_at, 'incident_id', l.incident_id,
    'user_id', l.user_id, 'subject', l.subject, 'body', l.body)), '[]'), (select array_agg(e.id) from ended as e)
  into claimed, given_up from leased as l;
  for notice in select g.* from payments_private.incident_notices as g where g.id = any (given_up) loop
    perform payments_private.note_notice_end(notice);
  end loop;
  return claimed;
end
$$;
comment on function payments.claim_notices(integer, integer) is
  'Leases up to p_limit due notices (at most 100): [{id, lease, created_at, incident_id, user_id, subject, body}]. One whose worker was lost fifteen times ends dead.';

create function payments.finish_notice(p_id uuid, p_lease bigint, p_error text default null) returns text
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
declare
  ended payments_private.incident_notices;
begin
  update payments_private.incident_notices as n set
    state = case when p_error is null then 'delivered' when n.attempts >= 15 then 'dead' else 'pending' end,
    delivered_at = case when p_error is null then now() end,
    last_error = left(p_error, 200), lease = null, leased_until = null,
    next_attempt_at = now() + payments_private.backoff(n.attempts)
  -- a worker past its lease changes nothing; but what was given up and then taken after all was taken
  where n.id = p_id and n.lease = p_lease and (n.state = 'pending' or p_error is null)
  returning n.* into ended;
  if ended.state in ('delivered', 'dead') then
    perform payments_private.note_notice_end(ended);
  end if;
  return coalesce(ended.state, 'fenced');
end
$$;
comment on function payments.finish_notice(uuid, bigint, text) is
  'Ends one attempt (p_error null: the sink took it). Returns delivered, pending, dead after 15 attempts, or fenced when the lease was lost.';

grant execute on function payments.claim_notices(integer, integer) to payments_worker;
grant execute on function payments.finish_notice(uuid, bigint, text) to payments_worker;

reset role;
