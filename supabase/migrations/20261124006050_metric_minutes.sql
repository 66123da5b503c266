-- Purpose: what a shop does minute by minute, as numbers that can be compared with earlier ones.
-- Objects: payments_private.watched_metrics, metric_minutes, latency_quantile, count_minutes; settings for
--          anomalies; BRIN indexes to find what happened in a minute.
-- Risk:    counts and sums only, nothing of a person. Written by the worker alone: no function and no
--          event writes here, so nothing is hot and nothing waits for it (docs/anomalies.md).

set role payments_owner;

alter table payments_private.settings
  add column anomaly_warm_up_days integer not null default 28,
  add column anomaly_least_count integer not null default 8,
  add constraint warm_up_sees_every_hour_of_a_week_twice check (anomaly_warm_up_days between 15 and 35),
  add constraint least_count_is_positive check (anomaly_least_count > 0);
comment on column payments_private.settings.anomaly_warm_up_days is
  'Days a metric has been counted before anything about it is called unusual.';
comment on column payments_private.settings.anomaly_least_count is
  'Things within the window that is looked at, or expected in it, before it may be called unusual.';

-- 1. Metrics --------------------------------------------------------------------------------------

create table payments_private.watched_metrics (
  metric text primary key,
  kind text not null,
  high boolean not null,
  low boolean not null,
  constraint metric_is_a_name check (metric ~ '^[a-z_]+$' and length(metric) <= 40),
  constraint kind_is_known check (kind in ('count', 'level'))
);
comment on table payments_private.watched_metrics is
  'What is compared with earlier weeks: a count or sum, or a level (milliseconds); whether more, less or both is of interest. An amount is watched by currency, as in refund_amount:usd.';
alter table payments_private.watched_metrics enable row level security;
insert into payments_private.watched_metrics (metric, kind, high, low) values
  ('volume', 'count', true, true),
  ('errors', 'count', true, false),
  ('latency', 'level', true, false),
  ('signature_failures', 'count', true, false),
  ('declines', 'count', true, false),
  ('refunds', 'count', true, false),
  ('refund_amount', 'count', true, false),
  ('amount', 'count', true, false),
  ('new_customers', 'count', true, false);

create table payments_private.metric_minutes (
  metric text not null,
  minute timestamptz not null,
  value double precision not null,
  samples integer not null,
  constraint metric_minutes_pkey primary key (metric, minute),
  constraint value_is_not_negative check (value >= 0 and samples >= 0)
);
comment on table payments_private.metric_minutes is
  'Value of each metric by minute. Where volume has a row the minute was counted, and a metric without one was 0.';
comment on column payments_private.metric_minutes.samples is
  'How many things are behind the value: payments behind an amount, requests behind a latency.';
alter table payments_private.metric_minutes enable row level security;
-- no grants: written and read by the worker's detect

-- A block range index costs an insert next to nothing, and a minute is found in a few pages: rows come
-- about in the order of their time.
create index declines_time on payments_private.declines using brin (occurred_at) with (autosummarize = on);
create index refunds_time on payments.refunds using brin (created_at) with (autosummarize = on);
create index payments_time on payments.payments using brin (created_at) with (autosummarize = on);
create index customers_time on payments.customers using brin (created_at) with (autosummarize = on);

-- 2. Counting -------------------------------------------------------------------------------------

create function payments_private.latency_quantile(p_buckets bigint[], p_share double precision) returns double precision
language plpgsql immutable
set search_path = ''
as $$
declare
  bounds constant double precision[] := array[0, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 20000];
  wanted double precision := p_share * (select sum(n) from unnest(p_buckets) as n);
  below double precision := 0;
begin
  for place in 1..12 loop
    if p_buckets[place] > 0 and below + p_buckets[place] >= wanted then
      return bounds[place] + (bounds[place + 1] - bounds[place]) * (wanted - below) / p_buckets[place];
    end if;
    below := below + p_buckets[place];
  end loop;
  return null;
end
$$;
comment on function payments_private.latency_quantile(bigint[], double precision) is
  'Milliseconds below which a share of a histogram (operation_counts.buckets) lies, linear within a bucket; null for an empty one.';

create function payments_private.count_minutes(p_from timestamptz, p_money_from timestamptz, p_to timestamptz)
returns integer
language plpgsql volatile
set search_path = ''
as $$
declare
  counted integer;
begin
  with requests as (
    select m.minute, m.code, m.function_name, m.requests, m.buckets
    from payments_private.operation_minutes as m
    -- the worker is called by a clock: its requests say nothing about the shop
    where m.minute >= p_from and m.minute < p_to and m.function_name <> 'payments-worker' and m.code <> 'preflight'
  ), latencies as (
    select r.minute, array_agg(r.n order by r.place) as buckets from (
      select q.minute, b.place, sum(b.n)::bigint as n
      from requests as q cross join unnest(q.buckets) with ordinality as b (n, place)
      where q.code = 'ok' group by 1, 2) as r
    group by 1
  ), counted as (
    -- nobody makes up for the requests that customers no longer send: what was refused before anybody was known
    -- (NOISE in _shared/operations.ts), or costs an account nothing to repeat, is not volume
    select 'volume' as metric, g.minute, coalesce(sum(r.requests), 0) as value, coalesce(sum(r.requests), 0) as samples
    from generate_series(p_from, p_to - interval '1 minute', interval '1 minute') as g (minute)
    left join requests as r on r.minute = g.minute and r.code not in (
      'bad_request', 'invalid_signature', 'unauthorized', 'https_required', 'not_found', 'method_not_allowed',
      'payload_too_large', 'unsupported_media_type', 'rate_limited', 'anonymous_user', 'session_ended',
      'invalid_request')
    group by 2
    union all
    select 'errors', r.minute, sum(r.requests), sum(r.requests) from requests as r
    where r.code in ('stripe_failed', 'unavailable', 'misconfigured') group by 2
    union all
    select 'signature_failures', r.minute, sum(r.requests), sum(r.requests) from requests as r
    where r.function_name = 'stripe-webhook' and r.code = 'invalid_signature' group by 2
    union all
    select 'latency', l.minute, payments_private.latency_quantile(l.buckets, 0.95),
      (select sum(n) from unnest(l.buckets) as n)
    from latencies as l where (select sum(n) from unnest(l.buckets) as n) > 0
    union all
    select 'declines', date_trunc('minute', d.occurred_at), count(*), count(*) from payments_private.declines as d
    where d.occurred_at >= p_money_from and d.occurred_at < p_to group by 2
    union all
    select 'new_customers', date_trunc('minute', c.created_at), count(*), count(*) from payments.customers as c
    where c.created_at >= p_money_from and c.created_at < p_to group by 2
    union all
    select 'refunds', date_trunc('minute', f.created_at), count(*), count(*) from payments.refunds as f
    where f.created_at >= p_money_from and f.created_at < p_to group by 2
    union all
    select 'refund_amount:' || f.currency, date_trunc('minute', f.created_at), sum(f.amount), count(*)
    from payments.refunds as f where f.created_at >= p_money_from and f.created_at < p_to group by 1, 2
    union all
    select 'amount:' || p.currency, date_trunc('minute', p.created_at), sum(p.amount_received), count(*)
    from payments.payments as p
    where p.created_at >= p_money_from and p.created_at < p_to and p.amount_received > 0 group by 1, 2
  )
  insert into payments_private.metric_minutes as m (metric, minute, value, samples)
  select c.metric, c.minute, c.value, least(c.samples, 2000000000) from counted as c
  on conflict (metric, minute) do update set value = excluded.value, samples = excluded.samples
  where m.value <> excluded.value or m.samples <> excluded.samples;
  get diagnostics counted = row_count;
  return counted;
end
$$;
comment on function payments_private.count_minutes(timestamptz, timestamptz, timestamptz) is
  'Counts what happened in the minutes until p_to (not included), again where they were counted before: requests from p_from, by our time; money and people from p_money_from, by Stripe''s.';

reset role;
