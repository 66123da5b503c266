-- Purpose: the public catalogue, mirrored from Stripe.
-- Objects: payments.products, payments.prices.
-- Risk:    readable by anyone who has the publishable key, as a price list is meant to be.
--
-- Mirror tables have no foreign keys to each other: events arrive in any order, so a price may be
-- here before its product.

set role payments_owner;

create table payments.products (
  id text primary key,
  active boolean not null,
  name text not null,
  description text,
  created_at timestamptz not null,
  deleted_at timestamptz,
  constraint id_is_a_stripe_id check (id ~ '^[A-Za-z0-9_-]+$' and length(id) <= 255),
  constraint name_is_bounded check (length(name) <= 5000),
  constraint description_is_bounded check (length(description) <= 40000)
);
comment on table payments.products is 'Mirror of Stripe products. Public while active.';
comment on column payments.products.id is 'Stripe product id; chosen by the merchant where they set one.';
comment on column payments.products.deleted_at is 'When the deletion became known; a deleted product is hidden.';

create table payments.prices (
  id text primary key,
  product_id text not null,
  active boolean not null,
  currency text not null,
  unit_amount bigint,
  type text not null,
  recurring_interval text,
  recurring_interval_count integer,
  recurring_usage_type text,
  billing_scheme text not null,
  transforms_quantity boolean not null default false,
  lookup_key text,
  created_at timestamptz not null,
  deleted_at timestamptz,
  constraint id_is_a_stripe_id check (id ~ '^[A-Za-z0-9_-]+$' and length(id) <= 255),
  constraint currency_is_iso check (currency ~ '^[a-z]{3}$'),
  constraint amount_is_not_negative check (unit_amount >= 0)
);
comment on table payments.prices is 'Mirror of Stripe prices. Public while active.';
comment on column payments.prices.unit_amount is 'Minor units of currency; null where Stripe has no single amount (tiered, custom).';
comment on column payments.prices.transforms_quantity is 'The quantity is divided before it is charged, so the amount is not unit_amount × quantity.';
comment on column payments.prices.type is 'one_time or recurring; text because Stripe''s enums are open.';

create index prices_product on payments.prices (product_id);
create index prices_lookup_key on payments.prices (lookup_key) where lookup_key is not null;

alter table payments.products enable row level security;
alter table payments.prices enable row level security;
revoke all on payments.products, payments.prices from public;

create policy active_products_are_public on payments.products
  for select to anon, authenticated using (active and deleted_at is null);
create policy active_prices_are_public on payments.prices
  for select to anon, authenticated using (active and deleted_at is null);

grant select (id, active, name, description, created_at) on payments.products to anon, authenticated;
grant select (
  id, product_id, active, currency, unit_amount, type, recurring_interval, recurring_interval_count,
  lookup_key, created_at
) on payments.prices to anon, authenticated;
-- no insert, update or delete grants: the catalogue changes at Stripe

reset role;
