-- Purpose: what happened when, told by the audit trail and not by whoever writes the report.
-- Objects: audit.incident_rows; payments_private.incident_timeline, show_incident, list_incidents.
-- Risk:    payments_owner reads those rows of the log that are about incidents, and no others.

set role audit_owner;

create function audit.incident_rows(p_incident text)
returns table (id uuid, occurred_at timestamptz, actor_id text, action text, outcome text, reason text, detail jsonb)
language plpgsql stable
security definer -- payments_owner may not read the log; it gets the rows about one incident
set search_path = ''
as $$
begin
  return query
  select l.id, l.occurred_at, l.actor_id::text, l.action::text, l.outcome::text, l.reason::text, l.detail::jsonb
  from audit.audit_logs as l
  where l.resource_type = 'incident' and l.resource_id = p_incident;
end
$$;
comment on function audit.incident_rows(text) is 'The audit rows about one incident.';
grant execute on function audit.incident_rows(text) to payments_owner;

reset role;
set role payments_owner;

create function payments_private.incident_timeline(p_incident uuid) returns jsonb
language sql stable
set search_path = ''
as $$
  with incident as (
    select i.*, least(i.detected_at, (
      select min(s.from_at) from payments_private.incident_searches as s where s.incident_id = i.id)) as begins_at
    from payments_private.incidents as i where i.id = p_incident
  ), entries as (
    select i.detected_at as at, 'incident' as source, 'detected' as what, null::text as who, null::text as reason,
      '{}'::jsonb as detail from incident as i
    union all
    select i.aware_at, 'incident', 'became aware', null, null, '{}' from incident as i
    union all
    select i.notify_due_at, 'incident', 'the authority''s 72 hours end', null, null, '{}' from incident as i
    where i.authority_notified_at is null and coalesce(i.personal_data, true) and i.closed_at is null
    union all
    select i.authority_notified_at, 'incident', 'the authority was told', null, i.reason_if_late,
      jsonb_build_object('reference', i.authority_reference) from incident as i where i.authority_notified_at is not null
    union all
    select r.occurred_at, 'audit', r.action, r.actor_id, r.reason,
      jsonb_strip_nulls(r.detail) || jsonb_build_object('audit_id', r.id)
    from audit.incident_rows(p_incident::text) as r where r.action <> 'staff.incident_read'
    union all
    -- a step without its audit row would be a step somebody hid: it is told all the same
    select a.done_at, 'action', a.step, a.done_by, null, jsonb_strip_nulls(jsonb_build_object(
      'subject', a.subject, 'users', a.users, 'sessions', a.sessions))
    from payments_private.incident_actions as a
    where a.incident_id = p_incident and not exists (
      select from audit.incident_rows(p_incident::text) as r
      where r.action = 'incident.contained' and r.detail ->> 'step' = a.step
        and r.detail ->> 'subject' is not distinct from a.subject)
    union all
    select a.first_seen_at, 'alert', a.rule, null, null,
      jsonb_build_object('subject', a.subject, 'severity', a.severity, 'occurrences', a.occurrences)
    from payments_private.alerts as a, incident as i
    where a.subject = i.id::text or (
      a.last_seen_at >= i.begins_at
      and a.first_seen_at <= coalesce(i.closed_at, now()))
    union all
    select n.at, 'notice', n.what, null, null, jsonb_build_object('notices', n.notices)
    from (
      select min(d.delivered_at) as at, 'first notice delivered' as what, 1 as notices
      from payments_private.incident_notices as d where d.incident_id = p_incident
      union all
      select max(d.delivered_at), 'last notice delivered', count(d.delivered_at)::integer
      from payments_private.incident_notices as d where d.incident_id = p_incident
    ) as n where n.at is not null
  )
  select coalesce(jsonb_agg(jsonb_build_object('at', e.at, 'source', e.source, 'what', e.what, 'who', e.who,
    'reason', e.reason, 'detail', e.detail) order by e.at, e.source, e.what), '[]')
  from entries as e
$$;
comment on function payments_private.incident_timeline(uuid) is
  'From the audit trail, alerts, steps and notices: [{at, source, what, who, reason, detail}], oldest first.';

create function payments_private.list_incidents(p_all boolean) returns jsonb
language sql stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'id', i.id, 'kind', i.kind, 'severity', i.severity, 'title', i.title, 'opened_at', i.opened_at,
    'aware_at', i.aware_at, 'notify_due_at', i.notify_due_at, 'personal_data', i.personal_data,
    'authority_notified_at', i.authority_notified_at, 'closed_at', i.closed_at,
    'clock_runs', payments_private.clock_runs(i)) order by i.opened_at, i.id), '[]')
  from payments_private.incidents as i where p_all or i.closed_at is null
$$;
comment on function payments_private.list_incidents(boolean) is 'Open incidents, or all there ever were, oldest first.';

create function payments_private.show_incident(p_incident uuid) returns jsonb
language sql stable
set search_path = ''
as $$
  select to_jsonb(i) || jsonb_build_object(
    'clock_runs', payments_private.clock_runs(i),
    'first_contained_at', (
      select min(a.done_at) from payments_private.incident_actions as a where a.incident_id = i.id),
    'actions', (
      select coalesce(jsonb_agg(jsonb_build_object('at', a.done_at, 'step', a.step, 'subject', a.subject,
        'by', a.done_by, 'users', a.users, 'sessions', a.sessions) order by a.done_at), '[]')
      from payments_private.incident_actions as a where a.incident_id = i.id),
    'searches', (
      select coalesce(jsonb_agg(to_jsonb(s) - 'incident_id' order by s.searched_at), '[]')
      from payments_private.incident_searches as s where s.incident_id = i.id),
    'notices', payments_private.notice_progress(i.id))
  from payments_private.incidents as i where i.id = p_incident
$$;
comment on function payments_private.show_incident(uuid) is
  'All there is of an incident, with what was done, searched and told; null for an unknown one.';

reset role;
