-- Purpose: people hear of a flood of calls that are refused, of which only the first few are in the log.
-- Objects: rule `refused_calls`; payments_private.recent_refusals, watch_refusals, refusal_counts; an index.
-- Risk:    an alert and a metric, nothing else. What the API refuses before it reaches the database (a token
--          that is forged or over) is in its own log alone.

set role payments_owner;

insert into payments_private.alert_rules (rule, severity, title, runbook, threshold, window_seconds) values
  ('refused_calls', 'warning', 'Many calls are refused', 'docs/alerts.md#refused_calls', 1000, 1200);

-- found by their time, whoever they are about: costs a refusal next to nothing
create index rate_refusals_time on payments_private.rate_refusals using brin (window_at) with (autosummarize = on);

create function payments_private.recent_refusals(p_window interval)
returns table (source text, refusals bigint, most_by text)
language sql stable
set search_path = ''
as $$
  -- by a limit, or for want of a staff permission
  select r.bucket, sum(r.refusals), (array_agg(r.subject order by r.refusals desc, r.subject))[1]
  from payments_private.rate_refusals as r where r.window_at > now() - p_window group by r.bucket
  union all
  -- for want of a session or a permission, at a function
  select m.function_name, sum(m.requests)::bigint, null
  from payments_private.operation_minutes as m
  where m.minute > now() - p_window and m.code in (
    'unauthorized', 'session_ended', 'anonymous_user', 'sign_in_again', 'second_factor_required', 'forbidden')
  group by m.function_name
$$;
comment on function payments_private.recent_refusals(interval) is
  'Calls that were refused lately: by limit (user, address, stripe) and to people who asked for what is staff''s (staff), with whom most were refused to; for want of a session or permission, by function.';

create function payments_private.watch_refusals() returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  most integer := payments_private.alert_threshold('refused_calls');
  recent jsonb := (
    select coalesce(jsonb_object_agg(f.source, to_jsonb(f) - 'source'), '{}')
    from payments_private.alert_rules as r,
      lateral payments_private.recent_refusals(make_interval(secs => r.window_seconds)) as f
    where r.rule = 'refused_calls');
begin
  -- a flood that goes on is one alert, until half of it is over; what it says is how it is now, so that
  -- whoever began does not hide who goes on
  update payments_private.alerts as a
  set last_seen_at = now(), detail = jsonb_strip_nulls(recent -> a.subject)
  where a.rule = 'refused_calls' and a.resolved_at is null
    and (recent #>> array[a.subject, 'refusals'])::bigint >= most;
  perform payments_private.raise_alert('refused_calls', f.key, 'warning', jsonb_strip_nulls(f.value))
  from jsonb_each(recent) as f
  where (f.value ->> 'refusals')::bigint >= most and not exists (
    select from payments_private.alerts as a
    where a.rule = 'refused_calls' and a.subject = f.key and a.resolved_at is null);
  perform payments_private.resolve_alert('refused_calls', a.subject)
  from payments_private.alerts as a
  where a.rule = 'refused_calls' and a.resolved_at is null
    and coalesce((recent #>> array[a.subject, 'refusals'])::bigint, 0) < coalesce(most / 2.0, 'infinity'); -- null: switched off
end
$$;
comment on function payments_private.watch_refusals() is
  'Raises refused_calls for a limit, for staff''s procedures or for a function where more was refused than the rule allows; closes it at half of that.';

create function payments_private.refusal_counts() returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_object_agg(f.source, f.refusals), '{}')
    from payments_private.recent_refusals(interval '20 minutes') as f where f.most_by is not null);
end
$$;
comment on function payments_private.refusal_counts() is
  'Calls of these ten minutes and the ten before that a limit or a staff permission refused: {user, address, stripe, staff}. Those at functions are in their own counters.';

reset role;
