-- Purpose: what is usual for a metric at an hour of the week, and how far off it usually is.
-- Objects: payments_private.metric_hours, metric_baselines; metric_windows, sum_up_hours.
-- Risk:    a wrong baseline cries wolf or sleeps; bench/cases/anomalies.ts measures how often.
--
-- Method and sources: docs/anomalies.md. Everything here is a median of something, so that neither an
-- incident nor a gap of last week becomes this week's normal.

set role payments_owner;

-- 1. Tables ---------------------------------------------------------------------------------------

create table payments_private.metric_hours (
  metric text not null,
  hour timestamptz not null,
  rate double precision not null,
  samples double precision not null,
  spread_5 double precision,
  spread_60 double precision,
  spread_360 double precision,
  constraint metric_hours_pkey primary key (metric, hour)
);
comment on table payments_private.metric_hours is
  'Each metric by hour, as it was: its mean a minute (of a level the geometric one) and how far it was from what was expected. An hour that was not counted for at least half has no row.';
comment on column payments_private.metric_hours.samples is 'Things behind the value, mean a minute.';
comment on column payments_private.metric_hours.spread_5 is
  'How far its windows of five minutes were from what was expected, in the middle; of 60 and 360 minutes the one that ends with the hour. Null as long as nothing was expected.';

create table payments_private.metric_baselines (
  metric text not null,
  hour timestamptz not null,
  rate double precision not null,
  unit double precision not null,
  scale_5 double precision,
  scale_60 double precision,
  scale_360 double precision,
  constraint metric_baselines_pkey primary key (metric, hour)
);
comment on table payments_private.metric_baselines is
  'What is expected of each metric in an hour, made a day ahead: its mean a minute, what one thing is worth, and the usual deviation of windows of 5, 60 and 360 minutes (null: not known yet).';
alter table payments_private.metric_hours enable row level security;
alter table payments_private.metric_baselines enable row level security;
-- no grants: written and read by the worker's detect

-- 2. Windows --------------------------------------------------------------------------------------

create function payments_private.metric_windows(p_from timestamptz, p_to timestamptz)
returns table (
  metric text, minute timestamptz, window_minutes integer, value double precision, expected double precision,
  deviation double precision, scale double precision, samples double precision, usual_samples double precision,
  lasts_high boolean, lasts_low boolean
)
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  with expected as materialized (
    select b.*, w.kind = 'level' as is_level,
      lag(b.rate, 1, b.rate) over hours as rate_before, lead(b.rate, 1, b.rate) over hours as rate_after
    from payments_private.metric_baselines as b
    join payments_private.watched_metrics as w on w.metric = split_part(b.metric, ':', 1)
    where b.hour >= date_trunc('hour', p_from - interval '7 hours', 'UTC') and b.hour < p_to + interval '1 hour'
    window hours as (partition by b.metric order by b.hour)
  ), counted as materialized (
    -- a minute that nobody counted is not one in which nothing happened
    select v.minute, date_trunc('hour', v.minute, 'UTC') as hour, extract(minute from v.minute)::integer as n
    from payments_private.metric_minutes as v
    where v.metric = 'volume' and v.minute >= p_from - interval '6 hours' and v.minute < p_to
  ), found as materialized (
    select m.metric, m.minute, m.value, m.samples
    from (select distinct x.metric from expected as x) as k
    join payments_private.metric_minutes as m on m.metric = k.metric
    where m.minute >= p_from - interval '6 hours' and m.minute < p_to
  ), seen as materialized ( -- or what is expected is worked out anew wherever it is named
    select c.minute, e.metric, e.is_level, e.unit, e.scale_5, e.scale_60, e.scale_360, coalesce(m.samples, 0) as n_samples,
      case when e.is_level then ln(greatest(r.rate, 0.001)) else r.rate end as e,
      case when e.is_level then ln(greatest(m.value, 0.001)) else coalesce(m.value, 0) end as x
    from counted as c
    join expected as e on e.hour = c.hour
    -- between the middles of two hours the expectation is the line from one to the other
    cross join lateral (
      select e.rate + (case when c.n < 30 then e.rate_before else e.rate_after end - e.rate) * abs((c.n + 0.5) / 60 - 0.5) as rate) as r
    left join found as m on m.metric = e.metric and m.minute = c.minute
  ), judged as materialized (
    select s.*,
      -- what one minute may add to the long windows is bounded: a short burst is no slow drift
      case when s.scale_5 is null then s.x
        when s.is_level then greatest(least(s.x, s.e + 6 * s.scale_5), s.e - 6 * s.scale_5)
        else greatest(least(s.x, s.e + 3 * s.scale_5 * sqrt(s.e) + s.unit), s.e - 3 * s.scale_5 * sqrt(s.e)) end as clipped,
      -- a mean of five varies less than one of them
      case when abs(s.x - s.e) > 0 and case when s.is_level then abs(s.x - s.e) / 1.6
          else sqrt(2 * greatest(case when s.x > 0 then s.x * ln(s.x / greatest(s.e, 0.01 * s.unit)) else 0 end - (s.x - s.e), 0)) end
        >= case when s.x > s.e then 2.25 else 2.5 end * s.scale_5 then sign(s.x - s.e) else 0 end as side
    from seen as s
    where s.x is not null
  ), summed as (
    select j.metric, j.is_level, j.minute, j.unit, j.scale_5, j.scale_60, j.scale_360,
      sum(j.x) over so_far as x, sum(j.e) over so_far as e, sum(j.clipped) over so_far as clipped,
      count(*) over so_far as n, min(j.minute) over so_far as first, sum(j.n_samples::double precision) over so_far as samples,
      sum(case when j.is_level then 0 else j.e / j.unit end) over so_far as usual,
      array_agg(j.x) over last_five as five, count(*) filter (where j.side > 0) over so_far as highs, count(*) filter (where j.side < 0) over so_far as lows
    from judged as j
    window so_far as (partition by j.metric order by j.minute),
      last_five as (partition by j.metric order by j.minute rows between 4 preceding and current row)
  ), lagged as (
    -- sums so far minus those before the window: its length costs nothing
    select s.metric, s.is_level, s.minute, s.unit, array[5, 60, 360] as minutes,
      array[s.scale_5, s.scale_60, s.scale_360] as scales,
      array[s.x - lag(s.x, 5, 0) over w, s.clipped - lag(s.clipped, 60, 0) over w, s.clipped - lag(s.clipped, 360, 0) over w] as xs,
      array[s.e - lag(s.e, 5, 0) over w, s.e - lag(s.e, 60, 0) over w, s.e - lag(s.e, 360, 0) over w] as es,
      array[s.samples - lag(s.samples, 5, 0) over w, s.samples - lag(s.samples, 60, 0) over w, s.samples - lag(s.samples, 360, 0) over w] as samples,
      array[s.usual - lag(s.usual, 5, 0) over w, s.usual - lag(s.usual, 60, 0) over w, s.usual - lag(s.usual, 360, 0) over w] as usual,
      array[lag(s.minute, 4) over w, lag(s.minute, 59) over w, lag(s.minute, 359) over w] as since,
      s.n, s.first, s.five, s.highs - lag(s.highs, 5, 0) over w as highs, s.lows - lag(s.lows, 5, 0) over w as lows
    from summed as s window w as (partition by s.metric order by s.minute)
  ), windowed as (
    select s.metric, s.is_level, s.minute, s.unit, s.five, s.highs, s.lows, l.minutes, l.scale, l.x, l.e, l.samples, l.usual,
      least(s.n, l.minutes) as n, s.minute - coalesce(l.since, s.first) as length
    from lagged as s
    cross join lateral unnest(s.minutes, s.scales, s.xs, s.es, s.samples, s.usual, s.since)
      as l (minutes, scale, x, e, samples, usual, since)
    where s.minute >= p_from
  )
  select w.metric, w.minute, w.minutes,
    case when w.is_level then exp(w.x / w.n) else w.x end, case when w.is_level then exp(w.e / w.n) else w.e end,
    -- the root of a count's deviance varies equally whatever its size, and is right far out where few are usual
    case when w.is_level then (w.x - w.e) / w.n
      else sign(w.x - w.floored) * sqrt(2 * greatest(
        case when w.x > 0 then w.x * ln(w.x / w.floored) else 0 end - (w.x - w.floored), 0)) end,
    w.scale, w.samples, w.usual,
    -- one or two minutes are a deploy: three must be high, and the window without its two highest
    w.highs >= 3 and case when w.is_level then true else w.minutes = 5 and w.x > w.e and (
      select t.x > t.e and sqrt(2 * greatest(t.x * ln(t.x / t.e) - (t.x - t.e), 0)) >= 1.8 * w.scale
      from (
        select greatest(sum(least_of.v), 0.001 * w.unit) as x, w.floored * 3 / w.n as e
        from (select v from unnest(w.five) as v order by v limit 3) as least_of) as t) end,
    w.lows >= 3
  from (select v.*, greatest(v.e, 0.01 * v.unit) as floored from windowed as v) as w
  -- a window with gaps reaches further back than it may
  where w.n >= w.minutes / 2 + 1 and w.length < w.minutes * interval '1.5 minutes';
end
$$;
comment on function payments_private.metric_windows(timestamptz, timestamptz) is
  'For each metric and counted minute from p_from to p_to (not included), the windows of 5, 60 and 360 minutes that end with it: what was seen and expected, the deviation (of a count the signed root of its deviance, of a level the logarithm), its usual size, and whether five minutes are high or low for longer than a deploy.';

-- 3. Hours ----------------------------------------------------------------------------------------

create function payments_private.sum_up_rates(p_from timestamptz, p_to timestamptz) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  with recursive recorded as (
    -- from one metric to the next in the index: the table is not read through
    select min(m.metric) as metric from payments_private.metric_minutes as m
    union all
    select (select min(m.metric) from payments_private.metric_minutes as m where m.metric > r.metric)
    from recorded as r where r.metric is not null
  ), known as (
    select w.metric, w.kind from payments_private.watched_metrics as w where w.metric not in ('amount', 'refund_amount')
    union
    select r.metric, 'count' from recorded as r where r.metric like '%:%'
  ), counted as (
    select date_trunc('hour', m.minute, 'UTC') as hour, count(*) as minutes from payments_private.metric_minutes as m
    where m.metric = 'volume' and m.minute >= p_from and m.minute < p_to
    group by 1 having count(*) >= 30
  ), found as (
    select m.metric, date_trunc('hour', m.minute, 'UTC') as hour, sum(m.value) as total, sum(m.samples) as samples,
      exp(avg(ln(greatest(m.value, 0.001)))) as level
    from known as k
    join payments_private.metric_minutes as m on m.metric = k.metric
    where m.minute >= p_from and m.minute < p_to group by 1, 2
  )
  insert into payments_private.metric_hours as h (metric, hour, rate, samples)
  select k.metric, c.hour,
    case when k.kind = 'level' then f.level else coalesce(f.total, 0) / c.minutes end, coalesce(f.samples, 0)::double precision / c.minutes
  from counted as c cross join known as k
  left join found as f on f.metric = k.metric and f.hour = c.hour
  where k.kind = 'count' or f.level is not null
  on conflict (metric, hour) do update set rate = excluded.rate, samples = excluded.samples;
end
$$;
comment on function payments_private.sum_up_rates(timestamptz, timestamptz) is
  'Writes the hours from p_from to p_to (not included) of every metric, where at least half of an hour was counted.';

create function payments_private.expect_hours(p_from timestamptz, p_to timestamptz) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  with wanted as (
    select h.metric, g.hour, date_trunc('day', g.hour, 'UTC') as day, h.kind
    from (
      select i.metric, w.kind, min(i.hour) as since from payments_private.metric_hours as i
      join payments_private.watched_metrics as w on w.metric = split_part(i.metric, ':', 1) group by 1, 2
    ) as h
    cross join generate_series(p_from, p_to - interval '1 hour', interval '1 hour') as g (hour)
    where h.since <= g.hour - interval '14 days' and not exists (
        select from payments_private.metric_baselines as b where b.metric = h.metric and b.hour = g.hour)
  ), days as (
    select h.metric, date_trunc('day', h.hour, 'UTC') as day, avg(h.rate) as rate, avg(h.samples) * 1440 as samples
    from payments_private.metric_hours as h
    where h.hour >= p_from - interval '31 days' and h.hour < p_to group by 1, 2 having count(*) >= 12
  ), growth as (
    -- a week's, as the middle one of seven days compared with three weeks before, or with less where there is
    -- no more; a metric of few things is taken to grow less than it seems to
    select distinct on (g.metric, g.day) g.metric, g.day, greatest(least(g.rate, 0.3), -0.3) as rate from (
      select d.metric, d.day, l.weeks, percentile_cont(0.5) within group (order by ln(a.rate / b.rate)) / l.weeks
        * case when d.kind = 'level' then 1 else avg(a.samples) / (avg(a.samples) + 200) end as rate
      from (select distinct w.metric, w.kind, w.day from wanted as w) as d
      cross join generate_series(2, 8) as n
      cross join generate_series(1, 3) as l (weeks)
      join days as a on a.metric = d.metric and a.day = d.day - make_interval(days => n)
      join days as b on b.metric = d.metric and b.day = d.day - make_interval(days => n + 7 * l.weeks)
      where a.rate > 0 and b.rate > 0 group by 1, 2, 3, d.kind having count(*) >= 4) as g
    order by g.metric, g.day, g.weeks desc
  ), past as (
    select w.metric, w.hour, k.weeks, sum(h.rate * o.weight) / sum(o.weight) as rate, sum(h.samples * o.weight) / sum(o.weight) as samples
    from wanted as w
    cross join generate_series(1, 4) as k (weeks)
    cross join (values (-1, 1), (0, 2), (1, 1)) as o (hours, weight)
    join payments_private.metric_hours as h
      on h.metric = w.metric and h.hour = w.hour + make_interval(hours => o.hours - 168 * k.weeks)
    group by 1, 2, 3
  ), rates as (
    select p.metric, p.hour, percentile_cont(0.5) within group (order by p.rate * exp(coalesce(g.rate, 0) * p.weeks)) as rate,
      case when sum(p.samples) > 0 then sum(p.rate) / sum(p.samples) end as unit
    from past as p
    left join growth as g on g.metric = p.metric and g.day = date_trunc('day', p.hour, 'UTC')
    group by 1, 2 having count(*) >= 2
  ), scales as (
    -- the deviations at this time of the last four weeks: 1.4826 and 0.8693 make a median and an upper
    -- quartile a standard deviation. The quartile of the long windows, of which each day has few
    select w.metric, w.hour, count(h.spread_5) as n,
      1.4826 * percentile_cont(0.5) within group (order by h.spread_5) as scale_5,
      0.8693 * percentile_cont(0.75) within group (order by h.spread_60) as scale_60,
      0.8693 * percentile_cont(0.75) within group (order by h.spread_360) as scale_360
    from wanted as w
    cross join generate_series(1, 28) as d (days)
    cross join generate_series(-1, 1) as o (hours)
    join payments_private.metric_hours as h on h.metric = w.metric and h.hour = w.hour + make_interval(hours => o.hours - 24 * d.days)
    where h.spread_5 is not null group by 1, 2
  )
  insert into payments_private.metric_baselines (metric, hour, rate, unit, scale_5, scale_60, scale_360)
  select r.metric, r.hour, r.rate, f.unit, case when s.n >= 9 then greatest(s.scale_5, f.least) end,
    case when s.n >= 9 then greatest(s.scale_60, f.least) end, case when s.n >= 9 then greatest(s.scale_360, f.least) end
  from rates as r
  join payments_private.watched_metrics as w on w.metric = split_part(r.metric, ':', 1)
  -- less than chance alone makes is no scale
  cross join lateral (
    select case when w.kind = 'level' then 1 else greatest(coalesce(r.unit, 1), 0.001) end as unit,
      case when w.kind = 'level' then 0.05 else sqrt(greatest(coalesce(r.unit, 1), 0.001)) end as least) as f
  left join scales as s on s.metric = r.metric and s.hour = r.hour
  on conflict do nothing;
end
$$;
comment on function payments_private.expect_hours(timestamptz, timestamptz) is
  'Says what is expected in the hours from p_from to p_to (not included): the median of that hour in the last four weeks, each brought forward by the growth since, and the usual deviation. Nothing before the warm-up is over, nothing twice.';

create function payments_private.sum_up_hours(p_from timestamptz, p_to timestamptz) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  perform payments_private.sum_up_rates(p_from, p_to);
  with spreads as (
    select w.metric, date_trunc('hour', w.minute, 'UTC') as hour,
      percentile_cont(0.5) within group (order by abs(w.deviation)) filter (where w.window_minutes = 5) as five,
      max(abs(w.deviation)) filter (where w.window_minutes = 60 and extract(minute from w.minute) = 59) as sixty,
      max(abs(w.deviation)) filter (where w.window_minutes = 360 and extract(minute from w.minute) = 59) as long
    from payments_private.metric_windows(p_from, p_to) as w group by 1, 2
  )
  update payments_private.metric_hours as h set spread_5 = s.five, spread_60 = s.sixty, spread_360 = s.long
  from spreads as s where s.metric = h.metric and s.hour = h.hour;
  perform payments_private.expect_hours(p_from, p_to + interval '26 hours');
end
$$;
comment on function payments_private.sum_up_hours(timestamptz, timestamptz) is
  'Sums the counted hours from p_from to p_to (not included) up and says what is expected until a day after them.';

reset role;
