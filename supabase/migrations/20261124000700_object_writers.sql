-- Purpose: write a projection of a Stripe object into its mirror table.
-- Objects: payments_private.write_object, delete_object and one write_* function for each kind.
-- Risk:    private; called by ingest_event, the refresh task and record_checkout only.
--
-- A projection is a JSON object whose keys are the table's columns (supabase/functions/_shared/
-- projections). The owner never comes from Stripe: it is looked up in payments.customers.

set role payments_owner;

create function payments_private.owner_of(p_customer_id text) returns uuid
language plpgsql stable
set search_path = ''
as $$
declare
  owner_id uuid;
begin
  select c.user_id into owner_id from payments.customers as c where c.id = p_customer_id;
  return owner_id;
end
$$;
comment on function payments_private.owner_of(text) is 'The user a Stripe customer belongs to, or null.';

create function payments_private.write_product(p jsonb) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  insert into payments.products (id, active, name, description, created_at, deleted_at)
  select r.id, r.active, r.name, r.description, r.created_at, null
  from jsonb_populate_record(null::payments.products, p) as r
  on conflict (id) do update set
    active = excluded.active, name = excluded.name, description = excluded.description,
    created_at = excluded.created_at, deleted_at = null;
end
$$;
comment on function payments_private.write_product(jsonb) is 'Upserts one product.';

create function payments_private.write_price(p jsonb) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  insert into payments.prices (
    id, product_id, active, currency, unit_amount, type, recurring_interval, recurring_interval_count,
    recurring_usage_type, billing_scheme, transforms_quantity, lookup_key, created_at, deleted_at)
  select
    r.id, r.product_id, r.active, r.currency, r.unit_amount, r.type, r.recurring_interval,
    r.recurring_interval_count, r.recurring_usage_type, r.billing_scheme,
    coalesce(r.transforms_quantity, false), r.lookup_key, r.created_at, null
  from jsonb_populate_record(null::payments.prices, p) as r
  on conflict (id) do update set
    product_id = excluded.product_id, active = excluded.active, currency = excluded.currency,
    unit_amount = excluded.unit_amount, type = excluded.type,
    recurring_interval = excluded.recurring_interval,
    recurring_interval_count = excluded.recurring_interval_count,
    recurring_usage_type = excluded.recurring_usage_type, billing_scheme = excluded.billing_scheme,
    transforms_quantity = excluded.transforms_quantity, lookup_key = excluded.lookup_key,
    created_at = excluded.created_at, deleted_at = null;

  -- A lookup key names one price at Stripe. Another one that has it here lost it: Stripe is asked.
  perform payments_private.mark_objects(coalesce(jsonb_agg(
    jsonb_build_object('kind', 'price', 'id', o.id)), '[]'))
  from payments.prices as o where o.lookup_key = p ->> 'lookup_key' and o.id <> p ->> 'id';
  update payments.prices as o set lookup_key = null
  where o.lookup_key = p ->> 'lookup_key' and o.id <> p ->> 'id';
end
$$;
comment on function payments_private.write_price(jsonb) is 'Upserts one price and takes its lookup key from any other.';

create function payments_private.write_customer(p jsonb) returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  r payments.customers := jsonb_populate_record(null::payments.customers, p);
begin
  insert into payments.customers (id, currency, delinquent, created_at)
  values (r.id, r.currency, coalesce(r.delinquent, false), r.created_at)
  on conflict (id) do update set
    currency = excluded.currency, delinquent = excluded.delinquent, created_at = excluded.created_at;
end
$$;
comment on function payments_private.write_customer(jsonb) is
  'Upserts one customer; leaves its user alone: only link_customer sets it.';

create function payments_private.write_checkout_session(p jsonb) returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  r payments.checkout_sessions := jsonb_populate_record(null::payments.checkout_sessions, p);
begin
  insert into payments.checkout_sessions (
    id, user_id, customer_id, mode, status, payment_status, currency, amount_total,
    subscription_id, payment_id, customer_country, expires_at, created_at)
  values (
    r.id, (select c.user_id from payments.customers as c where c.id = r.customer_id), r.customer_id, r.mode,
    r.status, r.payment_status, r.currency, r.amount_total, r.subscription_id, r.payment_id,
    r.customer_country, r.expires_at, r.created_at)
  on conflict (id) do update set
    user_id = excluded.user_id, customer_id = excluded.customer_id, mode = excluded.mode,
    status = excluded.status, payment_status = excluded.payment_status, currency = excluded.currency,
    amount_total = excluded.amount_total, subscription_id = excluded.subscription_id,
    payment_id = excluded.payment_id, customer_country = excluded.customer_country,
    expires_at = excluded.expires_at;
  if r.status = 'complete' then
    perform payments_private.check_session_country(p);
  end if;
  if r.status in ('complete', 'expired') then
    perform payments_private.settle_reservation(r.id, r.status);
  end if;
end
$$;
comment on function payments_private.write_checkout_session(jsonb) is
  'Upserts one checkout session; one that has ended settles its reservation.';

create function payments_private.write_subscription(p jsonb) returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  r payments.subscriptions := jsonb_populate_record(null::payments.subscriptions, p);
  known payments.subscriptions;
begin
  select s.* into known from payments.subscriptions as s where s.id = r.id;
  select c.user_id into r.user_id from payments.customers as c where c.id = r.customer_id;
  insert into payments.subscriptions (
    id, user_id, customer_id, status, currency, cancel_at_period_end, cancel_at, canceled_at,
    ended_at, current_period_start, current_period_end, trial_end, latest_invoice_id, created_at)
  values (
    r.id, r.user_id, r.customer_id, r.status, r.currency, r.cancel_at_period_end, r.cancel_at,
    r.canceled_at, r.ended_at, r.current_period_start, r.current_period_end, r.trial_end,
    r.latest_invoice_id, r.created_at)
  on conflict (id) do update set
    user_id = excluded.user_id, customer_id = excluded.customer_id, status = excluded.status,
    currency = excluded.currency, cancel_at_period_end = excluded.cancel_at_period_end,
    cancel_at = excluded.cancel_at, canceled_at = excluded.canceled_at, ended_at = excluded.ended_at,
    current_period_start = excluded.current_period_start,
    current_period_end = excluded.current_period_end, trial_end = excluded.trial_end,
    latest_invoice_id = excluded.latest_invoice_id, created_at = excluded.created_at;
  perform payments_private.write_items(r.id, r.user_id, p -> 'items', known.id is null);

  if payments_private.may_tell(known.status, r.status) then
    perform payments_private.tell_subscription(r.id, to_jsonb(known), to_jsonb(r));
  end if;
  -- nobody's subscription is nobody's duplicate
  if r.user_id is not null then
    perform payments_private.find_duplicate_subscription(r.id);
  end if;
end
$$;
comment on function payments_private.write_subscription(jsonb) is
  'Upserts one subscription, makes its items exactly those of the projection, and tells the host what that changes.';

create function payments_private.write_items(p_subscription_id text, p_owner_id uuid, p_items jsonb, p_is_new boolean)
returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  if not p_is_new then -- a new one has none: the foreign key says so
    delete from payments.subscription_items as i
    where i.subscription_id = p_subscription_id
      and i.id not in (select item ->> 'id' from jsonb_array_elements(p_items) as item);
  end if;
  insert into payments.subscription_items (
    id, subscription_id, user_id, price_id, product_id, quantity, currency, unit_amount,
    recurring_interval, recurring_interval_count, current_period_start, current_period_end)
  select
    r.id, p_subscription_id, p_owner_id, r.price_id, r.product_id, r.quantity, r.currency, r.unit_amount,
    r.recurring_interval, r.recurring_interval_count, r.current_period_start, r.current_period_end
  from jsonb_populate_recordset(null::payments.subscription_items, p_items) as r
  on conflict (id) do update set
    subscription_id = excluded.subscription_id, user_id = excluded.user_id,
    price_id = excluded.price_id, product_id = excluded.product_id, quantity = excluded.quantity,
    currency = excluded.currency, unit_amount = excluded.unit_amount,
    recurring_interval = excluded.recurring_interval,
    recurring_interval_count = excluded.recurring_interval_count,
    current_period_start = excluded.current_period_start,
    current_period_end = excluded.current_period_end;
end
$$;
comment on function payments_private.write_items(text, uuid, jsonb, boolean) is
  'Makes the items of a subscription exactly those given; p_is_new: it has none yet.';

create function payments_private.write_invoice(p jsonb) returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  r payments.invoices := jsonb_populate_record(null::payments.invoices, p);
begin
  insert into payments.invoices (
    id, user_id, customer_id, subscription_id, number, status, billing_reason, currency, total,
    amount_due, amount_paid, amount_remaining, period_start, period_end, due_date, created_at, deleted_at)
  values (
    r.id, (select c.user_id from payments.customers as c where c.id = r.customer_id), r.customer_id, r.subscription_id, r.number,
    r.status, r.billing_reason, r.currency, r.total, r.amount_due, r.amount_paid,
    r.amount_remaining, r.period_start, r.period_end, r.due_date, r.created_at, null)
  on conflict (id) do update set
    user_id = excluded.user_id, customer_id = excluded.customer_id,
    subscription_id = excluded.subscription_id, number = excluded.number, status = excluded.status,
    billing_reason = excluded.billing_reason, currency = excluded.currency, total = excluded.total,
    amount_due = excluded.amount_due, amount_paid = excluded.amount_paid,
    amount_remaining = excluded.amount_remaining, period_start = excluded.period_start,
    period_end = excluded.period_end, due_date = excluded.due_date,
    created_at = excluded.created_at, deleted_at = null;
end
$$;
comment on function payments_private.write_invoice(jsonb) is 'Upserts one invoice.';

create function payments_private.lock_payment(p_payment_id text) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('payment:' || p_payment_id, 0));
end
$$;
comment on function payments_private.lock_payment(text) is
  'Puts a payment and what reverses it in line: written at the same moment, neither would see the other.';

create function payments_private.write_payment(p jsonb) returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  r payments.payments := jsonb_populate_record(null::payments.payments, p);
  known_status text;
begin
  perform payments_private.lock_payment(r.id);
  select t.status into known_status from payments.payments as t where t.id = r.id;
  select c.user_id into r.user_id from payments.customers as c where c.id = r.customer_id;
  insert into payments.payments (
    id, user_id, customer_id, amount, amount_received, currency, status, failure_code,
    decline_code, created_at, canceled_at)
  values (
    r.id, r.user_id, r.customer_id, r.amount, r.amount_received, r.currency, r.status,
    r.failure_code, r.decline_code, r.created_at, r.canceled_at)
  on conflict (id) do update set
    user_id = excluded.user_id, customer_id = excluded.customer_id, amount = excluded.amount,
    amount_received = excluded.amount_received, currency = excluded.currency,
    status = excluded.status, failure_code = excluded.failure_code,
    decline_code = excluded.decline_code, canceled_at = excluded.canceled_at;

  if r.user_id is not null then
    perform payments_private.own_reversals(r.id, r.user_id);
    perform payments_private.act_on_warnings(r.id, r.user_id);
  end if;
  if r.status = 'succeeded' and known_status is distinct from 'succeeded' then
    perform payments_private.write_outbox('payment.succeeded', r.id, 'once', r.user_id,
      payments_private.describe_change(to_jsonb(r)));
  end if;
  -- what waited for its payment is told now, once: what was told long ago is purged and would be told again
  if known_status is null and (
    exists (select from payments.refunds as t where t.payment_id = r.id)
    or exists (select from payments.disputes as t where t.payment_id = r.id)) then
    perform payments_private.tell_reversals(r.id);
  end if;
end
$$;
comment on function payments_private.write_payment(jsonb) is
  'Upserts one PaymentIntent, and tells the host when it first succeeds.';

create function payments_private.own_reversals(p_payment_id text, p_owner_id uuid) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  update payments.refunds as t set user_id = p_owner_id where t.payment_id = p_payment_id and t.user_id is null;
  update payments.disputes as t set user_id = p_owner_id where t.payment_id = p_payment_id and t.user_id is null;
end
$$;
comment on function payments_private.own_reversals(text, uuid) is
  'Gives refunds and disputes that came before their payment to its owner.';

create function payments_private.payer_of(p_payment_id text) returns uuid
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select p.user_id from payments.payments as p where p.id = p_payment_id);
end
$$;
comment on function payments_private.payer_of(text) is 'The user a payment belongs to, or null.';

create function payments_private.write_refund(p jsonb) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  perform payments_private.lock_payment(p ->> 'payment_id') where p ->> 'payment_id' is not null;
  insert into payments.refunds (
    id, user_id, payment_id, charge_id, amount, currency, status, reason, failure_reason, created_at)
  select
    r.id, payments_private.payer_of(r.payment_id), r.payment_id, r.charge_id, r.amount, r.currency,
    r.status, r.reason, r.failure_reason, r.created_at
  from jsonb_populate_record(null::payments.refunds, p) as r
  on conflict (id) do update set
    user_id = excluded.user_id, payment_id = excluded.payment_id, charge_id = excluded.charge_id,
    amount = excluded.amount, currency = excluded.currency, status = excluded.status,
    reason = excluded.reason, failure_reason = excluded.failure_reason;
end
$$;
comment on function payments_private.write_refund(jsonb) is 'Upserts one refund; its payment says whose it is.';

create function payments_private.write_dispute(p jsonb) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  perform payments_private.lock_payment(p ->> 'payment_id') where p ->> 'payment_id' is not null;
  insert into payments.disputes (
    id, user_id, payment_id, charge_id, amount, currency, status, reason, evidence_due_by, created_at)
  select
    r.id, payments_private.payer_of(r.payment_id), r.payment_id, r.charge_id, r.amount, r.currency,
    r.status, r.reason, r.evidence_due_by, r.created_at
  from jsonb_populate_record(null::payments.disputes, p) as r
  on conflict (id) do update set
    user_id = excluded.user_id, payment_id = excluded.payment_id, charge_id = excluded.charge_id,
    amount = excluded.amount, currency = excluded.currency, status = excluded.status,
    reason = excluded.reason, evidence_due_by = excluded.evidence_due_by;
end
$$;
comment on function payments_private.write_dispute(jsonb) is 'Upserts one dispute; its payment says whose it is.';

create function payments_private.write_object(p_kind text, p_projection jsonb) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  case p_kind -- the frequent kinds first
    when 'invoice' then perform payments_private.write_invoice(p_projection);
    when 'subscription' then perform payments_private.write_subscription(p_projection);
    when 'payment_intent' then perform payments_private.write_payment(p_projection);
    when 'checkout.session' then perform payments_private.write_checkout_session(p_projection);
    when 'charge' then
      perform payments_private.write_charge(p_projection);
      perform payments_private.check_charge_country(p_projection);
    when 'customer' then perform payments_private.write_customer(p_projection);
    when 'product' then perform payments_private.write_product(p_projection);
    when 'price' then perform payments_private.write_price(p_projection);
    when 'refund' then perform payments_private.write_refund(p_projection);
    when 'dispute' then perform payments_private.write_dispute(p_projection);
    when 'payment_method' then perform payments_private.write_payment_method(p_projection);
    when 'review' then perform payments_private.write_review(p_projection);
    when 'radar.early_fraud_warning' then
      perform payments_private.write_early_fraud_warning(p_projection);
    when 'entitlements.active_entitlement_summary' then
      perform payments_private.write_entitlements(p_projection ->> 'id', p_projection -> 'entitlements');
    else raise exception 'cannot write an object of kind %', p_kind using errcode = 'PP001';
  end case;
end
$$;
comment on function payments_private.write_object(text, jsonb) is
  'Writes a projection into the table of its kind; raises PP001 for a kind it does not know.';

create function payments_private.delete_object(p_kind text, p_object_id text, p_at timestamptz) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  case p_kind
    when 'product' then
      update payments.products set active = false, deleted_at = p_at where id = p_object_id;
    when 'price' then
      update payments.prices set active = false, deleted_at = p_at where id = p_object_id;
    when 'customer' then
      update payments.customers set deleted_at = p_at where id = p_object_id;
      -- what was reserved under it, and never made, cannot be asked for again
      perform payments_private.close_reservation(r.id, 'released')
      from payments_private.checkout_reservations as r join payments.customers as c on c.user_id = r.user_id
      where c.id = p_object_id and r.state = 'reserved' and r.session_id is null;
      -- its creation key would bring back the deleted customer's saved answer
      delete from payments_private.customer_creations as k
      using payments.customers as c where c.id = p_object_id and k.user_id = c.user_id;
    when 'invoice' then
      update payments.invoices set deleted_at = p_at where id = p_object_id;
    when 'checkout.session' then
      perform payments_private.settle_reservation(p_object_id, 'expired');
      delete from payments.checkout_sessions where id = p_object_id;
    when 'subscription' then
      delete from payments.subscriptions where id = p_object_id;
    when 'payment_intent' then
      delete from payments.payments where id = p_object_id;
    when 'charge' then
      delete from payments_private.charges where id = p_object_id;
    when 'refund' then
      delete from payments.refunds where id = p_object_id;
    when 'dispute' then
      delete from payments.disputes where id = p_object_id;
    when 'payment_method' then
      delete from payments.payment_methods where id = p_object_id;
    when 'review' then
      delete from payments_private.reviews where id = p_object_id;
    when 'radar.early_fraud_warning' then
      delete from payments_private.early_fraud_warnings where id = p_object_id;
    when 'entitlements.active_entitlement_summary' then
      delete from payments.entitlements where customer_id = p_object_id;
    else raise exception 'cannot delete an object of kind %', p_kind using errcode = 'PP001';
  end case;
end
$$;
comment on function payments_private.delete_object(text, text, timestamptz) is
  'Hides an object that Stripe says is gone. Kinds Stripe cannot delete vanish only with wiped test data.';

reset role;
