-- Purpose: each user's billing state, mirrored from Stripe, readable by that user alone.
-- Objects: payments.customers, checkout_sessions, subscriptions, subscription_items, invoices,
--          payments, refunds, disputes, entitlements.
-- Risk:    user data; every table has row-level security and column grants.
--
-- `on delete set null` on user_id, everywhere: a person who is deleted disappears from the books
-- (no personal data is left, and no API role can read a row without an owner), while the amounts,
-- which tax and accounting law keeps, stay.

set role payments_owner;

-- 1. Tables ---------------------------------------------------------------------------------------

create table payments.customers (
  id text primary key,
  user_id uuid,
  currency text,
  delinquent boolean not null default false,
  created_at timestamptz not null,
  deleted_at timestamptz,
  constraint id_is_a_customer_id check (id ~ '^cus_[A-Za-z0-9_]+$' and length(id) <= 255)
);
comment on table payments.customers is
  'Which Stripe customer belongs to which user. The only source of that fact: metadata is never trusted for it.';
create unique index a_user_has_one_live_customer on payments.customers (user_id)
  where user_id is not null and deleted_at is null;

-- What changes after it is made keeps room in its page: the new version then costs no index entry.

create table payments.checkout_sessions (
  id text primary key,
  user_id uuid,
  customer_id text,
  mode text not null,
  status text,
  payment_status text not null,
  currency text,
  amount_total bigint,
  subscription_id text,
  payment_id text,
  customer_country text,
  expires_at timestamptz not null,
  created_at timestamptz not null,
  constraint customer_country_is_two_letters check (customer_country ~ '^[A-Z]{2}$'),
  constraint id_is_a_session_id check (id ~ '^cs_[A-Za-z0-9_]+$' and length(id) <= 255),
  constraint amount_is_not_negative check (amount_total >= 0)
) with (fillfactor = 80);
comment on table payments.checkout_sessions is 'Mirror of Stripe checkout sessions. The pay link is not kept here.';
comment on column payments.checkout_sessions.payment_id is 'PaymentIntent id in payment mode.';
comment on column payments.checkout_sessions.customer_country is
  'Country of the billing address, two letters: the only part of an address that is kept (docs/limits.md).';
create index checkout_sessions_user on payments.checkout_sessions (user_id);
create index checkout_sessions_customer on payments.checkout_sessions (customer_id);

create table payments.subscriptions (
  id text primary key,
  user_id uuid,
  customer_id text not null,
  status text not null,
  currency text,
  cancel_at_period_end boolean not null,
  cancel_at timestamptz,
  canceled_at timestamptz,
  ended_at timestamptz,
  current_period_start timestamptz,
  current_period_end timestamptz,
  trial_end timestamptz,
  latest_invoice_id text,
  created_at timestamptz not null,
  constraint id_is_a_subscription_id check (id ~ '^sub_[A-Za-z0-9_]+$' and length(id) <= 255)
) with (fillfactor = 80);
comment on table payments.subscriptions is 'Mirror of Stripe subscriptions.';
comment on column payments.subscriptions.current_period_end is 'The earliest item''s: the first moment anything renews.';
create index subscriptions_user on payments.subscriptions (user_id);
create index subscriptions_customer on payments.subscriptions (customer_id);

create table payments.subscription_items (
  id text primary key,
  subscription_id text not null references payments.subscriptions (id) on delete cascade,
  user_id uuid,
  price_id text not null,
  product_id text not null,
  quantity integer,
  currency text not null,
  unit_amount bigint,
  recurring_interval text,
  recurring_interval_count integer,
  current_period_start timestamptz,
  current_period_end timestamptz,
  constraint id_is_an_item_id check (id ~ '^si_[A-Za-z0-9_]+$' and length(id) <= 255),
  constraint quantity_is_not_negative check (quantity >= 0)
) with (fillfactor = 80);
comment on table payments.subscription_items is
  'What a subscription is for. Written only together with its subscription, hence the foreign key.';
create index subscription_items_subscription on payments.subscription_items (subscription_id);
create index subscription_items_user_product on payments.subscription_items (user_id, product_id);

create table payments.invoices (
  id text primary key,
  user_id uuid,
  customer_id text,
  subscription_id text,
  number text,
  status text,
  billing_reason text,
  currency text not null,
  total bigint not null,
  amount_due bigint not null,
  amount_paid bigint not null,
  amount_remaining bigint not null,
  period_start timestamptz,
  period_end timestamptz,
  due_date timestamptz,
  created_at timestamptz not null,
  deleted_at timestamptz,
  constraint id_is_an_invoice_id check (id ~ '^in_[A-Za-z0-9_]+$' and length(id) <= 255)
) with (fillfactor = 80);
comment on table payments.invoices is 'Mirror of Stripe invoices, amounts in minor units. No names, addresses or links.';
create index invoices_user on payments.invoices (user_id);
create index invoices_customer on payments.invoices (customer_id);

create table payments.payments (
  id text primary key,
  user_id uuid,
  customer_id text,
  amount bigint not null,
  amount_received bigint not null,
  currency text not null,
  status text not null,
  failure_code text,
  decline_code text,
  created_at timestamptz not null,
  canceled_at timestamptz,
  constraint id_is_a_payment_intent_id check (id ~ '^pi_[A-Za-z0-9_]+$' and length(id) <= 255),
  constraint amount_is_not_negative check (amount >= 0 and amount_received >= 0)
) with (fillfactor = 80);
comment on table payments.payments is 'Mirror of Stripe PaymentIntents, amounts in minor units.';
create index payments_user on payments.payments (user_id);
create index payments_customer on payments.payments (customer_id);

create table payments.refunds (
  id text primary key,
  user_id uuid,
  payment_id text,
  charge_id text,
  amount bigint not null,
  currency text not null,
  status text,
  reason text,
  failure_reason text,
  created_at timestamptz not null,
  constraint id_is_a_refund_id check (id ~ '^(re|pyr)_[A-Za-z0-9_]+$' and length(id) <= 255),
  constraint amount_is_not_negative check (amount >= 0)
);
comment on table payments.refunds is 'Mirror of Stripe refunds, amounts in minor units.';
create index refunds_user on payments.refunds (user_id);
create index refunds_payment on payments.refunds (payment_id);

create table payments.disputes (
  id text primary key,
  user_id uuid,
  payment_id text,
  charge_id text not null,
  amount bigint not null,
  currency text not null,
  status text not null,
  reason text not null,
  evidence_due_by timestamptz,
  created_at timestamptz not null,
  constraint id_is_a_dispute_id check (id ~ '^(dp|du)_[A-Za-z0-9_]+$' and length(id) <= 255)
);
comment on table payments.disputes is 'Mirror of Stripe disputes, amounts in minor units.';
create index disputes_user on payments.disputes (user_id);
create index disputes_payment on payments.disputes (payment_id);

create table payments.entitlements (
  id text primary key,
  user_id uuid,
  customer_id text not null,
  feature_id text not null,
  lookup_key text not null,
  constraint id_is_an_entitlement_id check (id ~ '^ent_[A-Za-z0-9_]+$' and length(id) <= 255),
  constraint a_customer_has_a_feature_once unique (customer_id, feature_id)
);
comment on table payments.entitlements is 'Mirror of Stripe''s active entitlements. A row that is here is granted.';
create index entitlements_user_key on payments.entitlements (user_id, lookup_key);

-- 2. Row-level security and grants ----------------------------------------------------------------

do $$
declare
  table_name text;
begin
  foreach table_name in array array[
    'customers', 'checkout_sessions', 'subscriptions', 'subscription_items', 'invoices', 'payments',
    'refunds', 'disputes', 'entitlements'
  ] loop
    execute format('alter table payments.%I enable row level security', table_name);
    execute format('revoke all on payments.%I from public', table_name);
  end loop;
end
$$;

grant select (id, user_id, currency, delinquent, created_at) on payments.customers to authenticated;
grant select (
  id, user_id, mode, status, payment_status, currency, amount_total, subscription_id, payment_id,
  expires_at, created_at
) on payments.checkout_sessions to authenticated;
grant select (
  id, user_id, status, currency, cancel_at_period_end, cancel_at, canceled_at, ended_at,
  current_period_start, current_period_end, trial_end, created_at
) on payments.subscriptions to authenticated;
grant select (
  id, subscription_id, user_id, price_id, product_id, quantity, currency, unit_amount,
  recurring_interval, recurring_interval_count, current_period_start, current_period_end
) on payments.subscription_items to authenticated;
grant select (
  id, user_id, subscription_id, number, status, billing_reason, currency, total, amount_due,
  amount_paid, amount_remaining, period_start, period_end, due_date, created_at
) on payments.invoices to authenticated;
grant select (
  id, user_id, amount, amount_received, currency, status, created_at, canceled_at
) on payments.payments to authenticated;
grant select (
  id, user_id, payment_id, amount, currency, status, reason, created_at
) on payments.refunds to authenticated;
grant select (
  id, user_id, payment_id, amount, currency, status, reason, created_at
) on payments.disputes to authenticated;
grant select (id, user_id, lookup_key) on payments.entitlements to authenticated;
-- no writes for anyone: rows change by ingest_event and the refresh task only
-- no customer_id, charge ids or decline codes for the client: it needs none of them

reset role;

-- 3. What only postgres may create: references to auth --------------------------------------------

do $$
declare
  table_name text;
begin
  foreach table_name in array array[
    'customers', 'checkout_sessions', 'subscriptions', 'subscription_items', 'invoices', 'payments',
    'refunds', 'disputes', 'entitlements'
  ] loop
    execute format(
      'alter table payments.%I add constraint user_is_known foreign key (user_id) '
      'references auth.users (id) on delete set null', table_name);
    execute format(
      'create policy owners_read_their_own on payments.%I for select to authenticated '
      'using (user_id = (select auth.uid()))', table_name);
  end loop;
end
$$;
