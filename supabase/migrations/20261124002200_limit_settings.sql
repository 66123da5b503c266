-- Purpose: what limits and switches there are, in one typed row.
-- Objects: columns of payments_private.settings; payments_private.user_holds.
-- Risk:    a wrong number stops sales or lets abuse through; each has a check and a default that
--          docs/limits.md explains.

set role payments_owner;

alter table payments_private.settings
  add column stop_all boolean not null default false,
  add column stop_checkout boolean not null default false,
  add column stop_portal boolean not null default false,
  add column stop_webhooks boolean not null default false,
  add column user_burst integer not null default 60,
  add column user_interval_seconds numeric not null default 2,
  add column address_burst integer not null default 300,
  add column address_interval_seconds numeric not null default 0.5,
  add column stripe_burst integer not null default 160,
  add column stripe_interval_seconds numeric not null default 0.02,
  add column unpaid_sessions_per_hour integer not null default 100,
  add column transaction_cap_minor jsonb not null default '{}',
  add column user_day_cap_minor jsonb not null default '{}',
  add column user_month_cap_minor jsonb not null default '{}',
  add constraint bursts_are_positive check (user_burst > 0 and address_burst > 0 and stripe_burst >= 16),
  add constraint intervals_are_positive check (
    user_interval_seconds > 0 and address_interval_seconds > 0 and stripe_interval_seconds > 0),
  add constraint velocity_is_positive check (unpaid_sessions_per_hour > 0),
  add constraint caps_are_amounts_by_currency check (
    not jsonb_path_exists(
      jsonb_build_array(transaction_cap_minor, user_day_cap_minor, user_month_cap_minor),
      '$[*].* ? (@.type() != "number" || @ < 0)')
    and jsonb_typeof(transaction_cap_minor) = 'object' and jsonb_typeof(user_day_cap_minor) = 'object'
    and jsonb_typeof(user_month_cap_minor) = 'object');

comment on column payments_private.settings.stop_all is 'Kill switch: nothing that costs or moves money works.';
comment on column payments_private.settings.stop_webhooks is 'Kill switch: events are answered with 503 and not stored, so Stripe retries.';
comment on column payments_private.settings.user_burst is 'Requests a user may make at once; one more each user_interval_seconds.';
comment on column payments_private.settings.stripe_burst is 'Calls toward Stripe at once, over 16 shards; below Stripe''s own limit.';
comment on column payments_private.settings.transaction_cap_minor is
  'Largest checkout by currency, minor units: {"usd": 100000}; a currency that is absent has no cap.';
comment on column payments_private.settings.user_day_cap_minor is 'Most a user may check out on one UTC day, by currency.';
comment on column payments_private.settings.user_month_cap_minor is 'Most a user may check out in one UTC month, by currency.';
comment on column payments_private.settings.unpaid_sessions_per_hour is 'Checkouts a user may open and not pay within an hour.';

create table payments_private.user_holds (
  id bigint generated always as identity primary key,
  user_id uuid not null,
  reason text not null,
  placed_by text not null,
  placed_at timestamptz not null default now(),
  released_by text,
  released_at timestamptz,
  release_reason text,
  constraint reasons_are_given check (length(trim(reason)) > 0),
  constraint a_release_has_a_person_and_a_reason check (
    (released_at is null) = (released_by is null) and (released_at is null) = (release_reason is null))
);
comment on table payments_private.user_holds is 'Users who may not pay for now, by whom and why. Rows are kept after the release.';
create unique index a_user_is_held_once on payments_private.user_holds (user_id) where released_at is null;
alter table payments_private.user_holds enable row level security;

create function payments_private.is_held(p_user_id uuid) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select exists (
      select from payments_private.user_holds as h where h.user_id = p_user_id and h.released_at is null));
end
$$;
comment on function payments_private.is_held(uuid) is 'Whether the user is on hold.';

reset role;

-- `on delete cascade`: a hold means nothing without its user
alter table payments_private.user_holds add constraint user_is_known
  foreign key (user_id) references auth.users (id) on delete cascade;
create index user_holds_user on payments_private.user_holds (user_id);
