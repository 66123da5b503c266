-- Purpose: what the operator console shows at every look: who I am, how the pipeline does, what is set.
-- Objects: payments.staff_me, staff_read_overview, staff_read_settings, staff_read_retention, staff_list_keys;
--          permissions console.open, metrics.read, settings.read, key.read.
-- Risk:    figures, settings and fingerprints: no person's data, so no reason is asked and only a refusal is
--          audited. A console that looks every few seconds must not fill the trail with its own looking.

set role payments_owner;

insert into payments_private.role_permissions (role, permission) values
  ('admin', 'console.open'), ('finance', 'console.open'), ('support', 'console.open'), ('auditor', 'console.open'),
  ('admin', 'metrics.read'), ('finance', 'metrics.read'), ('support', 'metrics.read'), ('auditor', 'metrics.read'),
  ('admin', 'settings.read'), ('finance', 'settings.read'), ('support', 'settings.read'), ('auditor', 'settings.read'),
  ('admin', 'key.read'), ('auditor', 'key.read');

create function payments.staff_me() returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it reads anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('console.open', 'opens the console', 'staff', null);
  caller uuid := payments_private.current_user_id();
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  return jsonb_build_object('ok', true, 'user_id', caller,
    'roles', (
      select jsonb_agg(m.role order by m.role) from payments_private.staff_members as m where m.user_id = caller),
    'permissions', (
      select jsonb_agg(distinct p.permission) from payments_private.staff_members as m
      join payments_private.role_permissions as p on p.role = m.role
      where m.user_id = caller));
end
$$;
comment on function payments.staff_me() is
  'The caller''s roles and permissions, for what a console offers: {ok, code, user_id, roles, permissions}. Each procedure asks again. Permission console.open.';

create function payments_private.requests_by_step(p_since timestamptz, p_step_seconds integer) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(to_jsonb(s) order by s.at, s.function_name), '[]') from (
      select to_timestamp(floor(extract(epoch from m.minute) / p_step_seconds) * p_step_seconds) as at,
        m.function_name, sum(m.requests) as requests,
        coalesce(sum(m.requests) filter (where m.code = 'ok'), 0) as ok,
        -- what is our fault or Stripe's, as in docs/monitoring/alerts.yml; the rest was refused, which is an answer
        coalesce(sum(m.requests) filter (where m.code in ('unavailable', 'misconfigured', 'stripe_failed')), 0) as failed,
        array[sum(m.buckets[1]), sum(m.buckets[2]), sum(m.buckets[3]), sum(m.buckets[4]), sum(m.buckets[5]),
          sum(m.buckets[6]), sum(m.buckets[7]), sum(m.buckets[8]), sum(m.buckets[9]), sum(m.buckets[10]),
          sum(m.buckets[11]), sum(m.buckets[12])]::bigint[] as buckets
      from payments_private.operation_minutes as m
      where m.minute >= p_since and m.code <> 'preflight'
      group by 1, 2
    ) as s);
end
$$;
comment on function payments_private.requests_by_step(timestamptz, integer) is
  'Requests, failures and the histogram of latency by function and step: [{at, function_name, requests, ok, failed, buckets}], oldest first.';

create function payments_private.pipeline_by_step(p_since timestamptz, p_step_seconds integer) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(to_jsonb(s) order by s.at), '[]') from (
      select to_timestamp(floor(extract(epoch from m.minute) / p_step_seconds) * p_step_seconds) as at,
        max(m.backlog_seconds) as backlog_seconds, max(m.open_alerts) as open_alerts
      from payments_private.pipeline_minutes as m where m.minute >= p_since group by 1) as s);
end
$$;
comment on function payments_private.pipeline_by_step(timestamptz, integer) is
  'The worst of each step: [{at, backlog_seconds, open_alerts}], oldest first.';

create function payments_private.pipeline_now() returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return payments_private.pipeline_counts() || jsonb_build_object(
    -- by rule: a subject may be a user
    'alerts', (
      select coalesce(jsonb_agg(to_jsonb(a) order by a.severity, a.rule), '[]') from (
        select l.rule, coalesce(r.title, l.rule) as title, l.severity, count(*) as open,
          count(*) filter (where l.acknowledged_at is null) as untaken,
          min(l.first_seen_at) as first_seen_at, max(l.last_seen_at) as last_seen_at
        from payments_private.alerts as l
        left join payments_private.alert_rules as r on r.rule = l.rule
        where l.resolved_at is null group by 1, 2, 3) as a),
    'incidents', (
      select jsonb_build_object('open', count(*),
        'notify_due_at', min(i.notify_due_at) filter (where payments_private.clock_runs(i)))
      from payments_private.incidents as i where i.closed_at is null),
    'switches', (
      select jsonb_build_object('all', s.stop_all, 'checkout', s.stop_checkout, 'portal', s.stop_portal,
        'webhooks', s.stop_webhooks)
      from payments_private.settings as s));
end
$$;
comment on function payments_private.pipeline_now() is
  'How the pipeline stands: backlog, unfinished events, open alerts by rule, open incidents, kill switches. Counts only.';

create function payments.staff_read_overview(p_minutes integer default 60) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it reads anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('metrics.read', 'looks at figures', 'metrics', null);
  minutes integer := least(greatest(coalesce(p_minutes, 60), 15), 43200);
  -- about sixty steps, whatever the span
  step_seconds integer := case
    when minutes <= 60 then 60 when minutes <= 360 then 300 when minutes <= 1440 then 1200
    when minutes <= 10080 then 10800 else 43200 end;
  since timestamptz;
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  since := to_timestamp(
    floor(extract(epoch from now() - make_interval(mins => minutes)) / step_seconds) * step_seconds);
  return jsonb_build_object('ok', true, 'now', now(), 'since', since, 'step_seconds', step_seconds,
    'bounds_ms', '[5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000]'::jsonb,
    'series', payments_private.requests_by_step(since, step_seconds),
    'pipeline', payments_private.pipeline_by_step(since, step_seconds),
    'endings', (
      select coalesce(jsonb_agg(to_jsonb(c) order by c.requests desc, c.function_name, c.code), '[]') from (
        select m.function_name, m.code, sum(m.requests) as requests from payments_private.operation_minutes as m
        where m.minute >= since and m.code <> 'preflight' group by 1, 2) as c)
  ) || payments_private.pipeline_now();
end
$$;
comment on function payments.staff_read_overview(integer) is
  'Figures of the last p_minutes (15 to 43200): {ok, code, now, since, step_seconds, bounds_ms, series, pipeline, endings, backlog_seconds, marks, events, outbox, alerts, incidents, switches}. Permission metrics.read.';

create function payments.staff_read_settings() returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it reads anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('settings.read', 'looks at settings', 'settings', null);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  return jsonb_build_object('ok', true, 'settings', (
    select to_jsonb(s) - 'only_row' from payments_private.settings as s));
end
$$;
comment on function payments.staff_read_settings() is
  'Limits, caps, rules and kill switches as they are: {ok, code, settings}. Permission settings.read.';

create function payments.staff_read_retention() returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it reads anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('settings.read', 'looks at retention', 'retention', null);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  return jsonb_build_object('ok', true,
    'classes', (
      select jsonb_agg(to_jsonb(c) order by c.class) from payments_private.retention_classes as c),
    'purged_at', (select r.finished_at from payments_private.purge_runs as r),
    -- how many, not on whom: that is staff_list_legal_holds, which asks for a reason
    'holds', (select count(*) from payments_private.legal_holds as h where h.released_at is null));
end
$$;
comment on function payments.staff_read_retention() is
  'How long each class is kept, when the purge last ran and how many legal holds are in force: {ok, code, classes: [{class, keep_days, least_days, most_days}], purged_at, holds}. Permission settings.read.';

create function payments.staff_list_keys() returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it reads anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('key.read', 'looks at the age of keys', 'key', null);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  perform payments_private.note_key_uses();
  return jsonb_build_object('ok', true, 'now', now(),
    'secrets', (
      select coalesce(jsonb_agg(to_jsonb(k) order by k.kind, k.last_used_at desc, k.fingerprint), '[]')
      from payments_private.key_uses as k),
    'encryption_keys', (
      select coalesce(jsonb_agg(to_jsonb(e) || jsonb_build_object('values', (
          select count(*) from payments_private.encrypted_values as v where v.key_id = e.key_id))
        order by e.is_current desc, e.first_seen_at desc), '[]')
      from payments_private.encryption_keys as e));
end
$$;
comment on function payments.staff_list_keys() is
  'Secrets by fingerprint and encryption keys by id, never a key: {ok, code, now, secrets: [{fingerprint, kind, used_by, first_used_at, last_used_at}], encryption_keys: [{key_id, first_seen_at, is_current, in_ring, values}]}. Permission key.read.';

grant execute on function payments.staff_me() to authenticated;
grant execute on function payments.staff_read_overview(integer) to authenticated;
grant execute on function payments.staff_read_settings() to authenticated;
grant execute on function payments.staff_read_retention() to authenticated;
grant execute on function payments.staff_list_keys() to authenticated;

reset role;
