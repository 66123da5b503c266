-- Purpose: abuse that shows only later, in what Stripe tells: declines, fraud warnings, disputes.
-- Objects: payments_private.declines, hold_for, watch_event; settings for it; address of a reservation.
-- Risk:    may put a user on hold; staff release it with a reason.

set role payments_owner;

alter table payments_private.settings
  add column declines_per_hour integer not null default 10,
  add column declines_per_address_per_hour integer not null default 30,
  add column fraud_warning_action text not null default 'alert',
  add constraint abuse_limits_are_positive check (declines_per_hour > 0 and declines_per_address_per_hour > 0),
  add constraint fraud_warning_action_is_known check (fraud_warning_action in ('alert', 'hold'));
comment on column payments_private.settings.declines_per_hour is
  'Declined payments of a user within an hour before they are put on hold: card testers try many cards.';
comment on column payments_private.settings.declines_per_address_per_hour is
  'Declined payments from one address within an hour, over all its users, before it is put on hold.';
comment on column payments_private.settings.fraud_warning_action is 'What an early fraud warning does to its user: alert only, or hold.';

alter table payments_private.checkout_reservations add column address_hash text;
comment on column payments_private.checkout_reservations.address_hash is 'Keyed hash of the client''s address, to count users behind one.';
create index checkout_reservations_address on payments_private.checkout_reservations (address_hash, created_at)
  where address_hash is not null;

create table payments_private.declines (
  event_id text primary key,
  user_id uuid not null,
  payment_id text not null,
  address_hash text,
  occurred_at timestamptz not null default now()
);
comment on column payments_private.declines.address_hash is
  'Keyed hash of the address that the user''s newest checkout of the last hour came from.';
comment on table payments_private.declines is 'Declined payments, counted over a sliding hour; purged after a day.';
create index declines_user on payments_private.declines (user_id, occurred_at);
create index declines_address on payments_private.declines (address_hash, occurred_at) where address_hash is not null;
alter table payments_private.declines enable row level security;

create function payments_private.hold_for(p_user_id uuid, p_rule text) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  insert into payments_private.user_holds (user_id, reason, placed_by) values (p_user_id, p_rule, 'system')
  on conflict do nothing;
  if found then
    perform audit.append('system', null, 'user.held', 'success', 'user', p_user_id::text, p_reason => p_rule);
  end if;
end
$$;
comment on function payments_private.hold_for(uuid, text) is 'Puts a user on hold because a rule says so.';

alter table payments_private.early_fraud_warnings add column acted_at timestamptz;
comment on column payments_private.early_fraud_warnings.acted_at is 'When its user was held or spared; once, so that a release stays.';

create function payments_private.act_on_warnings(p_payment_id text, p_owner_id uuid) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  -- the warning may come before its payment is known, or before the payment has an owner
  update payments_private.early_fraud_warnings as w set acted_at = now()
  where w.payment_id = p_payment_id and w.acted_at is null;
  if found and (select s.fraud_warning_action = 'hold' from payments_private.settings as s) then
    perform payments_private.hold_for(p_owner_id, 'early_fraud_warning');
  end if;
end
$$;
comment on function payments_private.act_on_warnings(text, uuid) is
  'Does what settings say about early fraud warnings of a payment whose owner is known, once for each.';

create function payments_private.count_decline(p_event_id text, p_user_id uuid, p_payment_id text) returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  s payments_private.settings;
  address text;
begin
  -- a decline does not say where it came from, the checkout that it belongs to does; a renewal has none
  select r.address_hash into address from payments_private.checkout_reservations as r
  where r.user_id = p_user_id and r.address_hash is not null and r.created_at > now() - interval '1 hour'
  order by r.created_at desc limit 1;
  insert into payments_private.declines (event_id, user_id, payment_id, address_hash)
  values (p_event_id, p_user_id, p_payment_id, address) on conflict do nothing;
  select t.* into s from payments_private.settings as t;
  if (select count(*) from payments_private.declines as d
    where d.user_id = p_user_id and d.occurred_at > payments_private.user_window_start(p_user_id)) >= s.declines_per_hour then
    perform payments_private.hold_and_alert('card_testing', p_user_id, jsonb_build_object('payment', p_payment_id));
  end if;
  if (select count(*) from payments_private.declines as d
    where d.address_hash = address
      and d.occurred_at > payments_private.address_window_start(address)) >= s.declines_per_address_per_hour then
    perform payments_private.hold_address_and_alert('card_testing', address,
      jsonb_build_object('payment', p_payment_id));
  end if;
end
$$;
comment on function payments_private.count_decline(text, uuid, text) is
  'Counts a declined payment by its user and by the address of its checkout; puts on hold who passes the number in settings.';

create function payments_private.watch_event(p_event jsonb) returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  projection jsonb := p_event -> 'projection'; -- absent where the event shows nothing, or nothing readable
  suspect uuid;
begin
  case p_event ->> 'event_type'
    when 'payment_intent.payment_failed' then
      suspect := payments_private.owner_of(projection ->> 'customer_id');
      -- a decline that is found late is no sign of what happens now
      if suspect is not null and to_timestamp((p_event ->> 'created')::bigint) >= now() - interval '1 hour' then
        perform payments_private.count_decline(p_event ->> 'event_id', suspect, projection ->> 'id');
      end if;
    when 'radar.early_fraud_warning.created' then
      perform payments_private.raise_alert('early_fraud_warning', p_event ->> 'object_id', 'critical',
        jsonb_build_object('payment', projection -> 'payment_id', 'fraud_type', projection -> 'fraud_type'));
    when 'charge.dispute.created' then
      perform payments_private.raise_alert('dispute', p_event ->> 'object_id', 'critical',
        jsonb_build_object('payment', projection -> 'payment_id', 'reason', projection -> 'reason'));
    else null;
  end case;
end
$$;
comment on function payments_private.watch_event(jsonb) is
  'Counts declines and raises alerts for a fresh event, once for each event id; the caller has deduplicated.';

reset role;

-- `on delete cascade`: a count of a user's declines goes with the user
alter table payments_private.declines add constraint user_is_known
  foreign key (user_id) references auth.users (id) on delete cascade;
