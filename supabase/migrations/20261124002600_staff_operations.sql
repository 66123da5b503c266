-- Purpose: what staff do: look at a user's billing, hold, switch, set limits, refund.
-- Objects: payments.staff_find_user_billing, staff_set_hold, staff_release_hold, staff_release_address,
--          staff_set_kill_switch, staff_update_settings, staff_refund; payments_private.refund_requests
--          and its claim and finish.
-- Risk:    reach into other people's billing and stop or return money; permission, live session and a
--          reason are asked on every call, and each leaves an audit row.

set role payments_owner;

create function payments.staff_find_user_billing(p_user_id uuid, p_reason text) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it reads anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('billing.read', p_reason, 'user', p_user_id::text);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  perform payments_private.staff_done(
    payments_private.current_user_id()::text, 'staff.billing_read', p_reason, 'user', p_user_id::text);
  return jsonb_build_object('ok', true, 'on_hold', payments_private.is_held(p_user_id),
    'billing', payments_private.billing_summary(p_user_id));
end
$$;
comment on function payments.staff_find_user_billing(uuid, text) is
  'A user''s billing summary: {ok, code, on_hold, billing}. Permission billing.read.';

create function payments_private.set_hold(p_actor text, p_user_id uuid, p_reason text) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
begin
  begin
    insert into payments_private.user_holds (user_id, reason, placed_by)
    values (p_user_id, p_reason, p_actor) on conflict do nothing;
  exception when foreign_key_violation or not_null_violation then
    return '{"ok": false, "code": "unknown_user"}';
  end;
  perform payments_private.staff_done(p_actor, 'staff.hold_set', p_reason, 'user', p_user_id::text);
  return '{"ok": true}';
end
$$;
comment on function payments_private.set_hold(text, uuid, text) is
  'Puts a user on hold: {ok, code: unknown_user}. The worker then expires their open checkouts at Stripe.';

create function payments_private.release_hold(p_actor text, p_user_id uuid, p_reason text) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
begin
  update payments_private.user_holds as h set
    released_at = now(), released_by = p_actor, release_reason = p_reason
  where h.user_id = p_user_id and h.released_at is null;
  if not found then
    return '{"ok": false, "code": "not_found"}';
  end if;
  perform payments_private.staff_done(p_actor, 'staff.hold_released', p_reason, 'user', p_user_id::text);
  return '{"ok": true}';
end
$$;
comment on function payments_private.release_hold(text, uuid, text) is
  'Releases a user''s hold: {ok, code: not_found}. What was counted before it counts no more.';

create function payments_private.release_address(p_actor text, p_address_hash text, p_reason text) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
begin
  update payments_private.address_holds as h set
    released_at = now(), released_by = p_actor, release_reason = p_reason
  where h.address_hash = p_address_hash and h.released_at is null and h.expires_at > now();
  if not found then
    return '{"ok": false, "code": "not_found"}';
  end if;
  perform payments_private.staff_done(p_actor, 'staff.address_released', p_reason, 'address', p_address_hash);
  return '{"ok": true}';
end
$$;
comment on function payments_private.release_address(text, text, text) is
  'Releases an address before its hold ends by itself: {ok, code: not_found}.';

create function payments_private.set_kill_switch(p_actor text, p_switch text, p_stop boolean, p_reason text)
returns jsonb
language plpgsql volatile
set search_path = ''
as $$
begin
  update payments_private.settings as s set
    stop_all = case p_switch when 'all' then p_stop else s.stop_all end,
    stop_checkout = case p_switch when 'checkout' then p_stop else s.stop_checkout end,
    stop_portal = case p_switch when 'portal' then p_stop else s.stop_portal end,
    stop_webhooks = case p_switch when 'webhooks' then p_stop else s.stop_webhooks end
  where p_switch in ('all', 'checkout', 'portal', 'webhooks') and p_stop is not null;
  if not found then
    return '{"ok": false, "code": "unknown_switch"}';
  end if;
  perform payments_private.staff_done(p_actor, 'staff.switch_set', p_reason, 'switch', p_switch,
    jsonb_build_object('stop', p_stop));
  return '{"ok": true}';
end
$$;
comment on function payments_private.set_kill_switch(text, text, boolean, text) is
  'Throws or takes back a kill switch (all, checkout, portal, webhooks): {ok, code: unknown_switch}.';

create function payments_private.update_settings(p_actor text, p_changes jsonb, p_reason text) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  before jsonb;
  names text;
begin
  if jsonb_typeof(p_changes) is distinct from 'object' or p_changes = '{}' then
    return '{"ok": false, "code": "unknown_setting"}';
  end if;
  select to_jsonb(s) into before from payments_private.settings as s for update;
  -- switches have an RPC and a permission of their own
  if exists (
    select from jsonb_object_keys(p_changes) as k
    where not before ? k or k = 'only_row' or k like 'stop\_%'
  ) then
    return '{"ok": false, "code": "unknown_setting"}';
  end if;
  -- names of columns only, checked just now, and quoted all the same
  select string_agg(format('%I', k), ', ') into names from jsonb_object_keys(p_changes) as k;
  begin
    execute format(
      'update payments_private.settings as s set (%1$s) = (select %1$s from jsonb_populate_record(s, $1))',
      names) using p_changes;
  exception when check_violation or not_null_violation or invalid_text_representation
    or numeric_value_out_of_range then
    return '{"ok": false, "code": "invalid_setting"}';
  end;
  perform payments_private.staff_done(p_actor, 'staff.settings_updated', p_reason, 'settings', null, jsonb_build_object(
    'before', (select jsonb_object_agg(k, before -> k) from jsonb_object_keys(p_changes) as k),
    'after', p_changes));
  return '{"ok": true}';
end
$$;
comment on function payments_private.update_settings(text, jsonb, text) is
  'Changes settings, whole or not at all: {ok, code: unknown_setting | invalid_setting}.';

create function payments.staff_set_hold(p_user_id uuid, p_reason text) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it touches anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('hold.set', p_reason, 'user', p_user_id::text);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  return payments_private.set_hold(payments_private.current_user_id()::text, p_user_id, p_reason);
end
$$;
comment on function payments.staff_set_hold(uuid, text) is
  'Puts a user on hold: {ok, code}. Permission hold.set.';

create function payments.staff_release_hold(p_user_id uuid, p_reason text) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it touches anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('hold.set', p_reason, 'user', p_user_id::text);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  return payments_private.release_hold(payments_private.current_user_id()::text, p_user_id, p_reason);
end
$$;
comment on function payments.staff_release_hold(uuid, text) is
  'Releases a hold: {ok, code}. Permission hold.set.';

create function payments.staff_release_address(p_address_hash text, p_reason text) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it touches anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('hold.set', p_reason, 'address', left(p_address_hash, 255));
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  return payments_private.release_address(payments_private.current_user_id()::text, p_address_hash, p_reason);
end
$$;
comment on function payments.staff_release_address(text, text) is
  'Releases an address: {ok, code}. Permission hold.set.';

create function payments.staff_set_kill_switch(p_switch text, p_stop boolean, p_reason text) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it touches anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('switch.set', p_reason, 'switch', left(p_switch, 255));
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  return payments_private.set_kill_switch(payments_private.current_user_id()::text, p_switch, p_stop, p_reason);
end
$$;
comment on function payments.staff_set_kill_switch(text, boolean, text) is
  'Throws or takes back a kill switch (all, checkout, portal, webhooks): {ok, code}. Permission switch.set.';

create function payments.staff_update_settings(p_changes jsonb, p_reason text) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it touches anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('settings.update', p_reason, 'settings', null);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  return payments_private.update_settings(payments_private.current_user_id()::text, p_changes, p_reason);
end
$$;
comment on function payments.staff_update_settings(jsonb, text) is
  'Changes limits and caps: {ok, code}; unknown_setting or invalid_setting changes nothing. Permission settings.update.';

-- Refunds: the request is queued here, the worker asks Stripe under a key that is the request's own.

create table payments_private.refund_requests (
  id uuid primary key default gen_random_uuid(),
  payment_id text not null,
  amount_minor bigint not null,
  reason text not null,
  requested_by uuid,
  rule text,
  countries text[],
  requested_at timestamptz not null default now(),
  refund_id text,
  finished_at timestamptz,
  refused_code text,
  attempts integer not null default 0,
  next_attempt_at timestamptz not null default now(),
  lease bigint,
  leased_until timestamptz,
  last_error text,
  constraint amount_is_positive check (amount_minor > 0)
);
comment on table payments_private.refund_requests is 'Refunds that staff or a rule asked for, and what became of them at Stripe.';
comment on column payments_private.refund_requests.countries is
  'What the payment''s charge must show at Stripe: whoever forges an event must not move money by it.';
comment on column payments_private.refund_requests.rule is 'Which rule asked, where no person did; once for each payment.';
create unique index a_rule_refunds_a_payment_once on payments_private.refund_requests (payment_id, rule)
  where rule is not null;
create index refund_requests_due on payments_private.refund_requests (next_attempt_at) where finished_at is null;
create index refund_requests_payment on payments_private.refund_requests (payment_id);
create index refund_requests_staff on payments_private.refund_requests (requested_by);
alter table payments_private.refund_requests enable row level security;

create function payments_private.refunded_or_queued(p_payment_id text) returns bigint
language plpgsql stable
set search_path = ''
as $$
begin
  -- what was refunded and what is still to be: two people must not refund the same money
  return coalesce((select sum(r.amount) from payments.refunds as r
      where r.payment_id = p_payment_id and r.status is distinct from 'failed' and r.status is distinct from 'canceled'), 0)
    + coalesce((select sum(q.amount_minor) from payments_private.refund_requests as q
      where q.payment_id = p_payment_id and q.refused_code is null
        and (q.refund_id is null or not exists (select from payments.refunds as r where r.id = q.refund_id))), 0);
end
$$;
comment on function payments_private.refunded_or_queued(text) is
  'How much of a payment was refunded or is asked to be, in minor units.';

create function payments.staff_refund(
  p_payment_id text, p_amount_minor bigint, p_reason text, p_request uuid default null
) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it touches anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('refund.create', p_reason, 'payment_intent', p_payment_id);
  payment payments.payments;
  earlier payments_private.refund_requests;
  already bigint;
  request uuid := coalesce(p_request, gen_random_uuid());
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  select p.* into payment from payments.payments as p where p.id = p_payment_id for update;
  if not found or payment.status <> 'succeeded' then
    return '{"ok": false, "code": "not_refundable"}';
  end if;
  -- who presses again because no answer came gets the first answer: the payment's lock puts the two in line
  select q.* into earlier from payments_private.refund_requests as q where q.id = request;
  if found then
    if earlier.payment_id = p_payment_id and earlier.amount_minor = p_amount_minor
      and earlier.requested_by = payments_private.current_user_id() then
      return jsonb_build_object('ok', true, 'request', request);
    end if;
    return '{"ok": false, "code": "idempotency_conflict"}';
  end if;
  already := payments_private.refunded_or_queued(p_payment_id);
  if p_amount_minor is null or p_amount_minor < 1 or already + p_amount_minor > payment.amount_received then
    return '{"ok": false, "code": "amount_too_large"}';
  end if;
  insert into payments_private.refund_requests (id, payment_id, amount_minor, reason, requested_by)
  values (request, p_payment_id, p_amount_minor, p_reason, payments_private.current_user_id()) on conflict (id) do nothing;
  if not found then -- two payments at once under one key
    return '{"ok": false, "code": "idempotency_conflict"}';
  end if;
  perform payments_private.staff_done(payments_private.current_user_id()::text, 'staff.refund_requested', p_reason, 'payment_intent', p_payment_id,
    jsonb_build_object('amount_minor', p_amount_minor, 'request', request));
  return jsonb_build_object('ok', true, 'request', request);
end
$$;
comment on function payments.staff_refund(text, bigint, text, uuid) is
  'Queues a refund, in minor units of the payment''s currency: {ok, code, request}. The same p_request again queues nothing and gets the same answer; with another payment, amount or person it is idempotency_conflict. Permission refund.create.';

create function payments.claim_refunds(p_limit integer, p_lease_seconds integer) returns jsonb
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
declare
  token bigint := nextval('payments_private.ticket_numbers');
  claimed jsonb;
  lost jsonb;
begin
  with due as (
    select q.id, q.leased_until is not null as was_lost from payments_private.refund_requests as q
    where q.finished_at is null and q.next_attempt_at <= now()
      and (q.leased_until is null or q.leased_until < now())
    order by q.next_attempt_at limit least(greatest(p_limit, 0), 100)
    for update skip locked
  ), leased as (
    update payments_private.refund_requests as q set
      lease = token, attempts = q.attempts + 1,
      leased_until = now() + make_interval(secs => least(greatest(p_lease_seconds, 1), 600))
    from due where q.id = due.id
    returning q.*, due.was_lost
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'id', l.id, 'lease', token, 'payment_id', l.payment_id, 'amount_minor', l.amount_minor,
    'attempts', l.attempts, 'countries', l.countries)), '[]'),
    jsonb_object_agg(l.id, l.payment_id) filter (where l.was_lost and l.attempts > 15)
  into claimed, lost from leased as l;
  perform payments_private.raise_alert('refund_stuck', s.key, 'critical',
    jsonb_build_object('error', 'worker_lost', 'payment', s.value)) from jsonb_each(lost) as s;
  return claimed;
end
$$;
comment on function payments.claim_refunds(integer, integer) is
  'Leases up to p_limit due refunds (at most 100): [{id, lease, payment_id, amount_minor, attempts, countries}]. Raises refund_stuck where a worker was lost on one after fifteen attempts.';

create function payments.finish_refund(
  p_id uuid, p_lease bigint, p_refund_id text default null, p_refused_code text default null, p_error text default null
) returns boolean
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
declare
  request payments_private.refund_requests;
begin
  update payments_private.refund_requests as q set
    refund_id = p_refund_id, refused_code = p_refused_code, last_error = left(p_error, 200),
    finished_at = case when p_error is null then now() end, lease = null, leased_until = null,
    next_attempt_at = now() + payments_private.backoff(q.attempts)
  where q.id = p_id and q.lease = p_lease -- a worker past its lease changes nothing
  returning q.* into request;
  if not found then
    return false;
  end if;
  if p_error is null then
    perform audit.append('service', 'payments_worker',
      case when p_refund_id is null then 'refund.refused' else 'refund.made' end,
      case when p_refund_id is null then 'failure' else 'success' end, 'payment_intent', request.payment_id,
      null, null, p_refused_code, jsonb_build_object('request', p_id, 'refund', p_refund_id));
    if p_refund_id is null then
      perform payments_private.raise_alert('refund_refused', p_id::text, 'warning',
        jsonb_build_object('code', p_refused_code, 'payment', request.payment_id));
    end if;
  elsif request.attempts = 15 then
    perform payments_private.raise_alert('refund_stuck', p_id::text, 'critical',
      jsonb_build_object('error', left(p_error, 200), 'payment', request.payment_id));
  end if;
  return true;
end
$$;
comment on function payments.finish_refund(uuid, bigint, text, text, text) is
  'Ends one attempt: made (p_refund_id), refused by Stripe for good (p_refused_code), or to be tried again (p_error); false when the lease was lost.';

grant execute on function payments.staff_find_user_billing(uuid, text) to authenticated;
grant execute on function payments.staff_set_hold(uuid, text) to authenticated;
grant execute on function payments.staff_release_hold(uuid, text) to authenticated;
grant execute on function payments.staff_release_address(text, text) to authenticated;
grant execute on function payments.staff_set_kill_switch(text, boolean, text) to authenticated;
grant execute on function payments.staff_update_settings(jsonb, text) to authenticated;
grant execute on function payments.staff_refund(text, bigint, text, uuid) to authenticated;
grant execute on function payments.claim_refunds(integer, integer) to payments_worker;
grant execute on function payments.finish_refund(uuid, bigint, text, text, text) to payments_worker;

reset role;

-- `on delete set null`: the refund stays, whoever asked for it
alter table payments_private.refund_requests add constraint staff_is_known
  foreign key (requested_by) references auth.users (id) on delete set null;
