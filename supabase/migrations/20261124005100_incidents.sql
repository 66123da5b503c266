-- Purpose: what has to be written down on the worst day, and the clock that runs from then on.
-- Objects: payments_private.incidents, open_incident, assess_incident, record_authority_notice,
--          close_incident, purge_incidents; payments.check_incident_clocks; retention class incidents.
-- Risk:    none to billing. A clock cannot be turned back, a closed incident not changed, by triggers and
--          constraints: the superuser can drop those, and the sealed audit trail then says otherwise.
--
-- GDPR Art. 33: the authority hears of a personal data breach within 72 hours of our becoming aware of it,
-- with the fields of 33 (3); later only with the reasons for the delay. 33 (5): all of it is documented.

set role payments_owner;

-- 1. Table ----------------------------------------------------------------------------------------

create function payments_private.are_follow_ups(p_follow_ups jsonb) returns boolean
language plpgsql immutable
set search_path = ''
as $$
declare
  item jsonb;
  due text;
begin
  if jsonb_typeof(p_follow_ups) is distinct from 'array' or p_follow_ups = '[]' then
    return false;
  end if;
  for item in select e from jsonb_array_elements(p_follow_ups) as e loop
    due := item ->> 'due';
    if coalesce(length(trim(item ->> 'what')), 0) < 3 or coalesce(length(trim(item ->> 'owner')), 0) < 1
      or coalesce(due, '') !~ '^\d{4}-\d{2}-\d{2}$'
      or make_date(left(due, 4)::integer, substr(due, 6, 2)::integer, right(due, 2)::integer) is null then
      return false;
    end if;
  end loop;
  return true;
exception when data_exception then
  return false; -- no day of the calendar
end
$$;
comment on function payments_private.are_follow_ups(jsonb) is
  'Whether it is a list of [{what, owner, due}] with at least one entry, each with all three; due is a date.';

create table payments_private.incidents (
  id uuid primary key default gen_random_uuid(),
  kind text not null,
  severity text not null,
  title text not null,
  detected_at timestamptz not null,
  aware_at timestamptz not null,
  notify_due_at timestamptz not null,
  opened_at timestamptz not null default now(),
  opened_by text not null,
  personal_data boolean,
  nature text,
  people_categories text,
  people_count bigint,
  record_categories text,
  record_count bigint,
  likely_consequences text,
  measures text,
  contact text,
  authority_notified_at timestamptz,
  authority_reference text,
  authority_recorded_at timestamptz,
  reason_if_late text,
  no_notice_reason text,
  root_cause text,
  told_otherwise text,
  follow_ups jsonb not null default '[]',
  closed_at timestamptz,
  closed_by text,
  constraint kind_is_known check (kind in (
    'key_leak', 'forged_events', 'data_exposure', 'fraud', 'outage', 'restore', 'other')),
  constraint severity_is_known check (severity in ('low', 'medium', 'high', 'critical')),
  constraint texts_are_bounded check (
    length(trim(title)) between 3 and 200 and length(opened_by) between 1 and 255
    and coalesce(length(nature), 0) <= 4000 and coalesce(length(people_categories), 0) <= 1000
    and coalesce(length(record_categories), 0) <= 1000 and coalesce(length(likely_consequences), 0) <= 4000
    and coalesce(length(measures), 0) <= 4000 and coalesce(length(contact), 0) <= 500
    and coalesce(length(authority_reference), 0) <= 200 and coalesce(length(reason_if_late), 0) <= 2000
    and coalesce(length(no_notice_reason), 0) <= 2000 and coalesce(length(told_otherwise), 0) <= 2000
    and coalesce(length(root_cause), 0) <= 4000
    and pg_column_size(follow_ups) <= 16384),
  constraint counts_are_not_negative check (coalesce(people_count, 0) >= 0 and coalesce(record_count, 0) >= 0),
  constraint times_are_real check (detected_at >= '2000-01-01' and isfinite(detected_at) and isfinite(aware_at)),
  constraint a_reason_is_a_sentence check (
    no_notice_reason is null or length(trim(no_notice_reason)) >= 10),
  constraint told_otherwise_is_a_sentence check (
    told_otherwise is null or length(trim(told_otherwise)) >= 10),
  constraint times_are_in_order check (detected_at <= aware_at and aware_at <= opened_at),
  constraint clock_runs_for_72_hours check (notify_due_at = aware_at + interval '72 hours'),
  constraint a_notice_was_given_after_awareness check (
    authority_notified_at is null
    or (authority_notified_at >= aware_at and authority_notified_at <= authority_recorded_at)),
  constraint a_late_notice_says_why check (
    authority_notified_at is null
    -- a record made too late is a late notice, unless it names the authority's own reference
    or (authority_notified_at <= notify_due_at
      and (authority_recorded_at <= notify_due_at or coalesce(length(trim(authority_reference)), 0) >= 3))
    or coalesce(length(trim(reason_if_late)), 0) >= 10),
  constraint follow_ups_are_complete check (follow_ups = '[]' or payments_private.are_follow_ups(follow_ups)),
  constraint an_end_has_somebody check ((closed_at is null) = (closed_by is null)),
  constraint closing_needs_a_root_cause check (
    closed_at is null or coalesce(length(trim(root_cause)), 0) >= 10),
  constraint closing_needs_a_follow_up check (
    closed_at is null or payments_private.are_follow_ups(follow_ups)),
  constraint closing_needs_an_assessment check (closed_at is null or personal_data is not null),
  constraint closing_needs_the_notice_or_a_reason check (
    closed_at is null or not coalesce(personal_data, false) or authority_notified_at is not null
    or coalesce(length(trim(no_notice_reason)), 0) >= 10),
  constraint closing_needs_what_the_authority_asks check (
    closed_at is null or not coalesce(personal_data, false)
    or (coalesce(length(trim(nature)), 0) >= 3 and coalesce(length(trim(likely_consequences)), 0) >= 3
      and coalesce(length(trim(measures)), 0) >= 3 and coalesce(length(trim(contact)), 0) >= 3
      and coalesce(length(trim(people_categories)), 0) >= 3 and people_count is not null
      and coalesce(length(trim(record_categories)), 0) >= 3 and record_count is not null))
);
comment on table payments_private.incidents is
  'What went wrong, since when we know, what the authority must hear (GDPR Art. 33 (3)), why it happened and what follows.';
comment on column payments_private.incidents.aware_at is
  'When we became aware: the clock''s beginning. It may be set to an earlier moment, never to a later one.';
comment on column payments_private.incidents.personal_data is
  'Whether personal data is concerned; null: not assessed yet, and the clock runs all the same.';
comment on column payments_private.incidents.no_notice_reason is
  'Why the authority need not hear of it: Art. 33 (1), unlikely to result in a risk.';
comment on column payments_private.incidents.told_otherwise is
  'How those whom no notice reached were told, said when it was closed; null where every notice was delivered, or none was queued.';
comment on column payments_private.incidents.follow_ups is '[{what, owner, due}]: closing needs one.';
create index incidents_open on payments_private.incidents (notify_due_at) where closed_at is null;
alter table payments_private.incidents enable row level security;
-- no grants: people reach it through procedures that ask for incident.read or incident.manage

-- 2. What stays as it was -------------------------------------------------------------------------

create function payments_private.keep_incident_honest() returns trigger
language plpgsql volatile
set search_path = ''
as $$
begin
  if tg_op = 'DELETE' then
    if old.closed_at is null or old.closed_at >= coalesce(payments_private.kept_since('incidents'), '-infinity') then
      raise exception 'an incident is kept' using errcode = 'PP005';
    end if;
    return old;
  end if;
  new.notify_due_at := new.aware_at + interval '72 hours';
  if tg_op = 'INSERT' then
    if new.closed_at is not null or new.authority_notified_at is not null then
      raise exception 'an incident begins open' using errcode = 'PP005';
    end if;
    new.opened_at := now();
    return new;
  end if;
  new.detected_at := least(new.detected_at, new.aware_at); -- who was aware before had seen it before
  if old.closed_at is not null then
    raise exception 'a closed incident is final' using errcode = 'PP005';
  elsif new.aware_at > old.aware_at or new.detected_at > old.detected_at then
    raise exception 'the clock is not turned back' using errcode = 'PP005';
  elsif (new.id, new.opened_at, new.opened_by) is distinct from (old.id, old.opened_at, old.opened_by)
    or (old.authority_recorded_at is not null
      and ((new.authority_notified_at, new.authority_recorded_at, new.authority_reference)
        is distinct from (old.authority_notified_at, old.authority_recorded_at, old.authority_reference)
        -- a notice that was in time may turn out late, when somebody was aware before: once, it may say why
        or old.reason_if_late is not null and new.reason_if_late is distinct from old.reason_if_late)) then
    raise exception 'what was recorded stays' using errcode = 'PP005';
  end if;
  if new.authority_notified_at is not null and old.authority_notified_at is null then
    new.authority_recorded_at := clock_timestamp();
  end if;
  if new.closed_at is not null then
    new.closed_at := clock_timestamp();
  end if;
  return new;
end
$$;
comment on function payments_private.keep_incident_honest() is
  'Sets the 72 hours, dates what is recorded itself, and raises PP005 where the clock would go back, a record or a closed incident change, or one be deleted before its time.';

create trigger an_incident_stays_honest before insert or update or delete on payments_private.incidents
  for each row execute function payments_private.keep_incident_honest();

create function payments_private.refuse_truncation() returns trigger
language plpgsql volatile
set search_path = ''
as $$
begin
  raise exception 'an incident is kept' using errcode = 'PP005';
end
$$;
comment on function payments_private.refuse_truncation() is 'Raises PP005: incidents go one by one, when their time is over.';
create trigger incidents_are_not_truncated before truncate on payments_private.incidents
  for each statement execute function payments_private.refuse_truncation();

-- 3. Steps ----------------------------------------------------------------------------------------

insert into payments_private.role_permissions (role, permission) values
  ('admin', 'incident.read'), ('admin', 'incident.manage'), ('auditor', 'incident.read');

create function payments_private.open_incident_for_update(p_incident uuid) returns text
language plpgsql volatile
set search_path = ''
as $$
declare
  ended timestamptz;
begin
  select i.closed_at into ended from payments_private.incidents as i where i.id = p_incident for update;
  return case when not found then 'not_found' when ended is not null then 'incident_closed' end;
end
$$;
comment on function payments_private.open_incident_for_update(uuid) is
  'Locks an incident: null, or why nothing can be done with it (not_found, incident_closed).';

create function payments_private.clock_runs(p_incident payments_private.incidents) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  return p_incident.closed_at is null and p_incident.authority_notified_at is null
    and coalesce(p_incident.personal_data, true) and p_incident.no_notice_reason is null;
end
$$;
comment on function payments_private.clock_runs(payments_private.incidents) is
  'Whether the authority is still to be told: not told, not needless for a reason that is written down, and nobody knows that no personal data is concerned.';

create function payments_private.resolve_clock_alerts(p_incident uuid) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  update payments_private.alerts as a set resolved_at = now()
  where a.resolved_at is null and a.rule in ('incident_clock', 'incident_overdue') and a.subject = p_incident::text;
end
$$;
comment on function payments_private.resolve_clock_alerts(uuid) is 'Closes what was raised about an incident''s clock.';

create function payments_private.open_incident(
  p_actor text, p_kind text, p_severity text, p_title text, p_reason text,
  p_detected_at timestamptz default null, p_aware_at timestamptz default null
) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  aware timestamptz := coalesce(p_aware_at, now());
  made uuid;
  broken text;
begin
  insert into payments_private.incidents (kind, severity, title, detected_at, aware_at, notify_due_at, opened_by)
  values (p_kind, p_severity, p_title, coalesce(p_detected_at, aware), aware, aware, p_actor)
  returning id into made;
  perform audit.append('staff', p_actor, 'incident.opened', 'success', 'incident', made::text,
    p_reason => p_reason, p_detail => jsonb_build_object('kind', p_kind, 'severity', p_severity, 'aware_at', aware));
  return jsonb_build_object('ok', true, 'incident', made, 'notify_due_at', aware + interval '72 hours');
exception when check_violation or not_null_violation then
  get stacked diagnostics broken = constraint_name;
  return jsonb_build_object('ok', false, 'code', coalesce(nullif(broken, ''), 'invalid_incident'));
end
$$;
comment on function payments_private.open_incident(text, text, text, text, text, timestamptz, timestamptz) is
  'Opens an incident: {ok, incident, notify_due_at}, or {ok: false, code} with the constraint that it would break.';

create function payments_private.assess_incident(p_actor text, p_incident uuid, p_changes jsonb, p_reason text)
returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  refusal text := payments_private.open_incident_for_update(p_incident);
  known text[] := array['kind', 'severity', 'title', 'aware_at', 'personal_data', 'nature', 'people_categories',
    'people_count', 'record_categories', 'record_count', 'likely_consequences', 'measures', 'contact',
    'no_notice_reason', 'reason_if_late'];
  names text;
  broken text;
begin
  if refusal is null and (jsonb_typeof(p_changes) is distinct from 'object' or p_changes = '{}'
    or exists (select from jsonb_object_keys(p_changes) as k where k <> all (known))) then
    refusal := 'unknown_field';
  end if;
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  -- names of columns only, checked just now, and quoted all the same
  select string_agg(format('%I', k), ', ') into names from jsonb_object_keys(p_changes) as k;
  execute format(
    'update payments_private.incidents as i set (%1$s) = (select %1$s from jsonb_populate_record(i, $1)) where i.id = $2',
    names) using p_changes, p_incident;
  perform audit.append('staff', p_actor, 'incident.assessed', 'success', 'incident', p_incident::text,
    p_reason => p_reason, p_detail => jsonb_build_object(
      'fields', (select jsonb_agg(k) from jsonb_object_keys(p_changes) as k),
      'severity', p_changes -> 'severity', 'personal_data', p_changes -> 'personal_data', 'aware_at', p_changes -> 'aware_at',
      'people_count', p_changes -> 'people_count', 'record_count', p_changes -> 'record_count'));
  return '{"ok": true}';
exception
  when check_violation or not_null_violation then
    get stacked diagnostics broken = constraint_name;
    return jsonb_build_object('ok', false, 'code', coalesce(nullif(broken, ''), 'invalid_field'));
  when data_exception then
    return '{"ok": false, "code": "invalid_field"}';
  when sqlstate 'PP005' then
    return '{"ok": false, "code": "clock_goes_one_way"}';
end
$$;
comment on function payments_private.assess_incident(text, uuid, jsonb, text) is
  'Sets what is known of an incident, whole or not at all: {ok, code}. The audit row names the fields, not the texts.';

create function payments_private.record_authority_notice(
  p_actor text, p_incident uuid, p_notified_at timestamptz, p_reference text, p_reason_if_late text, p_reason text
) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  refusal text := payments_private.open_incident_for_update(p_incident);
  broken text;
  late boolean;
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  update payments_private.incidents as i set
    authority_notified_at = coalesce(p_notified_at, now()), authority_reference = p_reference,
    reason_if_late = p_reason_if_late
  where i.id = p_incident
  returning i.authority_notified_at > i.notify_due_at into late;
  perform payments_private.resolve_clock_alerts(p_incident);
  perform audit.append('staff', p_actor, 'incident.authority_notified', 'success', 'incident', p_incident::text,
    p_reason => p_reason, p_detail => jsonb_build_object('notified_at', coalesce(p_notified_at, now()), 'late', late,
      'reference', p_reference));
  return jsonb_build_object('ok', true, 'late', late);
exception
  when check_violation then
    get stacked diagnostics broken = constraint_name;
    return jsonb_build_object('ok', false, 'code', broken);
  when sqlstate 'PP005' then
    return '{"ok": false, "code": "already_recorded"}';
end
$$;
comment on function payments_private.record_authority_notice(text, uuid, timestamptz, text, text, text) is
  'Records that the authority was told, once: {ok, late, code}; a_late_notice_says_why past the 72 hours without a reason.';

create function payments_private.close_incident(
  p_actor text, p_incident uuid, p_root_cause text, p_follow_ups jsonb, p_reason text,
  p_told_otherwise text default null
) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  refusal text := payments_private.open_incident_for_update(p_incident);
  broken text;
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  update payments_private.incidents as i set
    root_cause = coalesce(p_root_cause, i.root_cause), follow_ups = coalesce(p_follow_ups, i.follow_ups),
    told_otherwise = p_told_otherwise, closed_at = now(), closed_by = p_actor
  where i.id = p_incident;
  perform payments_private.resolve_clock_alerts(p_incident);
  perform audit.append('staff', p_actor, 'incident.closed', 'success', 'incident', p_incident::text,
    p_reason => p_reason, p_detail => jsonb_build_object('follow_ups', jsonb_array_length(p_follow_ups),
      'undelivered', payments_private.undelivered_notices(p_incident), 'told_otherwise', p_told_otherwise is not null));
  return '{"ok": true}';
exception when check_violation or sqlstate 'PP005' then
  get stacked diagnostics broken = constraint_name;
  return jsonb_build_object('ok', false, 'code', broken);
end
$$;
comment on function payments_private.close_incident(text, uuid, text, jsonb, text, text) is
  'Closes an incident: {ok, code}; code: the constraint that stands against it, such as closing_needs_a_root_cause, or notices_undelivered, against which p_told_otherwise says how people were told.';

-- 4. Clock ----------------------------------------------------------------------------------------

create function payments.check_incident_clocks() returns integer
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
declare
  due record;
  raised integer := 0;
begin
  -- in line: two workers at once must not both find that nobody has been told
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('payments.check_incident_clocks'));
  for due in
    select i.id, i.notify_due_at, r.rule, r.severity
    from payments_private.incidents as i
    cross join lateral (values
      ('incident_clock', 'warning', i.notify_due_at - interval '24 hours'),
      ('incident_overdue', 'critical', i.notify_due_at)) as r (rule, severity, at)
    where i.closed_at is null and r.at <= now() and payments_private.clock_runs(i)
      -- once, also after somebody resolved it
      and not exists (
        select from payments_private.alerts as a where a.rule = r.rule and a.subject = i.id::text)
  loop
    perform payments_private.raise_alert(due.rule, due.id::text, due.severity,
      jsonb_build_object('notify_due_at', due.notify_due_at));
    raised := raised + 1;
  end loop;
  return raised;
end
$$;
comment on function payments.check_incident_clocks() is
  'Raises incident_clock 24 hours before an incident''s 72 hours are over and incident_overdue after, each once; returns how many.';
grant execute on function payments.check_incident_clocks() to payments_worker;

-- 5. Retention ------------------------------------------------------------------------------------
-- Art. 33 (5) wants the documentation kept for the authority; five years unless an operator says otherwise.

insert into payments_private.retention_classes (class, keep_days, least_days, most_days) values
  ('incidents', 1825, 400, 3650);

create function payments_private.purge_incidents(p_before timestamptz) returns integer
language plpgsql volatile
set search_path = ''
as $$
declare
  purged integer;
begin
  delete from payments_private.incidents as i
  where i.closed_at < p_before and not payments_private.is_frozen(i.detected_at, i.closed_at);
  get diagnostics purged = row_count;
  return purged;
end
$$;
comment on function payments_private.purge_incidents(timestamptz) is
  'Deletes incidents that were closed, with what hangs on them; open ones stay.';

reset role;
