-- Purpose: how every request to a function ended and how long it took, without slowing one down.
-- Objects: payments_private.operations (partitions by day), operation_counts, operation_minutes,
--          operation_totals, ensure_operations_partitions, roll_up_operations, purge_metrics;
--          payments.record_operations, read_metrics.
-- Risk:    statistics, not evidence: what an isolate had not flushed when it died is lost (docs/adr/0013).
--          A function's key can only write about its own function.
--
-- The functions append; nobody updates what they write, so no row is hot. The worker alone adds up.

set role payments_owner;

-- 1. What the functions write ---------------------------------------------------------------------

create table payments_private.operations (
  occurred_at timestamptz not null,
  function_name text not null,
  code text not null,
  duration_ms integer not null,
  request_id uuid not null,
  constraint duration_is_not_negative check (duration_ms >= 0),
  constraint code_is_a_name check (code ~ '^[a-z_]+$' and length(code) <= 40)
) partition by range (occurred_at);
comment on table payments_private.operations is
  'One row for each request that got past the door: function, outcome code, latency, request id. Append-only; what is refused before that is counted only. Partitions by day (UTC).';
alter table payments_private.operations enable row level security;
create index operations_request on payments_private.operations (request_id);
-- no grants: written through record_operations

create table payments_private.operations_default partition of payments_private.operations default;
alter table payments_private.operations_default enable row level security;

create function payments_private.ensure_operations_partitions(p_from date, p_days integer) returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  day date;
  partition_name text;
begin
  for day in select p_from + n from generate_series(0, p_days - 1) as n loop
    partition_name := 'operations_' || to_char(day, 'YYYYMMDD');
    continue when pg_catalog.to_regclass('payments_private.' || partition_name) is not null or exists (
      -- what came before its day was made keeps that day in the default partition
      select from payments_private.operations_default as o
      where o.occurred_at >= day::timestamp at time zone 'UTC'
        and o.occurred_at < (day + 1)::timestamp at time zone 'UTC');
    execute format(
      'create table if not exists payments_private.%I (like payments_private.operations including all)', partition_name);
    execute format('alter table payments_private.%I enable row level security', partition_name);
    execute format(
      'alter table payments_private.operations attach partition payments_private.%I for values from (%L) to (%L)',
      partition_name, day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC');
  end loop;
end
$$;
comment on function payments_private.ensure_operations_partitions(date, integer) is
  'Makes the daily partitions from p_from on, unless they are there or the default partition holds the day already.';
select payments_private.ensure_operations_partitions((now() at time zone 'UTC')::date, 8);

create table payments_private.operation_counts (
  minute timestamptz not null,
  function_name text not null,
  code text not null,
  requests integer not null,
  total_ms bigint not null,
  buckets integer[] not null,
  constraint a_count_counts check (requests > 0 and total_ms >= 0),
  constraint there_are_12_buckets check (cardinality(buckets) = 12)
);
comment on table payments_private.operation_counts is
  'What isolates have flushed and the worker has not added up yet; the worker takes rows away.';
comment on column payments_private.operation_counts.buckets is
  'Requests by latency, each in one bucket: up to 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000 ms, and above.';
alter table payments_private.operation_counts enable row level security;

create table payments_private.operation_minutes (
  minute timestamptz not null,
  function_name text not null,
  code text not null,
  requests bigint not null,
  total_ms bigint not null,
  buckets bigint[] not null,
  constraint operation_minutes_pkey primary key (minute, function_name, code)
);
comment on table payments_private.operation_minutes is
  'Requests, their latency and its histogram by minute, function and outcome code. Written by the worker alone.';
alter table payments_private.operation_minutes enable row level security;

create table payments_private.operation_totals (
  function_name text not null,
  code text not null,
  requests bigint not null,
  total_ms bigint not null,
  buckets bigint[] not null,
  constraint operation_totals_pkey primary key (function_name, code)
);
comment on table payments_private.operation_totals is
  'The same since the beginning: counters that never go back, whatever is purged.';
alter table payments_private.operation_totals enable row level security;

create function payments.record_operations(p_records jsonb, p_counts jsonb, p_key_fingerprint text default null)
returns void
language plpgsql volatile
security definer -- the functions' roles have no table access of their own
set search_path = ''
as $$
declare
  claims jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
  -- whose key it is says which function it is: a stolen one cannot speak for another
  own_name text := case coalesce(claims ->> 'role', current_setting('role', true))
    when 'payments_checkout' then 'create-checkout' when 'payments_portal' then 'customer-portal'
    when 'payments_sync' then 'sync-billing' when 'payments_webhook' then 'stripe-webhook'
    when 'payments_worker' then 'payments-worker' end;
begin
  if own_name is null then
    return;
  end if;
  insert into payments_private.operations (occurred_at, function_name, code, duration_ms, request_id)
  select to_timestamp(r.at / 1000.0), own_name, r.code, r.ms, r.request_id
  from jsonb_to_recordset(p_records) as r (at bigint, code text, ms integer, request_id uuid)
  where to_timestamp(r.at / 1000.0) between now() - interval '1 hour' and now() + interval '1 minute'
  limit 200;
  insert into payments_private.operation_counts (minute, function_name, code, requests, total_ms, buckets)
  select date_trunc('minute', to_timestamp(c.minute / 1000.0)), own_name, c.code, c.requests, c.total_ms, c.buckets
  from jsonb_to_recordset(p_counts) as c (minute bigint, code text, requests integer, total_ms bigint, buckets integer[])
  where to_timestamp(c.minute / 1000.0) between now() - interval '1 hour' and now() + interval '1 minute'
    and c.code ~ '^[a-z_]+$' and length(c.code) <= 40
  limit 200;
  -- of the others' keys their audit rows tell
  if own_name in ('stripe-webhook', 'payments-worker') then
    perform payments_private.note_own_key(p_key_fingerprint, own_name);
  end if;
end
$$;
comment on function payments.record_operations(jsonb, jsonb, text) is
  'Takes what an isolate gathered: [{at, code, ms, request_id}] and [{minute, code, requests, total_ms, buckets}], times in Unix milliseconds, at most 200 of each, not older than an hour. The caller''s role says which function it is; p_key_fingerprint, which key it came with.';

-- 2. What the worker makes of it ------------------------------------------------------------------

create function payments_private.add_buckets(p_one bigint[], p_other bigint[]) returns bigint[]
language plpgsql immutable
set search_path = ''
as $$
begin
  return (
    select array_agg(coalesce(a.n, 0) + coalesce(b.n, 0) order by a.position)
    from unnest(p_one) with ordinality as a (n, position)
    left join unnest(p_other) with ordinality as b (n, position) on b.position = a.position);
end
$$;
comment on function payments_private.add_buckets(bigint[], bigint[]) is 'The sum of two histograms, bucket by bucket.';

create function payments_private.roll_up_operations() returns integer
language plpgsql volatile
set search_path = ''
as $$
declare
  minutes integer;
begin
  -- two workers add up one after another; each takes rows that the other has not
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('payments_private.roll_up_operations'));
  with taken as (
    delete from payments_private.operation_counts as c
    where c.ctid = any(array(select p.ctid from payments_private.operation_counts as p limit 5000))
    returning c.minute, c.function_name, c.code, c.requests, c.total_ms, c.buckets
  ), by_minute as (
    select t.minute, t.function_name, t.code, sum(t.requests) as requests, sum(t.total_ms) as total_ms,
      array[sum(t.buckets[1]), sum(t.buckets[2]), sum(t.buckets[3]), sum(t.buckets[4]), sum(t.buckets[5]),
        sum(t.buckets[6]), sum(t.buckets[7]), sum(t.buckets[8]), sum(t.buckets[9]), sum(t.buckets[10]),
        sum(t.buckets[11]), sum(t.buckets[12])]::bigint[] as buckets
    from taken as t group by 1, 2, 3
  ), total as (
    insert into payments_private.operation_totals as o (function_name, code, requests, total_ms, buckets)
    select b.function_name, b.code, sum(b.requests), sum(b.total_ms),
      array[sum(b.buckets[1]), sum(b.buckets[2]), sum(b.buckets[3]), sum(b.buckets[4]), sum(b.buckets[5]),
        sum(b.buckets[6]), sum(b.buckets[7]), sum(b.buckets[8]), sum(b.buckets[9]), sum(b.buckets[10]),
        sum(b.buckets[11]), sum(b.buckets[12])]::bigint[]
    from by_minute as b group by 1, 2
    on conflict (function_name, code) do update set
      requests = o.requests + excluded.requests, total_ms = o.total_ms + excluded.total_ms,
      buckets = payments_private.add_buckets(o.buckets, excluded.buckets)
  ), written as (
    insert into payments_private.operation_minutes as m (minute, function_name, code, requests, total_ms, buckets)
    select b.minute, b.function_name, b.code, b.requests, b.total_ms, b.buckets from by_minute as b
    on conflict (minute, function_name, code) do update set
      requests = m.requests + excluded.requests, total_ms = m.total_ms + excluded.total_ms,
      buckets = payments_private.add_buckets(m.buckets, excluded.buckets)
    returning m.minute
  )
  select count(*) into minutes from written;
  return minutes;
end
$$;
comment on function payments_private.roll_up_operations() is
  'Adds what the functions flushed to the minutes and the totals, each row once; returns how many minutes it touched.';

create function payments_private.purge_metrics(p_before timestamptz) returns integer
language plpgsql volatile
set search_path = ''
as $$
declare
  partition_name text;
  usual_timeout text := current_setting('lock_timeout');
  purged integer;
begin
  begin
    -- as for the months of the events: give way to whoever reads, and try again with the next purge
    perform set_config('lock_timeout', '200ms', true);
    perform payments_private.ensure_operations_partitions((now() at time zone 'UTC')::date, 8);
    for partition_name in
      select c.relname from pg_catalog.pg_inherits as i join pg_catalog.pg_class as c on c.oid = i.inhrelid
      where i.inhparent = 'payments_private.operations'::regclass and c.relname ~ '_[0-9]{8}$'
        and (to_date(right(c.relname, 8), 'YYYYMMDD') + 1)::timestamp at time zone 'UTC' <= p_before
    loop
      execute format('drop table payments_private.%I', partition_name);
    end loop;
    perform set_config('lock_timeout', usual_timeout, true);
  exception when lock_not_available then
    null; -- the setting went back with the rest
  end;
  delete from payments_private.operations_default as o where o.occurred_at < p_before;
  delete from payments_private.metric_minutes as m where m.minute < p_before;
  -- an hour is compared with those of four weeks, however short the minutes are kept
  delete from payments_private.metric_hours as h where h.hour < least(p_before, now() - interval '36 days');
  delete from payments_private.metric_baselines as b where b.hour < least(p_before, now() - interval '36 days');
  delete from payments_private.operation_minutes as m where m.minute < p_before;
  get diagnostics purged = row_count;
  return purged;
end
$$;
comment on function payments_private.purge_metrics(timestamptz) is
  'Drops days of operation records, deletes minutes, and makes the partitions of the coming week. Nobody''s evidence, so no legal hold covers it; the totals stay.';

-- 3. What is watched ------------------------------------------------------------------------------

create function payments_private.backlog_seconds() returns integer
language plpgsql stable
set search_path = ''
as $$
begin
  return coalesce(extract(epoch from now() - least(
    (select min(m.marked_at) from payments_private.refresh_marks as m),
    -- apart, because each has its index
    (select min(e.received_at) from payments_private.processed_events as e where e.status = 'queued'),
    (select min(e.received_at) from payments_private.processed_events as e where e.status = 'retry'),
    (select min(o.created_at) from payments.outbox as o where o.state = 'pending' and o.attempts > 0)))::integer, 0);
end
$$;
comment on function payments_private.backlog_seconds() is
  'Age of the oldest thing the pipeline has not done: a mark, an event that waits, a domain event that was not taken. Domain events that nobody listens for do not count.';

create function payments_private.watch_signatures() returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  failures bigint;
begin
  select coalesce(sum(m.requests), 0) into failures
  from payments_private.operation_minutes as m, payments_private.alert_rules as r
  where r.rule = 'signature_failures' and m.function_name = 'stripe-webhook' and m.code = 'invalid_signature'
    and m.minute > now() - make_interval(secs => r.window_seconds);
  if failures >= payments_private.alert_threshold('signature_failures') then
    -- a burst that goes on is one alert, not one for each look at it
    if not exists (select from payments_private.alerts as a
      where a.rule = 'signature_failures' and a.subject = 'stripe-webhook' and a.resolved_at is null) then
      perform payments_private.raise_alert('signature_failures', 'stripe-webhook', 'critical',
        jsonb_build_object('failures', failures));
    end if;
  elsif failures = 0 then
    perform payments_private.resolve_alert('signature_failures', 'stripe-webhook');
  end if;
end
$$;
comment on function payments_private.watch_signatures() is
  'Raises signature_failures when a window holds more bad signatures than the rule allows; closes it after a window without one.';

create function payments_private.watch_keys() returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  key record;
begin
  for key in select k.key_id, k.is_current, k.first_seen_at from payments_private.encryption_keys as k loop
    if key.is_current
      and key.first_seen_at <= now() - make_interval(days => payments_private.alert_threshold('key_age')) then
      if not exists (select from payments_private.alerts as a
        where a.rule = 'key_age' and a.subject = key.key_id and a.resolved_at is null) then
        perform payments_private.raise_alert('key_age', key.key_id, 'warning',
          jsonb_build_object('first_seen_at', key.first_seen_at));
      end if;
    else
      perform payments_private.resolve_alert('key_age', key.key_id);
    end if;
  end loop;
end
$$;
comment on function payments_private.watch_keys() is
  'Raises key_age for a current encryption key that is older than the rule allows; closes it when another is current.';

create function payments.detect() returns integer
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
declare
  minutes integer := payments_private.roll_up_operations();
begin
  perform payments_private.watch_signatures();
  perform payments_private.watch_refusals();
  perform payments_private.watch_backlog();
  perform payments_private.watch_keys();
  -- one worker at a time: roll_up_operations took the lock
  begin
    perform payments_private.watch_anomalies();
  exception when others then -- a statistic that fails takes no hard threshold with it, and people hear of it
    perform payments_private.raise_alert('anomaly', 'the detector', 'warning', jsonb_build_object('error', sqlstate));
  end;
  return minutes;
end
$$;
comment on function payments.detect() is
  'Adds up what the functions flushed and looks at what no single transaction notices. Returns how many minutes it touched.';

create function payments_private.pipeline_counts() returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'backlog_seconds', payments_private.backlog_seconds(),
    'marks', (select count(*) from payments_private.refresh_marks),
    'events', (
      select coalesce(jsonb_object_agg(e.status, e.n), '{}') from (
        -- apart, because each has its index
        select p.status, count(*) as n from payments_private.processed_events as p
        where p.status = 'queued' group by 1
        union all
        select p.status, count(*) from payments_private.processed_events as p
        where p.status in ('retry', 'dead') group by 1) as e),
    'outbox', (
      select coalesce(jsonb_object_agg(o.state, o.n), '{}') from (
        select b.state, count(*) as n from payments.outbox as b where b.state <> 'delivered' group by 1) as o));
end
$$;
comment on function payments_private.pipeline_counts() is
  'What is not done yet: {backlog_seconds, marks, events by status, outbox by state}. Counts only.';

create function payments.read_metrics() returns jsonb
language plpgsql stable
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
begin
  return payments_private.pipeline_counts() || jsonb_build_object(
    'refusals', payments_private.refusal_counts(),
    'operations', (
      select coalesce(jsonb_agg(to_jsonb(t) order by t.function_name, t.code), '[]')
      from payments_private.operation_totals as t),
    'alerts', (
      select coalesce(jsonb_agg(to_jsonb(a) order by a.rule, a.severity), '[]') from (
        select l.rule, l.severity, count(*) as open from payments_private.alerts as l
        where l.resolved_at is null group by 1, 2) as a));
end
$$;
comment on function payments.read_metrics() is
  'What GET payments-worker/metrics shows: requests by function and code with their histograms, refused calls, the backlog, open alerts. Counts only.';

grant execute on function payments.record_operations(jsonb, jsonb, text)
  to payments_checkout, payments_portal, payments_sync, payments_webhook, payments_worker;
grant execute on function payments.detect() to payments_worker;
grant execute on function payments.read_metrics() to payments_worker;

reset role;
