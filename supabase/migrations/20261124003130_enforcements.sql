-- Purpose: what a hold or a rule has the worker do at Stripe: expire a checkout, cancel a subscription.
-- Objects: payments_private.enforcements, enforce; payments.claim_enforcements, finish_enforcement.
-- Risk:    ends checkouts and subscriptions at Stripe; only the hold and the rules order it.
--
-- A hold that leaves the pay page open stops nothing: cards are tried there, not here.

set role payments_owner;

create table payments_private.enforcements (
  id uuid primary key default gen_random_uuid(),
  action text not null,
  object_id text not null,
  other_id text,
  rule text not null,
  requested_at timestamptz not null default now(),
  finished_at timestamptz,
  outcome text,
  attempts integer not null default 0,
  next_attempt_at timestamptz not null default now(),
  lease bigint,
  leased_until timestamptz,
  last_error text,
  constraint an_object_is_acted_on_once unique (action, object_id),
  constraint action_is_known check (action in ('expire_session', 'cancel_subscription')),
  constraint outcome_is_known check (outcome in ('done', 'not_needed', 'not_confirmed')),
  constraint a_duplicate_names_the_other check ((action = 'cancel_subscription') = (other_id is not null))
);
comment on table payments_private.enforcements is
  'What is to be done at Stripe because of a hold or a rule, and what became of it. Purged 90 days after it is done.';
comment on column payments_private.enforcements.other_id is
  'The subscription that a duplicate stands beside. The worker asks Stripe for both: a forged event must not end a subscription.';
create index enforcements_due on payments_private.enforcements (next_attempt_at) where finished_at is null;
create index checkout_reservations_open on payments_private.checkout_reservations (user_id) where state = 'open';
alter table payments_private.enforcements enable row level security;

create function payments_private.enforce(p_action text, p_object_id text, p_rule text, p_other_id text default null)
returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  insert into payments_private.enforcements (action, object_id, rule, other_id)
  values (p_action, p_object_id, p_rule, p_other_id) on conflict do nothing;
end
$$;
comment on function payments_private.enforce(text, text, text, text) is 'Orders something to be done at Stripe, once for each object.';

create function payments_private.order_expiries() returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  -- looked for at each run, not ordered with the hold: a checkout that opened at the same moment is found too
  insert into payments_private.enforcements (action, object_id, rule)
  select 'expire_session', r.session_id, 'user_held'
  from payments_private.user_holds as h
  join payments_private.checkout_reservations as r on r.user_id = h.user_id and r.state = 'open'
  where h.released_at is null
  union
  select 'expire_session', r.session_id, 'address_held'
  from payments_private.address_holds as h
  join payments_private.checkout_reservations as r on r.address_hash = h.address_hash and r.state = 'open'
  where h.released_at is null and h.expires_at > now()
  on conflict do nothing;
end
$$;
comment on function payments_private.order_expiries() is 'Orders the open checkouts of users and addresses on hold to be expired.';

create function payments.claim_enforcements(p_limit integer, p_lease_seconds integer) returns jsonb
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
declare
  token bigint := nextval('payments_private.ticket_numbers');
  claimed jsonb;
  lost jsonb;
begin
  perform payments_private.order_expiries();
  with due as (
    select e.id, e.leased_until is not null as was_lost from payments_private.enforcements as e
    where e.finished_at is null and e.next_attempt_at <= now()
      and (e.leased_until is null or e.leased_until < now())
    order by e.next_attempt_at limit least(greatest(p_limit, 0), 100)
    for update skip locked
  ), leased as (
    update payments_private.enforcements as e set
      lease = token, attempts = e.attempts + 1,
      leased_until = now() + make_interval(secs => least(greatest(p_lease_seconds, 1), 600))
    from due where e.id = due.id
    returning e.*, due.was_lost
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'id', l.id, 'lease', token, 'action', l.action, 'object_id', l.object_id, 'other_id', l.other_id)), '[]'),
    jsonb_object_agg(l.id, l.object_id) filter (where l.was_lost and l.attempts > 15)
  into claimed, lost from leased as l;
  perform payments_private.raise_alert('enforcement_stuck', s.key, 'critical',
    jsonb_build_object('error', 'worker_lost', 'object', s.value)) from jsonb_each(lost) as s;
  return claimed;
end
$$;
comment on function payments.claim_enforcements(integer, integer) is
  'Leases up to p_limit due enforcements (at most 100): [{id, lease, action, object_id, other_id}]. Raises enforcement_stuck where a worker was lost on one after fifteen attempts.';

create function payments.finish_enforcement(
  p_id uuid, p_lease bigint, p_outcome text default null, p_error text default null
) returns boolean
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
declare
  e payments_private.enforcements;
begin
  update payments_private.enforcements as t set
    outcome = p_outcome, last_error = left(p_error, 200),
    finished_at = case when p_error is null then now() end, lease = null, leased_until = null,
    next_attempt_at = now() + payments_private.backoff(t.attempts)
  where t.id = p_id and t.lease = p_lease -- a worker past its lease changes nothing
  returning t.* into e;
  if not found then
    return false;
  end if;
  if p_error is null then
    -- Stripe's own word on it, in case its event is lost
    perform payments_private.mark_objects(jsonb_build_array(jsonb_build_object(
      'kind', case e.action when 'expire_session' then 'checkout.session' else 'subscription' end, 'id', e.object_id)));
    perform audit.append('service', 'payments_worker', 'enforcement.' || p_outcome,
      case p_outcome when 'not_confirmed' then 'failure' else 'success' end,
      case e.action when 'expire_session' then 'checkout.session' else 'subscription' end, e.object_id,
      null, null, e.rule);
    if p_outcome = 'not_confirmed' then
      perform payments_private.raise_alert('enforcement_not_confirmed', p_id::text, 'critical',
        jsonb_build_object('object', e.object_id, 'other', e.other_id));
    end if;
  elsif e.attempts = 15 then
    perform payments_private.raise_alert('enforcement_stuck', p_id::text, 'critical',
      jsonb_build_object('error', left(p_error, 200), 'object', e.object_id));
  end if;
  return true;
end
$$;
comment on function payments.finish_enforcement(uuid, bigint, text, text) is
  'Ends one attempt: p_outcome done, not_needed (Stripe says it is over already) or not_confirmed (Stripe does not show why), or p_error to try again; false when the lease was lost.';

grant execute on function payments.claim_enforcements(integer, integer) to payments_worker;
grant execute on function payments.finish_enforcement(uuid, bigint, text, text) to payments_worker;

reset role;
