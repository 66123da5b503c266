-- Purpose: mirrors of what follows a payment: methods, early fraud warnings, reviews.
-- Objects: payments.payment_methods; payments_private.early_fraud_warnings, reviews.
-- Risk:    payment_methods is user data (brand, last four, expiry); the other two stay private: a
--          fraudster must not read that a warning has come in.

set role payments_owner;

create table payments.payment_methods (
  id text primary key,
  user_id uuid,
  customer_id text,
  type text not null,
  card_brand text,
  card_last4 text,
  card_exp_month integer,
  card_exp_year integer,
  created_at timestamptz not null,
  constraint id_is_a_payment_method_id check (id ~ '^(pm|card|src)_[A-Za-z0-9_]+$' and length(id) <= 255),
  constraint last4_is_four_digits check (card_last4 ~ '^[0-9]{4}$'),
  constraint expiry_is_a_month check (card_exp_month between 1 and 12)
);
comment on table payments.payment_methods is
  'Mirror of Stripe payment methods: brand, last four digits and expiry, never more of a card.';
create index payment_methods_user on payments.payment_methods (user_id);
create index payment_methods_customer on payments.payment_methods (customer_id);

create table payments_private.early_fraud_warnings (
  id text primary key,
  charge_id text not null,
  payment_id text,
  fraud_type text not null,
  actionable boolean not null,
  created_at timestamptz not null,
  constraint id_is_a_warning_id check (id ~ '^issfr_[A-Za-z0-9_]+$' and length(id) <= 255)
);
comment on table payments_private.early_fraud_warnings is 'Mirror of Radar''s early fraud warnings.';
create index early_fraud_warnings_payment on payments_private.early_fraud_warnings (payment_id);

create table payments_private.reviews (
  id text primary key,
  charge_id text,
  payment_id text,
  open boolean not null,
  reason text not null,
  opened_reason text,
  closed_reason text,
  created_at timestamptz not null,
  constraint id_is_a_review_id check (id ~ '^prv_[A-Za-z0-9_]+$' and length(id) <= 255)
);
comment on table payments_private.reviews is 'Mirror of Radar''s reviews.';
create index reviews_payment on payments_private.reviews (payment_id);

alter table payments.payment_methods enable row level security;
alter table payments_private.early_fraud_warnings enable row level security;
alter table payments_private.reviews enable row level security;
revoke all on payments.payment_methods from public;
grant select (id, user_id, type, card_brand, card_last4, card_exp_month, card_exp_year, created_at)
  on payments.payment_methods to authenticated;

create function payments_private.write_payment_method(p jsonb) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  -- a detached method has no customer, and with it no owner
  insert into payments.payment_methods (
    id, user_id, customer_id, type, card_brand, card_last4, card_exp_month, card_exp_year, created_at)
  select
    r.id, payments_private.owner_of(r.customer_id), r.customer_id, r.type, r.card_brand, r.card_last4,
    r.card_exp_month, r.card_exp_year, r.created_at
  from jsonb_populate_record(null::payments.payment_methods, p) as r
  on conflict (id) do update set
    user_id = excluded.user_id, customer_id = excluded.customer_id, type = excluded.type,
    card_brand = excluded.card_brand, card_last4 = excluded.card_last4,
    card_exp_month = excluded.card_exp_month, card_exp_year = excluded.card_exp_year;
end
$$;
comment on function payments_private.write_payment_method(jsonb) is 'Upserts one payment method.';

create function payments_private.write_early_fraud_warning(p jsonb) returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  suspect uuid;
begin
  perform payments_private.lock_payment(p ->> 'payment_id') where p ->> 'payment_id' is not null;
  insert into payments_private.early_fraud_warnings (id, charge_id, payment_id, fraud_type, actionable, created_at)
  select r.id, r.charge_id, r.payment_id, r.fraud_type, r.actionable, r.created_at
  from jsonb_populate_record(null::payments_private.early_fraud_warnings, p) as r
  on conflict (id) do update set
    charge_id = excluded.charge_id, payment_id = excluded.payment_id,
    fraud_type = excluded.fraud_type, actionable = excluded.actionable;
  suspect := payments_private.payer_of(p ->> 'payment_id');
  if suspect is not null then
    perform payments_private.act_on_warnings(p ->> 'payment_id', suspect);
  end if;
end
$$;
comment on function payments_private.write_early_fraud_warning(jsonb) is 'Upserts one early fraud warning.';

create function payments_private.write_review(p jsonb) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  insert into payments_private.reviews (
    id, charge_id, payment_id, open, reason, opened_reason, closed_reason, created_at)
  select r.id, r.charge_id, r.payment_id, r.open, r.reason, r.opened_reason, r.closed_reason, r.created_at
  from jsonb_populate_record(null::payments_private.reviews, p) as r
  on conflict (id) do update set
    charge_id = excluded.charge_id, payment_id = excluded.payment_id, open = excluded.open,
    reason = excluded.reason, opened_reason = excluded.opened_reason, closed_reason = excluded.closed_reason;
end
$$;
comment on function payments_private.write_review(jsonb) is 'Upserts one review.';

create function payments_private.write_entitlements(p_customer_id text, p_entitlements jsonb) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  -- the whole set, always: the event carries one page of it
  delete from payments.entitlements as e
  where e.customer_id = p_customer_id
    and e.id not in (select item ->> 'id' from jsonb_array_elements(p_entitlements) as item);
  insert into payments.entitlements (id, user_id, customer_id, feature_id, lookup_key)
  select r.id, payments_private.owner_of(p_customer_id), p_customer_id, r.feature_id, r.lookup_key
  from jsonb_populate_recordset(null::payments.entitlements, p_entitlements) as r
  on conflict (id) do update set
    user_id = excluded.user_id, customer_id = excluded.customer_id,
    feature_id = excluded.feature_id, lookup_key = excluded.lookup_key;
end
$$;
comment on function payments_private.write_entitlements(text, jsonb) is
  'Makes a customer''s active entitlements exactly the given set.';

reset role;

alter table payments.payment_methods add constraint user_is_known
  foreign key (user_id) references auth.users (id) on delete set null;
create policy owners_read_their_own on payments.payment_methods for select to authenticated
  using (user_id = (select auth.uid()));
