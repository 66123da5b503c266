-- Purpose: refunds that staff or a rule ask for.
-- Objects: payments_private.refund_requests, refunded_or_queued; payments.staff_refund, claim_refunds,
--          finish_refund.
-- Risk:    returns money. The request is queued here, never for more than was paid; the worker asks Stripe
--          under a key that is the request's own (payments-worker/make-refund.ts).

set role payments_owner;

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

grant execute on function payments.staff_refund(text, bigint, text, uuid) to authenticated;
grant execute on function payments.claim_refunds(integer, integer) to payments_worker;
grant execute on function payments.finish_refund(uuid, bigint, text, text, text) to payments_worker;

reset role;

-- `on delete set null`: the refund stays, whoever asked for it
alter table payments_private.refund_requests add constraint staff_is_known
  foreign key (requested_by) references auth.users (id) on delete set null;
