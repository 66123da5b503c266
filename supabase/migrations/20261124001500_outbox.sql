-- Purpose: tell the host application what changed, exactly once, in the transaction that changed it.
-- Objects: payments.outbox, payments_private.emit_domain_events, claim/finish of deliveries.
-- Risk:    rows carry ids, amounts and statuses; no API role may read them.
--
-- A domain event is derived from a row's change, inside the one function through which every snapshot
-- goes. (kind, object, occurrence) is unique, and the occurrence comes from Stripe's own data (and, of
-- what goes back and forth, from the turn before), so a state that is reached twice by a detour is told
-- once, and a host that believes the last it heard believes what is so.

set role payments_owner;

create table payments.outbox (
  id uuid primary key default gen_random_uuid(),
  kind text not null,
  object_id text not null,
  occurrence text not null,
  user_id uuid,
  payload jsonb not null,
  created_at timestamptz not null default now(),
  state text not null default 'pending',
  attempts integer not null default 0,
  next_attempt_at timestamptz not null default now(),
  lease bigint,
  leased_until timestamptz,
  delivered_at timestamptz,
  last_error text,
  constraint a_domain_event_is_written_once unique (kind, object_id, occurrence),
  constraint state_is_known check (state in ('pending', 'delivered', 'dead'))
);
comment on table payments.outbox is
  'Domain events for the host application: written with the change they tell of, delivered by the worker at least once, deduplicated by id.';
comment on column payments.outbox.lease is 'Fencing token of the worker that is delivering it.';
create index outbox_due on payments.outbox (next_attempt_at) where state <> 'delivered';
create index outbox_user on payments.outbox (user_id);
alter table payments.outbox enable row level security;
revoke all on payments.outbox from public;
-- no grants: the worker reads it through claim_outbox

create function payments_private.write_outbox(
  p_kind text, p_object_id text, p_occurrence text, p_user_id uuid, p_payload jsonb
) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  insert into payments.outbox (kind, object_id, occurrence, user_id, payload)
  values (p_kind, p_object_id, coalesce(p_occurrence, ''), p_user_id, p_payload)
  on conflict (kind, object_id, occurrence) do nothing;
end
$$;
comment on function payments_private.write_outbox(text, text, text, uuid, jsonb) is
  'Writes one domain event unless it was written before.';

create function payments_private.write_turn(
  p_kind text, p_opposite text, p_object_id text, p_occurrence text, p_user_id uuid, p_payload jsonb
) returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  turned uuid := (
    select o.id from payments.outbox as o where o.kind = p_opposite and o.object_id = p_object_id
    order by o.created_at desc limit 1);
begin
  perform payments_private.write_outbox(p_kind, p_object_id, concat_ws('/', p_occurrence, turned), p_user_id, p_payload);
end
$$;
comment on function payments_private.write_turn(text, text, text, text, uuid, jsonb) is
  'Writes one of two opposite domain events. Of two fetches that cross, the later may show the older state for a moment: the way back must be told too, so each turn is an occurrence of its own.';

create function payments_private.was_told_last(p_kind text, p_opposite text, p_object_id text) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return coalesce((
    select o.kind = p_kind from payments.outbox as o where o.kind in (p_kind, p_opposite) and o.object_id = p_object_id
    order by o.created_at desc limit 1), false);
end
$$;
comment on function payments_private.was_told_last(text, text, text) is
  'Whether the newest of two opposite domain events of an object is this one; false where neither is there.';

create function payments_private.gives_access(p_status text) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  return coalesce(p_status in ('active', 'trialing', 'past_due'), false);
end
$$;
comment on function payments_private.gives_access(text) is
  'Whether a subscription of this status is one the customer has: past_due keeps it while Stripe retries.';

create function payments_private.may_tell(p_old_status text, p_new_status text) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  return payments_private.gives_access(p_old_status) <> payments_private.gives_access(p_new_status)
    or (p_old_status = 'incomplete' and p_new_status is distinct from 'incomplete');
end
$$;
comment on function payments_private.may_tell(text, text) is
  'False where a subscription''s change surely makes no domain event, so that its rows need not become JSON for it: that costs more than writing them.';

create function payments_private.read_object(p_kind text, p_object_id text) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  found_row jsonb;
begin
  case p_kind
    when 'subscription' then
      select to_jsonb(t) into found_row from payments.subscriptions as t where t.id = p_object_id;
    when 'refund' then
      select to_jsonb(t) into found_row from payments.refunds as t where t.id = p_object_id;
    when 'dispute' then
      select to_jsonb(t) into found_row from payments.disputes as t where t.id = p_object_id;
    when 'entitlements.active_entitlement_summary' then
      select jsonb_object_agg(t.id, to_jsonb(t)) into found_row
      from payments.entitlements as t where t.customer_id = p_object_id;
    else null;
  end case;
  return found_row;
end
$$;
comment on function payments_private.read_object(text, text) is
  'The rows whose change is told by whoever writes them, as JSON; null for other kinds and unknown objects.';

create function payments_private.tell_subscription(p_object_id text, p_old jsonb, p_new jsonb) returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  owner_id uuid := (p_new ->> 'user_id')::uuid;
  old_status text := p_old ->> 'status';
  new_status text := p_new ->> 'status';
begin
  if not payments_private.gives_access(old_status) and payments_private.gives_access(new_status) then
    perform payments_private.write_turn('subscription.activated', 'subscription.ended', p_object_id,
      p_new ->> 'current_period_start', owner_id, payments_private.describe_change(p_new));
  elsif not payments_private.gives_access(new_status)
    -- nothing comes before incomplete: this is a fetch that another has overtaken, and it is corrected,
    -- by what came next or by the end
    and new_status is distinct from 'incomplete'
    and (payments_private.gives_access(old_status)
      or (old_status = 'incomplete' and payments_private.was_told_last('subscription.activated', 'subscription.ended', p_object_id)))
  then
    perform payments_private.write_turn('subscription.ended', 'subscription.activated', p_object_id,
      coalesce(p_new ->> 'ended_at', p_new ->> 'current_period_start', p_old ->> 'current_period_start'),
      coalesce(owner_id, (p_old ->> 'user_id')::uuid),
      payments_private.describe_change(coalesce(p_new, p_old)));
  end if;
end
$$;
comment on function payments_private.tell_subscription(text, jsonb, jsonb) is
  'Writes the domain event that lies between two states of a subscription; p_new null: it is gone.';

create function payments_private.emit_domain_events(p_kind text, p_object_id text, p_old jsonb, p_new jsonb)
returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  owner_id uuid := (p_new ->> 'user_id')::uuid;
  old_status text := p_old ->> 'status';
  new_status text := p_new ->> 'status';
begin
  -- whose money a refund or dispute is about, its payment says: told when both are here
  if p_kind in ('refund', 'dispute') and p_new ->> 'payment_id' is not null then
    if not exists (select from payments.payments as p where p.id = p_new ->> 'payment_id') then
      perform payments_private.mark_object('payment_intent', p_new ->> 'payment_id');
      return;
    end if;
  end if;
  case p_kind
    when 'subscription' then perform payments_private.tell_subscription(p_object_id, p_old, p_new);
    when 'refund' then
      if old_status is distinct from 'succeeded' and new_status = 'succeeded' then
        perform payments_private.write_outbox('payment.refunded', p_object_id, 'once', owner_id,
          payments_private.describe_change(p_new));
      end if;
    when 'dispute' then
      if p_old is null and p_new is not null then
        perform payments_private.write_outbox('dispute.opened', p_object_id, 'once', owner_id,
          payments_private.describe_change(p_new));
      end if;
      if new_status in ('won', 'lost', 'warning_closed') and old_status is distinct from new_status then
        perform payments_private.write_outbox('dispute.closed', p_object_id, new_status, owner_id,
          payments_private.describe_change(p_new));
      end if;
    when 'entitlements.active_entitlement_summary' then
      perform payments_private.write_turn('entitlement.granted', 'entitlement.revoked', n.key, null,
        (n.value ->> 'user_id')::uuid, payments_private.describe_change(n.value))
      from jsonb_each(p_new) as n where not coalesce(p_old ? n.key, false);
      perform payments_private.write_turn('entitlement.revoked', 'entitlement.granted', o.key, null,
        (o.value ->> 'user_id')::uuid, payments_private.describe_change(o.value))
      from jsonb_each(p_old) as o where not coalesce(p_new ? o.key, false);
    else null;
  end case;
end
$$;
comment on function payments_private.emit_domain_events(text, text, jsonb, jsonb) is
  'Writes the domain events that lie between two states of an object; states that were skipped emit nothing.';

create function payments_private.tell_reversals(p_payment_id text) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  perform payments_private.emit_domain_events(r.kind, r.id, null, r.state)
  from (
    select 'refund' as kind, t.id, to_jsonb(t) as state from payments.refunds as t where t.payment_id = p_payment_id
    union all
    select 'dispute', t.id, to_jsonb(t) from payments.disputes as t where t.payment_id = p_payment_id
  ) as r;
end
$$;
comment on function payments_private.tell_reversals(text) is
  'Writes the domain events of refunds and disputes that came before their payment.';

create function payments_private.describe_change(p_row jsonb) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
begin
  return p_row - '{user_id,failure_code,decline_code,failure_reason}'::text[];
end
$$;
comment on function payments_private.describe_change(jsonb) is 'What of a row goes into a domain event''s payload.';

create function payments_private.note_outbox_end(p_id uuid, p_state text, p_error text) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  if p_state = 'dead' then
    perform payments_private.raise_alert('outbox_dead', p_id::text, 'critical',
      jsonb_build_object('error', left(p_error, 200)));
  else
    perform payments_private.resolve_alert('outbox_dead', p_id::text); -- taken after all
  end if;
  perform audit.append('service', 'payments_worker', 'outbox.' || p_state,
    case p_state when 'dead' then 'failure' else 'success' end, 'outbox', p_id::text);
end
$$;
comment on function payments_private.note_outbox_end(uuid, text, text) is
  'The audit row of a domain event that was delivered or given up, and the alert of one that was given up.';

create function payments.claim_outbox(p_limit integer, p_lease_seconds integer) returns jsonb
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
declare
  token bigint := nextval('payments_private.ticket_numbers');
  claimed jsonb;
  given_up uuid[];
begin
  with due as (
    -- counted at the claim: one whose worker dies each time has an end, too
    select o.id, o.attempts >= 15 as is_over from payments.outbox as o
    where o.state = 'pending' and o.next_attempt_at <= now()
      and (o.leased_until is null or o.leased_until < now())
    order by o.next_attempt_at limit least(greatest(p_limit, 0), 100)
    for update skip locked
  ), leased as (
    update payments.outbox as o set
      lease = token, attempts = o.attempts + 1,
      leased_until = now() + make_interval(secs => least(greatest(p_lease_seconds, 1), 600)),
      -- where the worker is not heard of again; a pause grows whoever failed
      next_attempt_at = now() + make_interval(secs => least(greatest(p_lease_seconds, 1), 600))
        + payments_private.backoff(o.attempts + 1)
    from due where o.id = due.id and not due.is_over
    returning o.*
  ), ended as (
    update payments.outbox as o set state = 'dead', last_error = 'worker_lost', leased_until = null
    from due where o.id = due.id and due.is_over
    returning o.id
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'id', l.id, 'lease', token, 'attempt', l.attempts, 'type', l.kind,
    'created_at', l.created_at, 'object_id', l.object_id, 'user_id', l.user_id, 'data', l.payload)), '[]'),
    (select array_agg(e.id) from ended as e)
  into claimed, given_up from leased as l;
  perform payments_private.note_outbox_end(g, 'dead', 'worker_lost') from unnest(given_up) as g;
  return claimed;
end
$$;
comment on function payments.claim_outbox(integer, integer) is
  'Leases up to p_limit due domain events (at most 100) and returns [{id, lease, attempt, type, created_at, object_id, user_id, data}]. One whose worker was lost fifteen times ends dead.';

create function payments.finish_outbox(p_id uuid, p_lease bigint, p_error text default null) returns text
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
declare
  row_state text;
begin
  update payments.outbox as o set
    state = case when p_error is null then 'delivered' when o.attempts >= 15 then 'dead' else 'pending' end,
    delivered_at = case when p_error is null then now() end,
    last_error = left(p_error, 200), lease = null, leased_until = null,
    next_attempt_at = now() + payments_private.backoff(o.attempts)
  -- a worker past its lease changes nothing; but what was given up and then taken after all was taken
  where o.id = p_id and o.lease = p_lease and (o.state = 'pending' or p_error is null)
  returning o.state into row_state;
  if row_state in ('delivered', 'dead') then
    perform payments_private.note_outbox_end(p_id, row_state, p_error);
  end if;
  return coalesce(row_state, 'fenced');
end
$$;
comment on function payments.finish_outbox(uuid, bigint, text) is
  'Ends one delivery attempt (p_error null: the host took it). Returns delivered, pending, dead after 15 attempts, or fenced when the lease was lost.';

create function payments_private.backoff(p_attempts integer) returns interval
language sql volatile
set search_path = ''
as $$
  -- full jitter over an exponential bound: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
  select random() * least(interval '1 hour', interval '2 seconds' * power(2, least(p_attempts, 12)))
$$;
comment on function payments_private.backoff(integer) is
  'Wait before the next attempt: up to 4 s after the first, doubling to at most an hour, with full jitter.';

grant execute on function payments.claim_outbox(integer, integer) to payments_worker;
grant execute on function payments.finish_outbox(uuid, bigint, text) to payments_worker;

reset role;

-- `on delete set null`: what was told stays told, without the person
alter table payments.outbox add constraint user_is_known
  foreign key (user_id) references auth.users (id) on delete set null;
