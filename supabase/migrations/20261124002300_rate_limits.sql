-- Purpose: how often: limits by user, by address and toward Stripe, exact under concurrency.
-- Objects: payments_private.rate_limits, rate_refusals, take_token, check_limits.
-- Risk:    on the path of every operation; no row is shared by all (the budget toward Stripe has 16).
--
-- Generic cell rate algorithm: a bucket is one timestamp, its theoretical arrival time.
-- https://www.itu.int/rec/T-REC-I.371 (Annex A), https://brandur.org/rate-limiting

set role payments_owner;

create unlogged table payments_private.rate_limits (
  bucket text not null,
  subject text not null,
  arrival_at timestamptz not null,
  constraint rate_limits_pkey primary key (bucket, subject)
) with (fillfactor = 70); -- rewritten at every request: in the same page, and with no index on the time, no index is touched
comment on table payments_private.rate_limits is
  'One row for each bucket and subject. Unlogged: after a crash everybody starts with a full bucket.';
comment on column payments_private.rate_limits.arrival_at is 'Theoretical arrival time of the next request.';

create table payments_private.rate_refusals (
  bucket text not null,
  subject text not null,
  window_at timestamptz not null,
  refusals integer not null default 1,
  constraint rate_refusals_pkey primary key (bucket, subject, window_at)
);
comment on table payments_private.rate_refusals is
  'Refusals by subject and ten minutes: the first of a window has an audit row, the rest are counted here.';

alter table payments_private.rate_limits enable row level security;
alter table payments_private.rate_refusals enable row level security;

create function payments_private.take_token(
  p_bucket text, p_subject text, p_burst integer, p_interval interval
) returns interval
language plpgsql volatile
set search_path = ''
as $$
declare
  moment timestamptz := clock_timestamp();
  arrival timestamptz;
begin
  -- one statement: the row's lock puts concurrent requests in line, each with the arrival of the last
  insert into payments_private.rate_limits as l (bucket, subject, arrival_at)
  values (p_bucket, p_subject, moment + p_interval)
  on conflict (bucket, subject) do update set
    arrival_at = greatest(l.arrival_at, moment) + p_interval
  where greatest(l.arrival_at, moment) + p_interval - moment <= p_burst * p_interval
  returning l.arrival_at into arrival;
  if found then
    return null;
  end if;
  select l.arrival_at into arrival from payments_private.rate_limits as l
  where l.bucket = p_bucket and l.subject = p_subject;
  return greatest(arrival + p_interval - moment - p_burst * p_interval, interval '1 millisecond');
end
$$;
comment on function payments_private.take_token(text, text, integer, interval) is
  'Takes a token: null, or how long to wait. A full bucket holds p_burst tokens, and one comes back each p_interval.';

create function payments_private.check_limits(
  s payments_private.settings, p_user_id uuid, p_address_hash text, p_calls_stripe boolean
) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  wait interval;
  bucket text := 'user';
begin
  wait := payments_private.take_token('user', p_user_id::text, s.user_burst,
    make_interval(secs => s.user_interval_seconds::double precision));
  if wait is null and p_address_hash is not null then
    bucket := 'address';
    wait := payments_private.take_token('address', p_address_hash, s.address_burst,
      make_interval(secs => s.address_interval_seconds::double precision));
  end if;
  if wait is null and p_calls_stripe then
    -- last, and in 16 rows: one for all would put everybody in line
    bucket := 'stripe';
    wait := payments_private.take_token('stripe', (floor(random() * 16))::integer::text, s.stripe_burst / 16,
      make_interval(secs => s.stripe_interval_seconds::double precision * 16));
  end if;
  if wait is null then
    return null;
  end if;
  return jsonb_build_object('bucket', bucket, 'retry_after', ceil(extract(epoch from wait))::integer,
    'quota', case bucket when 'user' then s.user_burst when 'address' then s.address_burst else s.stripe_burst end,
    'window', ceil(case bucket when 'user' then s.user_burst * s.user_interval_seconds
      when 'address' then s.address_burst * s.address_interval_seconds
      else s.stripe_burst * s.stripe_interval_seconds end)::integer);
end
$$;
comment on function payments_private.check_limits(payments_private.settings, uuid, text, boolean) is
  'Takes a token of each dimension in turn: null, or {bucket, retry_after, quota, window} of the first that is empty; times in seconds.';

create function payments_private.note_rate_refusal(p_bucket text, p_subject text, p_audited integer default 1)
returns boolean
language plpgsql volatile
set search_path = ''
as $$
declare
  seen integer;
begin
  insert into payments_private.rate_refusals as r (bucket, subject, window_at)
  values (p_bucket, p_subject, date_bin('10 minutes', now(), 'epoch'))
  on conflict (bucket, subject, window_at) do update set refusals = r.refusals + 1
  returning r.refusals into seen;
  return seen <= p_audited;
end
$$;
comment on function payments_private.note_rate_refusal(text, text, integer) is
  'Counts a refusal; true for the first p_audited of its ten minutes, which are those that are audited.';

reset role;
