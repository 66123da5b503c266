-- Purpose: stop the damage, one step at a time, each once, each with the incident's id in the trail.
-- Objects: payments_private.incident_actions, end_sessions, user_exists, contain_incident.
-- Risk:    stops payments, holds users, signs people out. end_sessions is the only function here that writes
--          to schema auth: it belongs to postgres, and payments_owner alone may run it.

-- 1. Doors into schema auth ------------------------------------------------------------------------

create function payments_private.end_sessions(p_user_ids uuid[]) returns integer
language plpgsql volatile
security definer -- deletes in auth as postgres, which hosted Supabase lets: these users' sessions, nothing else
set search_path = ''
as $$
declare
  ended integer;
begin
  delete from auth.sessions as s where s.user_id = any (p_user_ids);
  get diagnostics ended = row_count;
  return ended;
end
$$;
comment on function payments_private.end_sessions(uuid[]) is
  'Signs users out everywhere: deletes their sessions, and refresh tokens with them; returns how many. Our functions refuse their tokens at once.';
revoke all on function payments_private.end_sessions(uuid[]) from public;
grant execute on function payments_private.end_sessions(uuid[]) to payments_owner;

create function payments_private.user_exists(p_user_id uuid) returns boolean
language plpgsql stable
security definer -- reads auth as postgres; answers yes or no about one user
set search_path = ''
as $$
begin
  return exists (select from auth.users as u where u.id = p_user_id and u.deleted_at is null);
end
$$;
comment on function payments_private.user_exists(uuid) is 'Whether there is somebody left to hold or to tell.';
revoke all on function payments_private.user_exists(uuid) from public;
grant execute on function payments_private.user_exists(uuid) to payments_owner;

set role payments_owner;

-- 2. What was done ---------------------------------------------------------------------------------

create table payments_private.incident_actions (
  id uuid primary key default gen_random_uuid(),
  incident_id uuid not null references payments_private.incidents (id) on delete cascade,
  step text not null,
  subject text,
  done_at timestamptz not null default clock_timestamp(),
  done_by text not null,
  users integer not null default 0,
  sessions integer not null default 0,
  constraint step_is_known check (step in (
    'stop-all', 'stop-checkout', 'stop-portal', 'stop-webhooks', 'hold-user', 'hold-users', 'revoke-sessions',
    'rotate-key', 'key-rotated')),
  constraint subject_is_bounded check (coalesce(length(subject), 0) <= 100)
);
comment on table payments_private.incident_actions is
  'Steps of containment that changed something, with their time. subject: a user, or the name of a key.';
create index incident_actions_incident on payments_private.incident_actions (incident_id, done_at);
alter table payments_private.incident_actions enable row level security;

-- 3. Steps -----------------------------------------------------------------------------------------

create function payments_private.contain_by_switch(p_actor text, p_switch text, p_reason text) returns boolean
language plpgsql volatile
set search_path = ''
as $$
declare
  stopped boolean;
begin
  select case p_switch when 'all' then s.stop_all when 'checkout' then s.stop_checkout
    when 'portal' then s.stop_portal else s.stop_webhooks end
  into stopped from payments_private.settings as s for update;
  if not stopped then
    perform payments_private.set_kill_switch(p_actor, p_switch, true, p_reason);
  end if;
  return not stopped;
end
$$;
comment on function payments_private.contain_by_switch(text, text, text) is
  'Throws a kill switch unless it is thrown; returns whether it was not.';

create function payments_private.contain_by_holds(p_actor text, p_user_ids uuid[], p_reason text) returns integer
language plpgsql volatile
set search_path = ''
as $$
declare
  held integer := 0;
  one uuid;
begin
  foreach one in array p_user_ids loop
    continue when payments_private.is_held(one) or not payments_private.user_exists(one);
    held := held + (payments_private.set_hold(p_actor, one, p_reason) = '{"ok": true}')::integer;
  end loop;
  return held;
end
$$;
comment on function payments_private.contain_by_holds(text, uuid[], text) is
  'Puts those of them on hold who are not and who exist; returns how many.';

create function payments_private.contain_incident(
  p_actor text, p_incident uuid, p_step text, p_subject text, p_reason text
) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  refusal text := payments_private.open_incident_for_update(p_incident);
  wants_key boolean := p_step in ('rotate-key', 'key-rotated');
  targets uuid[] := '{}';
  users integer := 0;
  sessions integer := 0;
  changed boolean;
begin
  if refusal is null and p_step in ('hold-user', 'hold-users', 'revoke-sessions') then
    targets := case when p_subject is null then array(
      select u.user_id from payments_private.incident_users as u where u.incident_id = p_incident)
      else array[p_subject::uuid] end;
  end if;
  refusal := coalesce(refusal, case
    when p_step is null or p_step not in ('stop-all', 'stop-checkout', 'stop-portal', 'stop-webhooks', 'hold-user',
      'hold-users', 'revoke-sessions', 'rotate-key', 'key-rotated') then 'unknown_step'
    when p_step = 'hold-user' and p_subject is null then 'unknown_user'
    -- by its name, as cli/incident/key-steps.ts has them: a secret that is pasted here would be kept for ever
    when wants_key and coalesce(p_subject, '') not in ('stripe-secret-key', 'stripe-webhook-secret',
      'supabase-secret-keys', 'encryption-keys', 'hash-key', 'audit-signing-key', 'outbox-secret', 'notify-secret',
      'database-password') then 'unknown_key'
    when p_step = 'hold-users' and p_subject is not null then 'unknown_step'
    when p_step in ('hold-user', 'revoke-sessions') and p_subject is not null
      and not payments_private.user_exists(p_subject::uuid) then 'unknown_user'
    when p_step in ('hold-users', 'revoke-sessions') and targets = '{}' then 'nobody_affected' end);
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  if p_step like 'stop-%' then
    changed := payments_private.contain_by_switch(p_actor, substr(p_step, 6), p_reason);
  elsif p_step in ('hold-user', 'hold-users') then
    users := payments_private.contain_by_holds(p_actor, targets, p_reason);
  elsif p_step = 'revoke-sessions' then
    sessions := payments_private.end_sessions(targets);
    users := case when sessions > 0 then cardinality(targets) else 0 end;
  elsif wants_key then
    changed := not exists (select from payments_private.incident_actions as a
      where a.incident_id = p_incident and a.step = p_step and a.subject = p_subject);
  end if;
  changed := coalesce(changed, users > 0);
  if changed then
    insert into payments_private.incident_actions (incident_id, step, subject, done_by, users, sessions)
    values (p_incident, p_step, p_subject, p_actor, users, sessions);
    perform audit.append('staff', p_actor, 'incident.contained', 'success', 'incident', p_incident::text,
      p_reason => p_reason, p_detail => jsonb_build_object(
        'step', p_step, 'subject', p_subject, 'users', users, 'sessions', sessions));
  end if;
  return jsonb_build_object('ok', true, 'changed', changed, 'users', users, 'sessions', sessions);
exception
  when check_violation then
    return '{"ok": false, "code": "unknown_key"}'; -- too long a name
  when data_exception then
    return '{"ok": false, "code": "unknown_user"}'; -- no uuid
end
$$;
comment on function payments_private.contain_incident(text, uuid, text, text, text) is
  'Does one step of containment, what is left of it: {ok, changed, users, sessions, code}. Steps: stop-all, stop-checkout, stop-portal, stop-webhooks, hold-user, hold-users, revoke-sessions, rotate-key, key-rotated.';

reset role;
