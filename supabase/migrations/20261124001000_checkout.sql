-- Purpose: the guard in front of create-checkout, and the reservation that outlives its transaction.
-- Objects: payments_private.customer_creations, checkout_reservations, reservation_slots,
--          idempotency_keys; payments.authorize_checkout, record_checkout, release_checkout,
--          record_replaced_checkout, renew_checkout_key,
--          renew_customer_creation, check_session.
-- Risk:    one advisory lock for each user while the guard runs; no lock is held while Stripe is asked.
--
-- The Stripe session is made after the guard's transaction. Whatever dies in between, the reservation
-- holds the idempotency key under which Stripe knows the session, so a retry finds the same one.
-- Only Stripe's word frees a reservation (docs/adr/0008).

set role payments_owner;

-- 1. Tables ---------------------------------------------------------------------------------------

create table payments_private.customer_creations (
  user_id uuid primary key,
  creation_key text not null,
  minted_at timestamptz not null default now(),
  first_minted_at timestamptz not null default now()
);
comment on table payments_private.customer_creations is
  'The idempotency key under which a user''s Stripe customer is made: any number of parallel first checkouts make one customer.';
comment on column payments_private.customer_creations.first_minted_at is
  'Where it is earlier than minted_at, customers made since are listed before another one is made: Stripe forgets keys after 24 h.';

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

alter table payments_private.customer_creations enable row level security;
alter table payments_private.checkout_reservations enable row level security;
alter table payments_private.reservation_slots enable row level security;
alter table payments_private.idempotency_keys enable row level security;

reset role;

-- `on delete cascade`: these rows mean nothing without their user
alter table payments_private.customer_creations add constraint user_is_known
  foreign key (user_id) references auth.users (id) on delete cascade;
alter table payments_private.checkout_reservations add constraint user_is_known
  foreign key (user_id) references auth.users (id) on delete cascade;
alter table payments_private.reservation_slots add constraint user_is_known
  foreign key (user_id) references auth.users (id) on delete cascade;
alter table payments_private.idempotency_keys add constraint user_is_known
  foreign key (user_id) references auth.users (id) on delete cascade;

set role payments_owner;

-- 2. The catalogue answers money questions --------------------------------------------------------

create function payments_private.price_checkout(
  p_mode text, p_items jsonb, out items jsonb, out currency text, out amount_minor bigint, out errors jsonb
)
language plpgsql stable
set search_path = ''
as $$
begin
  with asked as (
    select (i.ordinality - 1)::integer as position, i.value ->> 'price' as reference,
      (i.value ->> 'quantity')::bigint as quantity
    from jsonb_array_elements(p_items) with ordinality as i
  ), priced as (
    select a.position, a.quantity, p.*, coalesce(o.active and o.deleted_at is null, false) as is_buyable
    from asked as a
    left join lateral (
      select c.* from payments.prices as c
      where (c.id = a.reference or c.lookup_key = a.reference) and c.active and c.deleted_at is null
      order by (c.id = a.reference) desc, c.created_at desc, c.id limit 1
    ) as p on true
    left join payments.products as o on o.id = p.product_id
  ), judged as (
    select *, case
      when not is_buyable then 'price_unavailable'
      when unit_amount is null or billing_scheme <> 'per_unit' or recurring_usage_type = 'metered'
        or transforms_quantity
        then 'price_not_computable'
      when p_mode = 'payment' and type <> 'one_time' then 'price_not_for_mode'
      when p_mode = 'subscription' and type <> 'recurring' then 'price_not_for_mode'
      when priced.currency <> first_value(priced.currency) over (order by position) then 'mixed_currencies'
      when count(*) over (partition by id) > 1 then 'price_repeated'
      when unit_amount * quantity > 99999999 then 'amount_too_large' -- Stripe: eight digits at most
    end as error
    from priced
  )
  select
    jsonb_agg(jsonb_build_object('price', id, 'product', product_id, 'quantity', quantity,
      'unit_amount', unit_amount) order by position),
    min(judged.currency), sum(unit_amount * quantity),
    coalesce(jsonb_agg(jsonb_build_object('path', format('items.%s.price', position), 'code', error))
      filter (where error is not null), '[]')
  into items, currency, amount_minor, errors
  from judged;

  if errors = '[]' and amount_minor > 99999999 then
    errors := '[{"path": "items", "code": "amount_too_large"}]';
  end if;
end
$$;
comment on function payments_private.price_checkout(text, jsonb) is
  'Resolves [{price, quantity}] (price: id or lookup key) against the catalogue. Amounts in minor units; errors is [] when all may be bought.';

-- 3. Customers ------------------------------------------------------------------------------------

create function payments_private.customer_for_checkout(p_user_id uuid) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  customer_id text;
  creation payments_private.customer_creations;
begin
  select c.id into customer_id from payments.customers as c
  where c.user_id = p_user_id and c.deleted_at is null;
  if found then
    return jsonb_build_object('id', customer_id);
  end if;

  insert into payments_private.customer_creations as c (user_id, creation_key)
  values (p_user_id, 'customer_' || gen_random_uuid())
  on conflict (user_id) do update set
    -- an hour before Stripe forgets the old key, and after a customer was deleted
    creation_key = case when c.minted_at < now() - interval '23 hours'
      then excluded.creation_key else c.creation_key end,
    minted_at = case when c.minted_at < now() - interval '23 hours' then now() else c.minted_at end
  returning * into creation;
  return jsonb_build_object('id', null, 'creation_key', creation.creation_key,
    'lookup_since', case when creation.first_minted_at < creation.minted_at
      then extract(epoch from greatest(creation.first_minted_at, now() - interval '7 days'))::bigint end);
end
$$;
comment on function payments_private.customer_for_checkout(uuid) is
  'The user''s Stripe customer {id}, or how to make it: {id: null, creation_key, lookup_since}.';

create function payments_private.link_customer(p_user_id uuid, p_customer_id text) returns boolean
language plpgsql volatile
set search_path = ''
as $$
begin
  if exists (select from payments.customers as c where c.id = p_customer_id and c.user_id = p_user_id) then
    return true;
  end if;
  -- A customer never moves from one user to another, and one with a history was not made just now:
  -- whoever holds the function's key cannot take over customers that were made elsewhere.
  if not exists (select from payments_private.customer_creations as k where k.user_id = p_user_id)
    or exists (select from payments.payments as t where t.customer_id = p_customer_id)
    or exists (select from payments.invoices as t where t.customer_id = p_customer_id)
    or exists (select from payments.subscriptions as t where t.customer_id = p_customer_id) then
    return false;
  end if;
  insert into payments.customers as c (id, user_id, created_at) values (p_customer_id, p_user_id, now())
  on conflict (id) do update set user_id = excluded.user_id
  where c.user_id is null and c.deleted_at is null
    and not exists (select from payments_private.customer_deletions as d where d.customer_id = c.id);
  if not exists (
    select from payments.customers as c where c.id = p_customer_id and c.user_id = p_user_id
  ) then
    return false;
  end if;

  -- events that came before the link have rows without an owner
  update payments.checkout_sessions as t set user_id = p_user_id where t.customer_id = p_customer_id and t.user_id is null;
  update payments.entitlements as t set user_id = p_user_id where t.customer_id = p_customer_id and t.user_id is null;
  update payments.payment_methods as t set user_id = p_user_id where t.customer_id = p_customer_id and t.user_id is null;
  return true;
end
$$;
comment on function payments_private.link_customer(uuid, text) is
  'Binds a Stripe customer that was made for the user just now; false when it belongs to another one or has a history.';

create function payments.renew_customer_creation(p_user_id uuid, p_creation_key text) returns jsonb
language plpgsql volatile
security definer -- the function's role has no table access of its own
set search_path = ''
as $$
begin
  -- compare and swap: of many callers that saw the same saved error, one mints the next key
  update payments_private.customer_creations as c set
    creation_key = 'customer_' || gen_random_uuid(), minted_at = now()
  where c.user_id = p_user_id and c.creation_key = p_creation_key;
  return payments_private.customer_for_checkout(p_user_id);
end
$$;
comment on function payments.renew_customer_creation(uuid, text) is
  'Replaces a creation key whose saved answer at Stripe is an error, and returns as customer_for_checkout does.';

-- 4. Reservations ---------------------------------------------------------------------------------

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
language sql volatile
set search_path = ''
as $$
  select payments_private.close_reservation(
    r.id, case p_status when 'complete' then 'completed' else 'expired' end)
  from payments_private.checkout_reservations as r
  where r.session_id = p_session_id and p_status in ('complete', 'expired')
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
$$;
comment on function payments_private.free_settled_slots(uuid) is
  'Removes slots whose subscription is mirrored. Run it before asking for subscriptions, never after: each statement sees a later state, so whatever frees a slot here is seen by the question.';

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

-- 5. The guard ------------------------------------------------------------------------------------

create function payments_private.reuse_reservation(p payments_private.checkout_reservations) returns jsonb
language sql volatile
set search_path = ''
as $$
  -- past its expiry only Stripe can say whether it was paid: it is closed there first
  select case when p.expires_at > now()
    then jsonb_build_object('decision', 'proceed', 'reservation', payments_private.describe_reservation(p))
    else jsonb_build_object('decision', 'replace', 'reservation', payments_private.describe_reservation(p),
      'ticket', nextval('payments_private.ticket_numbers')) end
$$;
comment on function payments_private.reuse_reservation(payments_private.checkout_reservations) is
  'What to do with a reservation that is still reserved or open: go on with it, or replace it once its time is over.';

create function payments_private.decide_checkout(p_request jsonb, p_user_id uuid) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  wanted record;
  held payments_private.checkout_reservations;
  key_row payments_private.idempotency_keys;
  parameters_hash text;
  wanted_mode text := p_request ->> 'mode';
begin
  if not payments_private.session_is_live((p_request ->> 'session_id')::uuid, p_user_id) then
    return '{"decision": "refuse", "code": "session_ended"}';
  end if;

  select k.* into key_row from payments_private.idempotency_keys as k
  where k.user_id = p_user_id and k.idempotency_key = p_request ->> 'idempotency_key'
    and k.created_at > now() - interval '24 hours';
  if found then
    if key_row.body_sha256 <> p_request ->> 'body_sha256' then
      return '{"decision": "refuse", "code": "idempotency_conflict"}';
    end if;
    select r.* into held from payments_private.checkout_reservations as r where r.id = key_row.reservation_id;
    if held.state in ('reserved', 'open') then
      return payments_private.reuse_reservation(held);
    end if;
  end if;

  select * into wanted from payments_private.price_checkout(wanted_mode, p_request -> 'items');
  if wanted.errors <> '[]' then
    return jsonb_build_object('decision', 'refuse', 'code', 'not_purchasable', 'errors', wanted.errors);
  end if;
  if wanted_mode = 'subscription' then
    perform payments_private.free_settled_slots(p_user_id);
    if payments_private.has_live_subscription(p_user_id, wanted.items) then
      return '{"decision": "refuse", "code": "already_subscribed"}';
    end if;
  end if;
  if held.state = 'completed' then
    return '{"decision": "refuse", "code": "idempotency_conflict"}';
  end if;

  parameters_hash := encode(sha256(convert_to(jsonb_build_array(
    wanted_mode, wanted.items, p_request -> 'success_url', p_request -> 'cancel_url',
    p_request -> 'locale')::text, 'UTF8')), 'hex');
  if wanted_mode = 'subscription' then
    held := payments_private.blocking_reservation(p_user_id, wanted.items);
    if held.state = 'completed' then
      return '{"decision": "refuse", "code": "already_subscribed"}';
    elsif held.id is not null and held.parameters_sha256 = parameters_hash then
      perform payments_private.remember_key(p_request, p_user_id, held.id);
      return payments_private.reuse_reservation(held);
    elsif held.id is not null then
      return jsonb_build_object('decision', 'replace', 'reservation', payments_private.describe_reservation(held),
        'ticket', nextval('payments_private.ticket_numbers'));
    end if;
  end if;
  return jsonb_build_object('decision', 'proceed', 'reservation', payments_private.describe_reservation(
    payments_private.reserve(p_request, p_user_id, parameters_hash, wanted.items, wanted.currency, wanted.amount_minor)));
end
$$;
comment on function payments_private.decide_checkout(jsonb, uuid) is
  'The guard''s checks in their order; the caller holds the user''s lock.';

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
    user_id, mode, items, currency, amount_minor, success_url, cancel_url, locale, parameters_sha256, expires_at)
  values (
    p_user_id, p_request ->> 'mode', p_items, p_currency, p_amount_minor, p_request ->> 'success_url',
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

create function payments.authorize_checkout(p_request jsonb) returns jsonb
language plpgsql volatile
security definer -- the function's role has no table access of its own
set search_path = ''
as $$
declare
  for_user uuid := (p_request ->> 'user_id')::uuid;
  answer jsonb;
begin
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('checkout:' || for_user, 0));
  answer := payments_private.decide_checkout(p_request, for_user);
  if answer ->> 'decision' <> 'refuse' then
    answer := answer || jsonb_build_object('customer', payments_private.customer_for_checkout(for_user));
  end if;
  perform audit.append('user', for_user::text,
    case answer ->> 'decision' when 'refuse' then 'checkout.refused' else 'checkout.authorized' end,
    case answer ->> 'decision' when 'refuse' then 'refused' else 'success' end,
    'reservation', answer #>> '{reservation,id}', p_request ->> 'request_id',
    p_request ->> 'key_fingerprint', answer ->> 'code',
    jsonb_strip_nulls(jsonb_build_object('mode', p_request -> 'mode', 'decision', answer -> 'decision')));
  return answer;
end
$$;
comment on function payments.authorize_checkout(jsonb) is
  'Decides on a checkout in one round trip: {decision: proceed|replace|refuse, code, errors, reservation, customer, ticket}. The audit row is written either way.';

-- 6. What happened at Stripe ----------------------------------------------------------------------

create function payments.record_checkout(p_result jsonb) returns jsonb
language plpgsql volatile
security definer -- the function's role has no table access of its own
set search_path = ''
as $$
declare
  session jsonb := p_result -> 'session';
  made_id text := p_result #>> '{session,id}';
  object payments_private.mirrored_objects := payments_private.lock_object('checkout.session', made_id);
  reservation payments_private.checkout_reservations;
begin
  select r.* into reservation from payments_private.checkout_reservations as r
  where r.id = (p_result ->> 'reservation_id')::uuid for update;
  if not found or not payments_private.link_customer(reservation.user_id, p_result ->> 'customer_id') then
    return '{"recorded": false, "code": "forbidden"}';
  end if;
  -- replaced or released while Stripe was asked, or another call's session was here first: this
  -- session's link must not be handed out
  if reservation.state not in ('reserved', 'open') or reservation.session_id <> made_id then
    return '{"recorded": false, "code": "checkout_in_progress"}';
  end if;
  update payments_private.checkout_reservations as r set
    state = 'open', session_id = p_result #>> '{session,id}', url = p_result ->> 'url'
  where r.id = reservation.id;

  if object.ticket = 0 then
    -- the answer to a creation is older than any event about the session: as_of stays open
    perform payments_private.apply_snapshot('checkout.session', made_id, session,
      '-infinity', nextval('payments_private.ticket_numbers'), 'refresh');
  else -- an event was faster; what it said of the session holds for the reservation too
    perform payments_private.settle_reservation(c.id, c.status) from payments.checkout_sessions as c
    where c.id = made_id;
  end if;
  perform audit.append('user', reservation.user_id::text, 'checkout.opened', 'success',
    'checkout.session', made_id, p_result ->> 'request_id', p_result ->> 'key_fingerprint',
    p_detail => jsonb_build_object('amount_minor', reservation.amount_minor, 'currency', reservation.currency,
      'reservation', reservation.id));
  return '{"recorded": true}';
end
$$;
comment on function payments.record_checkout(jsonb) is
  'Records the session that Stripe made for a reservation and binds the customer to the user: {recorded, code}. Not recorded when the customer belongs to somebody else (forbidden), or the reservation has ended or has another session (checkout_in_progress).';

create function payments.record_replaced_checkout(p_result jsonb) returns void
language plpgsql volatile
security definer -- the function's role has no table access of its own
set search_path = ''
as $$
declare
  session jsonb := p_result -> 'session';
  made_id text := p_result #>> '{session,id}';
  reservation payments_private.checkout_reservations;
begin
  perform payments_private.lock_object('checkout.session', made_id);
  select r.* into reservation from payments_private.checkout_reservations as r
  where r.id = (p_result ->> 'reservation_id')::uuid for update;
  if not found or reservation.session_id <> made_id
    or payments_private.owner_of(session ->> 'customer_id') <> reservation.user_id then
    raise exception 'the session is not the reservation''s' using errcode = 'PP004';
  end if;
  update payments_private.checkout_reservations as r set session_id = made_id where r.id = reservation.id;
  perform payments_private.apply_fetched('checkout.session', made_id, (p_result ->> 'ticket')::bigint,
    to_timestamp((p_result ->> 'as_of')::bigint), session);
  perform payments_private.settle_reservation(made_id, session ->> 'status');
  perform audit.append('service', 'payments_checkout', 'checkout.replaced', 'success', 'checkout.session',
    made_id, p_result ->> 'request_id', p_result ->> 'key_fingerprint',
    p_detail => jsonb_build_object('status', session -> 'status'));
end
$$;
comment on function payments.record_replaced_checkout(jsonb) is
  'Records what Stripe says of a session that stood in the way: expired by us, expired already, or paid. ticket is the guard''s. Raises PP004 for a session of another reservation or user.';

create function payments.renew_checkout_key(p_reservation_id uuid, p_stripe_idempotency_key text) returns jsonb
language plpgsql volatile
security definer -- the function's role has no table access of its own
set search_path = ''
as $$
declare
  reservation payments_private.checkout_reservations;
begin
  -- compare and swap: of many callers that saw the same saved error, one mints the next key
  update payments_private.checkout_reservations as r set
    stripe_idempotency_key = 'checkout_' || gen_random_uuid()
  where r.id = p_reservation_id and r.stripe_idempotency_key = p_stripe_idempotency_key
    and r.state = 'reserved';
  select r.* into reservation from payments_private.checkout_reservations as r where r.id = p_reservation_id;
  return payments_private.describe_reservation(reservation);
end
$$;
comment on function payments.renew_checkout_key(uuid, text) is
  'Replaces a reservation''s key whose saved answer at Stripe is a server error. Call it only after Stripe''s list shows no session of the reservation.';

create function payments.release_checkout(p_reservation_id uuid, p_reason text, p_request_id text) returns void
language plpgsql volatile
security definer -- the function's role has no table access of its own
set search_path = ''
as $$
declare
  reservation payments_private.checkout_reservations;
begin
  select r.* into reservation from payments_private.checkout_reservations as r
  where r.id = p_reservation_id for update;
  if reservation.state = 'reserved' and reservation.session_id is null then
    perform payments_private.close_reservation(p_reservation_id, 'released');
  elsif reservation.session_id is not null then
    -- a session is known, so it may be paid: the worker asks Stripe, under the right account
    perform payments_private.mark_objects(
      jsonb_build_array(jsonb_build_object('kind', 'checkout.session', 'id', reservation.session_id)));
  end if;
  perform audit.append('service', 'payments_checkout', 'checkout.released', 'failure', 'reservation',
    p_reservation_id::text, p_request_id, null, p_reason);
end
$$;
comment on function payments.release_checkout(uuid, text, text) is
  'Frees a reservation for which Stripe definitely refused (400) to make a session; one whose session is known is marked for a fetch instead. Never call it after a time-out, a 401 or a 403.';

create function payments.check_session(p_user_id uuid, p_session_id uuid) returns boolean
language sql stable
security definer -- the functions' roles cannot reach schema auth
set search_path = ''
as $$
  select payments_private.session_is_live(p_session_id, p_user_id)
$$;
comment on function payments.check_session(uuid, uuid) is
  'Whether a session is alive, for requests whose body is refused before the guard is asked: 401 comes before 400 and 422.';

grant execute on function payments.check_session(uuid, uuid) to payments_checkout, payments_portal, payments_sync;
grant execute on function payments.authorize_checkout(jsonb) to payments_checkout;
grant execute on function payments.record_checkout(jsonb) to payments_checkout;
grant execute on function payments.record_replaced_checkout(jsonb) to payments_checkout;
grant execute on function payments.renew_checkout_key(uuid, text) to payments_checkout;
grant execute on function payments.release_checkout(uuid, text, text) to payments_checkout;
grant execute on function payments.renew_customer_creation(uuid, text) to payments_checkout;

reset role;
