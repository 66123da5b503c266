-- Purpose: one Stripe customer for a user, however many first checkouts race.
-- Objects: payments_private.customer_creations, customer_for_checkout, link_customer;
--          payments.renew_customer_creation.
-- Risk:    decides whose customer a Stripe customer is; nothing else does.

set role payments_owner;

create table payments_private.customer_creations (
  user_id uuid primary key,
  creation_key text not null,
  minted_at timestamptz not null default now(),
  first_minted_at timestamptz not null default now(),
  address_hash text
);
comment on table payments_private.customer_creations is
  'The idempotency key under which a user''s Stripe customer is made: any number of parallel first checkouts make one customer.';
comment on column payments_private.customer_creations.first_minted_at is
  'Where it is earlier than minted_at, customers made since are listed before another one is made: Stripe forgets keys after 24 h.';
comment on column payments_private.customer_creations.address_hash is
  'Keyed hash of the address of the first checkout, to count new customers behind one.';
create index customer_creations_address on payments_private.customer_creations (address_hash, first_minted_at)
  where address_hash is not null;
alter table payments_private.customer_creations enable row level security;

create function payments_private.customer_for_checkout(p_user_id uuid, p_address_hash text default null)
returns jsonb
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

  insert into payments_private.customer_creations as c (user_id, creation_key, address_hash)
  values (p_user_id, 'customer_' || gen_random_uuid(), p_address_hash)
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
comment on function payments_private.customer_for_checkout(uuid, text) is
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

grant execute on function payments.renew_customer_creation(uuid, text) to payments_checkout;

reset role;

-- `on delete cascade`: these rows mean nothing without their user
alter table payments_private.customer_creations add constraint user_is_known
  foreign key (user_id) references auth.users (id) on delete cascade;
