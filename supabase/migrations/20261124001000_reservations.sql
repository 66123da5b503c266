-- Purpose: a checkout that was allowed, from before Stripe is asked until Stripe has the last word.
-- Objects: payments_private.checkout_reservations, reservation_slots, idempotency_keys and what opens,
--          describes and closes them.
-- Risk:    private; no lock is held while Stripe is asked.
--
-- The Stripe session is made after the guard's transaction. Whatever dies in between, the reservation
-- holds the idempotency key under which Stripe knows the session, so a retry finds the same one.
-- Only Stripe's word frees a reservation (docs/adr/0008).

set role payments_owner;

create table payments_private.checkout_reservations (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null,
  mode text not null,
  state text not null default 'reserved',
  items jsonb not null,
  currency text not null,
  amount_minor bigint not null,
  success_url text not null,
  cancel_url text not null,
  locale text,
  parameters_sha256 text not null,
  stripe_idempotency_key text not null unique default 'checkout_' || gen_random_uuid(),
  session_id text unique,
  url text,
  expires_at timestamptz not null,
  created_at timestamptz not null default now(),
  closed_at timestamptz,
  constraint state_is_known check (state in ('reserved', 'open', 'completed', 'expired', 'released')),
  constraint mode_is_known check (mode in ('subscription', 'payment')),
  constraint an_open_reservation_has_a_session check (state <> 'open' or (session_id is not null and url is not null)),
  constraint amount_is_not_negative check (amount_minor >= 0)
);
comment on table payments_private.checkout_reservations is
  'Checkouts that were allowed. Everything sent to Stripe is a function of this row, so a lost answer can be asked for again.';
comment on column payments_private.checkout_reservations.url is 'The pay link, private to the user; dropped when the reservation closes.';
create index checkout_reservations_user on payments_private.checkout_reservations (user_id, created_at);

create table payments_private.reservation_slots (
  user_id uuid not null,
  product_id text not null,
  reservation_id uuid not null references payments_private.checkout_reservations (id) on delete cascade,
  constraint a_user_reserves_a_subscription_product_once primary key (user_id, product_id)
);
comment on table payments_private.reservation_slots is
  'One checkout at a time for one user and subscription product.';
create index reservation_slots_reservation on payments_private.reservation_slots (reservation_id);

create table payments_private.idempotency_keys (
  user_id uuid not null,
  idempotency_key text not null,
  body_sha256 text not null,
  reservation_id uuid not null references payments_private.checkout_reservations (id) on delete cascade,
  created_at timestamptz not null default now(),
  constraint idempotency_keys_pkey primary key (user_id, idempotency_key),
  constraint key_is_bounded check (length(idempotency_key) between 1 and 255)
);
comment on table payments_private.idempotency_keys is 'Callers'' idempotency keys; they live 24 h.';
create index idempotency_keys_reservation on payments_private.idempotency_keys (reservation_id);

alter table payments_private.checkout_reservations enable row level security;
alter table payments_private.reservation_slots enable row level security;
alter table payments_private.idempotency_keys enable row level security;

create function payments_private.describe_reservation(p payments_private.checkout_reservations) returns jsonb
language sql stable
set search_path = ''
as $$
  select jsonb_build_object(
    'id', p.id, 'state', p.state, 'mode', p.mode, 'items', p.items, 'success_url', p.success_url,
    'cancel_url', p.cancel_url, 'locale', p.locale, 'stripe_idempotency_key', p.stripe_idempotency_key,
    'session_id', p.session_id, 'url', p.url, 'created_at', extract(epoch from p.created_at)::bigint,
    'expires_at', extract(epoch from p.expires_at)::bigint)
$$;
comment on function payments_private.describe_reservation(payments_private.checkout_reservations) is
  'A reservation as the edge function sees it; times in unix seconds.';

create function payments_private.close_reservation(p_id uuid, p_state text) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  update payments_private.checkout_reservations as r set state = p_state, url = null, closed_at = now()
  where r.id = p_id and r.state in ('reserved', 'open');
  -- a completed one keeps its slots until its subscription is known, see blocking_reservation
  if found and p_state <> 'completed' then
    delete from payments_private.reservation_slots as s where s.reservation_id = p_id;
  end if;
end
$$;
comment on function payments_private.close_reservation(uuid, text) is
  'Ends a live reservation as completed, expired or released.';

create function payments_private.settle_reservation(p_session_id text, p_status text) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  perform payments_private.close_reservation(
    r.id, case p_status when 'complete' then 'completed' else 'expired' end)
  from payments_private.checkout_reservations as r
  where r.session_id = p_session_id and p_status in ('complete', 'expired');
end
$$;
comment on function payments_private.settle_reservation(text, text) is
  'Carries Stripe''s word about a session over to its reservation.';

create function payments_private.free_settled_slots(p_user_id uuid) returns void
language sql volatile
set search_path = ''
as $$
  -- paid, and the subscription it paid for is known: from now on that row answers, not the slot
  delete from payments_private.reservation_slots as s
  using payments_private.checkout_reservations as r,
    payments.checkout_sessions as c, payments.subscriptions as b
  where s.user_id = p_user_id and r.id = s.reservation_id and r.state = 'completed'
    and c.id = r.session_id and b.id = c.subscription_id
    -- one whose customer was never bound to the user answers for nobody: its slot does, until it has ended
    and (b.user_id = s.user_id or b.status in ('canceled', 'incomplete_expired'))
$$;
comment on function payments_private.free_settled_slots(uuid) is
  'Removes slots whose subscription is mirrored as the user''s. Run it before asking for subscriptions, never after: each statement sees a later state, so whatever frees a slot here is seen by the question.';

create function payments_private.blocking_reservation(p_user_id uuid, p_items jsonb)
returns payments_private.checkout_reservations
language sql stable
set search_path = ''
as $$
  select r.*
  from payments_private.reservation_slots as s
  join payments_private.checkout_reservations as r on r.id = s.reservation_id
  where s.user_id = p_user_id
    and s.product_id in (select i ->> 'product' from jsonb_array_elements(p_items) as i)
  order by r.created_at limit 1
$$;
comment on function payments_private.blocking_reservation(uuid, jsonb) is
  'The reservation that holds one of these subscription products for the user, if any.';

create function payments_private.has_live_subscription(p_user_id uuid, p_items jsonb) returns boolean
language sql stable
set search_path = ''
as $$
  select exists (
    select from payments.subscription_items as i
    join payments.subscriptions as s on s.id = i.subscription_id
    where i.user_id = p_user_id and s.status not in ('canceled', 'incomplete_expired')
      and i.product_id in (select w ->> 'product' from jsonb_array_elements(p_items) as w))
$$;
comment on function payments_private.has_live_subscription(uuid, jsonb) is
  'Whether the user has a subscription, not ended, to one of these products.';

create function payments_private.reserve(
  p_request jsonb, p_user_id uuid, p_parameters_sha256 text, p_items jsonb, p_currency text, p_amount_minor bigint
) returns payments_private.checkout_reservations
language plpgsql volatile
set search_path = ''
as $$
declare
  made payments_private.checkout_reservations;
begin
  insert into payments_private.checkout_reservations as r (
    user_id, address_hash, mode, items, currency, amount_minor, success_url, cancel_url, locale,
    parameters_sha256, expires_at)
  values (
    p_user_id, p_request ->> 'address_hash', p_request ->> 'mode', p_items, p_currency, p_amount_minor, p_request ->> 'success_url',
    p_request ->> 'cancel_url', p_request ->> 'locale', p_parameters_sha256,
    -- Stripe wants at least 30 minutes, counted when it is asked; the rest is room for retries
    now() + interval '35 minutes')
  returning r.* into made;
  if made.mode = 'subscription' then
    insert into payments_private.reservation_slots (user_id, product_id, reservation_id)
    select distinct p_user_id, i ->> 'product', made.id from jsonb_array_elements(p_items) as i;
  end if;
  perform payments_private.remember_key(p_request, p_user_id, made.id);
  return made;
end
$$;
comment on function payments_private.reserve(jsonb, uuid, text, jsonb, text, bigint) is
  'Makes a reservation with its slots and binds the caller''s idempotency key to it.';

create function payments_private.remember_key(p_request jsonb, p_user_id uuid, p_reservation_id uuid) returns void
language sql volatile
set search_path = ''
as $$
  insert into payments_private.idempotency_keys as k (user_id, idempotency_key, body_sha256, reservation_id)
  select p_user_id, p_request ->> 'idempotency_key', p_request ->> 'body_sha256', p_reservation_id
  where p_request ->> 'idempotency_key' is not null
  on conflict (user_id, idempotency_key) do update set
    body_sha256 = excluded.body_sha256, reservation_id = excluded.reservation_id, created_at = now()
$$;
comment on function payments_private.remember_key(jsonb, uuid, uuid) is
  'Binds the caller''s idempotency key, if there is one, to a reservation.';

reset role;

-- `on delete cascade`: these rows mean nothing without their user
alter table payments_private.checkout_reservations add constraint user_is_known
  foreign key (user_id) references auth.users (id) on delete cascade;
alter table payments_private.reservation_slots add constraint user_is_known
  foreign key (user_id) references auth.users (id) on delete cascade;
alter table payments_private.idempotency_keys add constraint user_is_known
  foreign key (user_id) references auth.users (id) on delete cascade;
