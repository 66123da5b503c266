-- Purpose: the steps of an incident, for staff who sign in.
-- Objects: payments.staff_list_incidents, staff_show_incident, staff_open_incident, staff_assess_incident,
--          staff_find_affected, staff_contain_incident, staff_notify_affected, staff_record_authority_notice,
--          staff_close_incident.
-- Risk:    stop payments, hold users, sign people out, send notices: permission incident.manage, which
--          admins have; live session and a reason are asked on every call.

set role payments_owner;

create function payments.staff_list_incidents(
  p_reason text, p_all boolean default false
) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it touches anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('incident.read', p_reason, 'incident', null);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  perform payments_private.staff_done(payments_private.current_user_id()::text, 'staff.incidents_listed', p_reason, 'incident', null);
  return jsonb_build_object('ok', true, 'incidents', payments_private.list_incidents(coalesce(p_all, false)));
end
$$;
comment on function payments.staff_list_incidents(text, boolean) is
  'Open incidents, or all: {ok, code, incidents}. Permission incident.read.';
grant execute on function payments.staff_list_incidents(text, boolean) to authenticated;

create function payments.staff_show_incident(
  p_incident uuid, p_reason text
) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it touches anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('incident.read', p_reason, 'incident', p_incident::text);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  perform payments_private.staff_done(payments_private.current_user_id()::text, 'staff.incident_read', p_reason, 'incident', p_incident::text);
  return jsonb_build_object('ok', true, 'incident', payments_private.show_incident(p_incident),
    'timeline', payments_private.incident_timeline(p_incident));
end
$$;
comment on function payments.staff_show_incident(uuid, text) is
  'An incident and its timeline: {ok, code, incident, timeline}. Permission incident.read.';
grant execute on function payments.staff_show_incident(uuid, text) to authenticated;

create function payments.staff_open_incident(
  p_kind text, p_severity text, p_title text, p_reason text,
  p_detected_at timestamptz default null, p_aware_at timestamptz default null
) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it touches anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('incident.manage', p_reason, 'incident', null);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  return payments_private.open_incident(payments_private.current_user_id()::text, p_kind, p_severity, p_title, p_reason, p_detected_at, p_aware_at);
end
$$;
comment on function payments.staff_open_incident(text, text, text, text, timestamptz, timestamptz) is
  'Opens an incident: {ok, code, incident, notify_due_at}. Permission incident.manage.';
grant execute on function payments.staff_open_incident(text, text, text, text, timestamptz, timestamptz) to authenticated;

create function payments.staff_assess_incident(
  p_incident uuid, p_changes jsonb, p_reason text
) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it touches anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('incident.manage', p_reason, 'incident', p_incident::text);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  return payments_private.assess_incident(payments_private.current_user_id()::text, p_incident, p_changes, p_reason);
end
$$;
comment on function payments.staff_assess_incident(uuid, jsonb, text) is
  'Sets what is known of an incident: {ok, code}. Permission incident.manage.';
grant execute on function payments.staff_assess_incident(uuid, jsonb, text) to authenticated;

create function payments.staff_find_affected(
  p_incident uuid, p_search jsonb, p_reason text
) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it touches anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('incident.manage', p_reason, 'incident', p_incident::text);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  return payments_private.find_affected(payments_private.current_user_id()::text, p_incident, p_search, p_reason);
end
$$;
comment on function payments.staff_find_affected(uuid, jsonb, text) is
  'Finds the affected users in the audit trail: {ok, code, found, affected}. Permission incident.manage.';
grant execute on function payments.staff_find_affected(uuid, jsonb, text) to authenticated;

create function payments.staff_contain_incident(
  p_incident uuid, p_step text, p_reason text, p_subject text default null
) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it touches anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('incident.manage', p_reason, 'incident', p_incident::text);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  return payments_private.contain_incident(payments_private.current_user_id()::text, p_incident, p_step, p_subject, p_reason);
end
$$;
comment on function payments.staff_contain_incident(uuid, text, text, text) is
  'Does one step of containment: {ok, code, changed, users, sessions}. Permission incident.manage.';
grant execute on function payments.staff_contain_incident(uuid, text, text, text) to authenticated;

create function payments.staff_notify_affected(
  p_incident uuid, p_subject text, p_template text, p_reason text
) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it touches anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('incident.manage', p_reason, 'incident', p_incident::text);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  return payments_private.notify_affected(payments_private.current_user_id()::text, p_incident, p_subject, p_template, p_reason);
end
$$;
comment on function payments.staff_notify_affected(uuid, text, text, text) is
  'Queues the notices to affected users: {ok, code, queued, placeholder}. Permission incident.manage.';
grant execute on function payments.staff_notify_affected(uuid, text, text, text) to authenticated;

create function payments.staff_record_authority_notice(
  p_incident uuid, p_reason text, p_notified_at timestamptz default null, p_reference text default null,
  p_reason_if_late text default null
) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it touches anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('incident.manage', p_reason, 'incident', p_incident::text);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  return payments_private.record_authority_notice(
    payments_private.current_user_id()::text, p_incident, p_notified_at, p_reference, p_reason_if_late, p_reason);
end
$$;
comment on function payments.staff_record_authority_notice(uuid, text, timestamptz, text, text) is
  'Records that the authority was told: {ok, code, late}. Permission incident.manage.';
grant execute on function payments.staff_record_authority_notice(uuid, text, timestamptz, text, text) to authenticated;

create function payments.staff_close_incident(
  p_incident uuid, p_root_cause text, p_follow_ups jsonb, p_reason text, p_told_otherwise text default null
) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it touches anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('incident.manage', p_reason, 'incident', p_incident::text);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  return payments_private.close_incident(payments_private.current_user_id()::text, p_incident, p_root_cause, p_follow_ups, p_reason, p_told_otherwise);
end
$$;
comment on function payments.staff_close_incident(uuid, text, jsonb, text, text) is
  'Closes an incident with its cause and [{what, owner, due}], and, where notices are undelivered, how people were told otherwise: {ok, code}. Permission incident.manage.';
grant execute on function payments.staff_close_incident(uuid, text, jsonb, text, text) to authenticated;

reset role;
