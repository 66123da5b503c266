-- Purpose: people answer alerts: somebody is on it, it is over, from what on a rule speaks.
-- Objects: payments_private.list_alerts, acknowledge_alert, close_alert, set_alert_rule and the staff RPCs on
--          top of them; payments.staff_list_alert_rules; permissions alert.read, alert.manage.
-- Risk:    a rule that is switched off is silent; who did that, and why, is in the audit trail.

set role payments_owner;

insert into payments_private.role_permissions (role, permission) values
  ('admin', 'alert.read'), ('admin', 'alert.manage'),
  ('support', 'alert.read'), ('support', 'alert.manage'),
  ('finance', 'alert.read'), ('auditor', 'alert.read');

create function payments_private.list_alerts(p_open boolean) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(to_jsonb(l) order by l.resolved_at desc nulls first, l.last_seen_at desc, l.id), '[]')
    from (
      select a.id, a.rule, a.subject, a.severity, coalesce(r.title, a.rule) as title,
        coalesce(r.runbook, 'docs/alerts.md') as runbook, a.first_seen_at, a.last_seen_at, a.occurrences,
        a.acknowledged_at, a.acknowledged_by, a.resolved_at, a.resolved_by, a.detail, d.state as delivery
      from payments_private.alerts as a
      left join payments_private.alert_rules as r on r.rule = a.rule
      left join payments_private.alert_deliveries as d on d.alert_id = a.id
      where a.resolved_at is null or not p_open
      order by a.resolved_at desc nulls first, a.last_seen_at desc, a.id
      limit 500
    ) as l);
end
$$;
comment on function payments_private.list_alerts(boolean) is
  'Alerts, open ones first (p_open: only those), at most 500, each with its title, runbook and the state of its delivery.';

create function payments_private.acknowledge_alert(p_actor text, p_id uuid, p_reason text) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
begin
  update payments_private.alerts as a set acknowledged_at = now(), acknowledged_by = p_actor
  where a.id = p_id and a.resolved_at is null and a.acknowledged_at is null;
  if not found then
    return '{"ok": false, "code": "not_found"}';
  end if;
  perform payments_private.staff_done(p_actor, 'staff.alert_acknowledged', p_reason, 'alert', p_id::text);
  return '{"ok": true}';
end
$$;
comment on function payments_private.acknowledge_alert(text, uuid, text) is
  'Notes who is on an alert: {ok, code}; not_found for one that is unknown, closed or in somebody''s hands already.';

create function payments_private.close_alert(p_actor text, p_id uuid, p_reason text) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
begin
  update payments_private.alerts as a set resolved_at = now(), resolved_by = p_actor
  where a.id = p_id and a.resolved_at is null;
  if not found then
    return '{"ok": false, "code": "not_found"}';
  end if;
  perform payments_private.staff_done(p_actor, 'staff.alert_resolved', p_reason, 'alert', p_id::text);
  return '{"ok": true}';
end
$$;
comment on function payments_private.close_alert(text, uuid, text) is
  'Closes an alert: {ok, code}; not_found for one that is unknown or closed. The next occurrence opens a new one.';

create function payments_private.set_alert_rule(p_actor text, p_rule text, p_changes jsonb, p_reason text) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  before payments_private.alert_rules;
  after payments_private.alert_rules;
begin
  select r.* into before from payments_private.alert_rules as r where r.rule = p_rule for update;
  if not found then
    return '{"ok": false, "code": "unknown_rule"}';
  end if;
  if jsonb_typeof(p_changes) is distinct from 'object' or p_changes = '{}'
    or p_changes - '{severity,enabled,threshold,window_seconds}'::text[] <> '{}'
    -- a threshold belongs to a rule that counts; such a rule keeps one
    or (p_changes ? 'threshold' and (before.threshold is null or p_changes -> 'threshold' = 'null'))
    or (p_changes ? 'window_seconds' and (before.window_seconds is null or p_changes -> 'window_seconds' = 'null'))
  then
    return '{"ok": false, "code": "invalid_setting"}';
  end if;
  begin
    after := jsonb_populate_record(before, p_changes);
    update payments_private.alert_rules as r set severity = after.severity, enabled = after.enabled,
      threshold = after.threshold, window_seconds = after.window_seconds
    where r.rule = p_rule;
  exception when data_exception or check_violation or not_null_violation then
    return '{"ok": false, "code": "invalid_setting"}';
  end;
  perform payments_private.staff_done(p_actor, 'staff.alert_rule_set', p_reason, 'alert_rule', p_rule,
    jsonb_build_object('before', to_jsonb(before) - '{rule,title,runbook}'::text[], 'after', p_changes));
  return '{"ok": true}';
end
$$;
comment on function payments_private.set_alert_rule(text, text, jsonb, text) is
  'Changes severity, enabled, threshold or window_seconds of a rule, all or nothing: {ok, code}; unknown_rule, invalid_setting.';

create function payments.staff_list_alerts(p_reason text, p_open boolean default true) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it reads anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('alert.read', p_reason, 'alert', null);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  perform payments_private.staff_done(
    payments_private.current_user_id()::text, 'staff.alerts_listed', p_reason, 'alert', null);
  return jsonb_build_object('ok', true, 'alerts', payments_private.list_alerts(p_open));
end
$$;
comment on function payments.staff_list_alerts(text, boolean) is 'Alerts: {ok, code, alerts}. Permission alert.read.';

create function payments.staff_acknowledge_alert(p_alert uuid, p_reason text) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it touches anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('alert.manage', p_reason, 'alert', p_alert::text);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  return payments_private.acknowledge_alert(payments_private.current_user_id()::text, p_alert, p_reason);
end
$$;
comment on function payments.staff_acknowledge_alert(uuid, text) is
  'Says that the caller is on an alert: {ok, code}. Permission alert.manage.';

create function payments.staff_resolve_alert(p_alert uuid, p_reason text) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it touches anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('alert.manage', p_reason, 'alert', p_alert::text);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  return payments_private.close_alert(payments_private.current_user_id()::text, p_alert, p_reason);
end
$$;
comment on function payments.staff_resolve_alert(uuid, text) is 'Closes an alert: {ok, code}. Permission alert.manage.';

create function payments.staff_list_alert_rules() returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it reads anything
set search_path = ''
as $$
declare
  -- rules name nobody: no reason is asked, and only a refusal leaves a row
  refusal text := payments_private.staff_refusal('alert.read', 'looks at alert rules', 'alert_rule', null);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  return jsonb_build_object('ok', true, 'rules', (
    select coalesce(jsonb_agg(to_jsonb(r) order by r.rule), '[]') from payments_private.alert_rules as r));
end
$$;
comment on function payments.staff_list_alert_rules() is
  'What may be raised: {ok, code, rules: [{rule, severity, title, runbook, enabled, threshold, window_seconds}]}. Permission alert.read.';

create function payments.staff_set_alert_rule(p_rule text, p_changes jsonb, p_reason text) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it touches anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('settings.update', p_reason, 'alert_rule', p_rule);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  return payments_private.set_alert_rule(payments_private.current_user_id()::text, p_rule, p_changes, p_reason);
end
$$;
comment on function payments.staff_set_alert_rule(text, jsonb, text) is
  'Changes what a rule takes to speak, and how loud: {ok, code}. Permission settings.update.';

grant execute on function payments.staff_list_alerts(text, boolean) to authenticated;
grant execute on function payments.staff_acknowledge_alert(uuid, text) to authenticated;
grant execute on function payments.staff_resolve_alert(uuid, text) to authenticated;
grant execute on function payments.staff_list_alert_rules() to authenticated;
grant execute on function payments.staff_set_alert_rule(text, jsonb, text) to authenticated;

reset role;
