-- Purpose: too much in too short a time: who passes a window's number is put on hold, and people hear of it.
-- Objects: payments_private.address_holds; settings for it; trips_velocity and what it counts by.
-- Risk:    may stop a user or everybody behind one address; staff release both with a reason, and an
--          address is released by itself.
--
-- What was counted before a release counts no more, or the next attempt would undo it.

set role payments_owner;

-- 1. Settings -------------------------------------------------------------------------------------

alter table payments_private.settings
  add column users_per_address_per_hour integer not null default 100,
  add column customers_per_address_per_hour integer not null default 50,
  add column user_hour_amount_minor jsonb not null default '{}',
  add column address_hour_amount_minor jsonb not null default '{}',
  add column address_hold_seconds integer not null default 3600,
  add constraint velocity_by_address_is_positive check (
    users_per_address_per_hour > 0 and customers_per_address_per_hour > 0 and address_hold_seconds > 0),
  add constraint hour_amounts_are_amounts_by_currency check (
    not jsonb_path_exists(jsonb_build_array(user_hour_amount_minor, address_hour_amount_minor),
      '$[*].* ? (@.type() != "number" || @ < 0)')
    and jsonb_typeof(user_hour_amount_minor) = 'object' and jsonb_typeof(address_hour_amount_minor) = 'object');
comment on column payments_private.settings.users_per_address_per_hour is
  'Users who may open a checkout from one address within an hour.';
comment on column payments_private.settings.customers_per_address_per_hour is
  'Users who may become customers from one address within an hour.';
comment on column payments_private.settings.user_hour_amount_minor is
  'Most a user may check out within an hour, by currency, before they are put on hold.';
comment on column payments_private.settings.address_hour_amount_minor is
  'Most that may be checked out from one address within an hour, by currency, before it is put on hold.';
comment on column payments_private.settings.address_hold_seconds is
  'How long a hold on an address lasts: addresses are shared, and change hands.';

-- 2. Addresses on hold ----------------------------------------------------------------------------

create table payments_private.address_holds (
  id bigint generated always as identity primary key,
  address_hash text not null,
  reason text not null,
  placed_at timestamptz not null default now(),
  expires_at timestamptz not null,
  released_by text,
  released_at timestamptz,
  release_reason text,
  constraint a_release_has_a_person_and_a_reason check (
    (released_at is null) = (released_by is null) and (released_at is null) = (release_reason is null))
);
comment on table payments_private.address_holds is
  'Addresses, as keyed hashes, from which nobody may pay for now. A rule puts them here; each ends by itself.';
create index address_holds_address on payments_private.address_holds (address_hash, expires_at);
alter table payments_private.address_holds enable row level security;

create function payments_private.is_address_held(p_address_hash text) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return exists (
    select from payments_private.address_holds as h
    where h.address_hash = p_address_hash and h.released_at is null and h.expires_at > now());
end
$$;
comment on function payments_private.is_address_held(text) is 'Whether an address is on hold; false for none.';

create function payments_private.is_on_hold(p_user_id uuid, p_address_hash text) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return exists (
    select from payments_private.user_holds as h where h.user_id = p_user_id and h.released_at is null)
    or exists (
    select from payments_private.address_holds as h
    where h.address_hash = p_address_hash and h.released_at is null and h.expires_at > now());
end
$$;
comment on function payments_private.is_on_hold(uuid, text) is 'Whether the user, or the address they come from, is on hold.';

create function payments_private.user_window_start(p_user_id uuid) returns timestamptz
language plpgsql stable
set search_path = ''
as $$
begin
  return greatest(now() - interval '1 hour', (
    select max(h.released_at) from payments_private.user_holds as h where h.user_id = p_user_id));
end
$$;
comment on function payments_private.user_window_start(uuid) is
  'From when a user''s acts count: an hour ago, or their last release.';

create function payments_private.address_window_start(p_address_hash text) returns timestamptz
language plpgsql stable
set search_path = ''
as $$
begin
  return greatest(now() - interval '1 hour', (
    select max(coalesce(h.released_at, least(h.expires_at, now())))
    from payments_private.address_holds as h where h.address_hash = p_address_hash));
end
$$;
comment on function payments_private.address_window_start(text) is
  'From when acts from an address count: an hour ago, or the end of its last hold.';

create function payments_private.hold_and_alert(p_rule text, p_user_id uuid, p_detail jsonb) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  perform payments_private.hold_for(p_user_id, p_rule);
  perform payments_private.raise_alert(p_rule, p_user_id::text, 'critical', p_detail);
end
$$;
comment on function payments_private.hold_and_alert(text, uuid, jsonb) is
  'Puts a user on hold because a rule says so, and raises its alert.';

create function payments_private.hold_address_and_alert(p_rule text, p_address_hash text, p_detail jsonb) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  if not payments_private.is_address_held(p_address_hash) then
    insert into payments_private.address_holds (address_hash, reason, expires_at)
    select p_address_hash, p_rule, now() + make_interval(secs => s.address_hold_seconds)
    from payments_private.settings as s;
    perform audit.append('system', null, 'address.held', 'success', 'address', p_address_hash, p_reason => p_rule);
  end if;
  perform payments_private.raise_alert(p_rule, p_address_hash, 'critical', p_detail);
end
$$;
comment on function payments_private.hold_address_and_alert(text, text, jsonb) is
  'Puts an address on hold because a rule says so, and raises its alert.';

-- 3. The windows ----------------------------------------------------------------------------------

create function payments_private.user_velocity(p_user_id uuid, p_currency text, p_amount_minor bigint) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  s payments_private.settings;
  unpaid bigint;
  amount bigint;
begin
  select t.* into s from payments_private.settings as t;
  select count(*) filter (where r.state <> 'completed'),
    coalesce(sum(r.amount_minor) filter (
      where r.currency = p_currency and r.state in ('reserved', 'open', 'completed')), 0)
  into unpaid, amount
  from payments_private.checkout_reservations as r
  where r.user_id = p_user_id and r.created_at > payments_private.user_window_start(p_user_id);
  return case
    when unpaid >= s.unpaid_sessions_per_hour then 'unpaid_sessions'
    when amount + p_amount_minor > (s.user_hour_amount_minor ->> p_currency)::bigint then 'amount_velocity' end;
end
$$;
comment on function payments_private.user_velocity(uuid, text, bigint) is
  'Which window of a user one more checkout would pass: unpaid_sessions, amount_velocity; else null.';

create function payments_private.address_velocity(
  p_user_id uuid, p_address_hash text, p_currency text, p_amount_minor bigint
) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  s payments_private.settings;
  window_start timestamptz := payments_private.address_window_start(p_address_hash);
  others bigint;
  amount bigint;
begin
  select t.* into s from payments_private.settings as t;
  select count(distinct r.user_id) filter (where r.user_id <> p_user_id),
    coalesce(sum(r.amount_minor) filter (
      where r.currency = p_currency and r.state in ('reserved', 'open', 'completed')), 0)
  into others, amount
  from payments_private.checkout_reservations as r
  where r.address_hash = p_address_hash and r.created_at > window_start;
  if others >= s.users_per_address_per_hour then
    return 'users_by_address';
  elsif amount + p_amount_minor > (s.address_hour_amount_minor ->> p_currency)::bigint then
    return 'amount_velocity';
  elsif not exists (select from payments.customers as c where c.user_id = p_user_id) and (
    select count(*) from payments_private.customer_creations as k
    where k.address_hash = p_address_hash and k.first_minted_at > window_start and k.user_id <> p_user_id
  ) >= s.customers_per_address_per_hour then
    return 'new_customers';
  end if;
  return null;
end
$$;
comment on function payments_private.address_velocity(uuid, text, text, bigint) is
  'Which window of an address one more checkout would pass: users_by_address, amount_velocity, new_customers; else null.';

create function payments_private.trips_velocity(
  p_user_id uuid, p_address_hash text, p_currency text, p_amount_minor bigint
) returns boolean
language plpgsql volatile
set search_path = ''
as $$
declare
  rule text := payments_private.user_velocity(p_user_id, p_currency, p_amount_minor);
begin
  if rule is not null then
    perform payments_private.hold_and_alert(rule, p_user_id, jsonb_build_object('currency', p_currency));
    return true;
  elsif p_address_hash is null then
    return false;
  end if;
  -- exact: the guard holds the row of the address's bucket, so its checkouts are decided one after another
  rule := payments_private.address_velocity(p_user_id, p_address_hash, p_currency, p_amount_minor);
  if rule is not null then
    perform payments_private.hold_address_and_alert(rule, p_address_hash,
      jsonb_build_object('user', p_user_id, 'currency', p_currency));
  end if;
  return rule is not null;
end
$$;
comment on function payments_private.trips_velocity(uuid, text, text, bigint) is
  'Whether one more checkout would pass a window of its user or its address, which is then on hold. The caller holds the user''s lock and has taken a token of the address.';

reset role;
