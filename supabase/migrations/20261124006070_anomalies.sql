-- Purpose: people hear of what is unusual, though no limit is passed.
-- Objects: rule `anomaly`; payments_private.score_minutes, watch_anomalies.
-- Risk:    an alert, nothing else: no user is held and nothing is switched off because of a statistic.

set role payments_owner;

insert into payments_private.alert_rules (rule, severity, title, runbook, threshold, window_seconds) values
  ('anomaly', 'warning', 'Something is unusual', 'docs/alerts.md#anomaly', 5, null);

create function payments_private.score_minutes(p_from timestamptz, p_to timestamptz)
returns table (
  metric text, minute timestamptz, score double precision, window_minutes integer,
  value double precision, expected double precision
)
language plpgsql stable
set search_path = ''
as $$
declare
  least_count integer;
  warm_up interval;
begin
  select s.anomaly_least_count, make_interval(days => s.anomaly_warm_up_days) into least_count, warm_up
  from payments_private.settings as s;
  return query
  select distinct on (w.metric, w.minute) w.metric, w.minute, coalesce(j.score, 0), w.window_minutes, w.value, w.expected
  from payments_private.metric_windows(p_from, p_to) as w
  join payments_private.watched_metrics as m on m.metric = split_part(w.metric, ':', 1)
  join (select h.metric, min(h.hour) as since from payments_private.metric_hours as h group by 1) as k
    on k.metric = w.metric and k.since <= p_from - warm_up
  cross join lateral (
    select case
      -- one or two minutes are a deploy, not an incident
      when m.high and w.deviation > 0 and w.samples >= least_count and (w.window_minutes > 5 or w.lasts_high)
        then w.deviation / w.scale
      when m.low and w.deviation < 0 and w.usual_samples >= least_count and (w.window_minutes > 5 or w.lasts_low)
        then -w.deviation / w.scale end as score) as j
  where w.scale is not null
  order by w.metric, w.minute, coalesce(j.score, 0) desc;
end
$$;
comment on function payments_private.score_minutes(timestamptz, timestamptz) is
  'For each metric and minute from p_from to p_to (not included), how unusual the most unusual window that ends with it is, in usual deviations; 0 where it is not, no row where nothing is known.';

create function payments_private.watch_anomalies(p_now timestamptz default now()) returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  -- what functions gather and transactions commit comes a few seconds after its minute
  until constant timestamptz := date_trunc('minute', p_now - interval '15 seconds');
  counted constant timestamptz := (select max(m.minute) from payments_private.metric_minutes as m where m.metric = 'volume');
  since timestamptz := greatest(counted + interval '1 minute', until - interval '6 hours');
  hours_since timestamptz;
  hours_until constant timestamptz := date_trunc('hour', until - interval '15 minutes', 'UTC');
  limit_score integer := payments_private.alert_threshold('anomaly');
  found_metric record;
begin
  since := coalesce(since, until - interval '1 minute');
  if since >= until then
    return;
  end if;
  -- What Stripe tells late is counted in its own minute: of the last quarter of an hour every time, of the six
  -- hours that a window reaches back every five minutes.
  perform payments_private.count_minutes(least(since, until - interval '15 minutes'), least(since, until - case
    when date_bin('5 minutes', since, 'epoch') < date_bin('5 minutes', until, 'epoch') then interval '6 hours'
    else interval '15 minutes' end), until);
  hours_since := (select max(h.hour) + interval '1 hour' from payments_private.metric_hours as h where h.metric = 'volume');
  hours_since := greatest(coalesce(hours_since, date_trunc('hour', since, 'UTC')), until - interval '1 day');
  hours_since := date_trunc('hour', hours_since, 'UTC');
  if hours_until > hours_since then
    -- with the hours before it, minutes of which were counted again when money came late
    perform payments_private.sum_up_hours(least(hours_since, hours_until - interval '7 hours'), hours_until);
  end if;
  for found_metric in
    select distinct on (s.metric) s.metric, s.score, jsonb_build_object(
      'minute', s.minute, 'window_minutes', s.window_minutes, 'value', round(s.value::numeric, 1),
      'expected', round(s.expected::numeric, 1), 'score', round(s.score::numeric, 1)) as detail
    from payments_private.score_minutes(since, until) as s order by s.metric, s.score desc
  loop
    -- what is open stays so while half of it is left: it would else close and open again and again
    if found_metric.score >= limit_score or found_metric.score >= limit_score / 2.0 and exists (
      select from payments_private.alerts as a
      where a.rule = 'anomaly' and a.subject = found_metric.metric and a.resolved_at is null) then
      perform payments_private.raise_alert('anomaly', found_metric.metric, 'warning', found_metric.detail);
    end if;
  end loop;
  perform payments_private.resolve_alert('anomaly', a.subject) from payments_private.alerts as a
  where a.rule = 'anomaly' and a.resolved_at is null and a.last_seen_at < p_now - interval '15 minutes';
end
$$;
comment on function payments_private.watch_anomalies(timestamptz) is
  'Counts the minutes that are over, sums hours up (with what came late, those of the last seven again), and raises anomaly for a metric whose score reaches the rule''s threshold; closes it after a quarter of an hour without. The caller lets one in at a time.';

reset role;
