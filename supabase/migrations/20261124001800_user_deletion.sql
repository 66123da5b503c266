-- Purpose: a user who is deleted stops being billed.
-- Objects: payments_private.customer_deletions, its trigger, claim and finish.
-- Risk:    cancels subscriptions and deletes the customer at Stripe; queued in the transaction that
--          drops the user, so neither happens without the other.

set role payments_owner;

create table payments_private.customer_deletions (
  customer_id text primary key,
  requested_at timestamptz not null default now(),
  finished_at timestamptz,
  attempts integer not null default 0,
  next_attempt_at timestamptz not null default now(),
  lease bigint,
  leased_until timestamptz,
  last_error text
);
comment on table payments_private.customer_deletions is
  'Stripe customers whose user was deleted: subscriptions to cancel, sessions to close, customer to delete.';
create index customer_deletions_due on payments_private.customer_deletions (next_attempt_at) where finished_at is null;
alter table payments_private.customer_deletions enable row level security;

create function payments_private.queue_customer_deletion() returns trigger
language plpgsql volatile
security definer -- fires inside the deletion of the user, whoever runs that
set search_path = ''
as $$
begin
  insert into payments_private.customer_deletions (customer_id) values (new.id) on conflict do nothing;
  perform audit.append('system', null, 'customer.deletion_queued', 'success', 'customer', new.id);
  return null;
end
$$;
comment on function payments_private.queue_customer_deletion() is
  'Queues the end of billing when a customer loses its user (on delete set null of auth.users).';

create trigger a_deleted_user_stops_being_billed
  after update of user_id on payments.customers
  for each row when (old.user_id is not null and new.user_id is null and new.deleted_at is null)
  execute function payments_private.queue_customer_deletion();

create function payments.claim_customer_deletions(p_limit integer, p_lease_seconds integer) returns jsonb
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
declare
  token bigint := nextval('payments_private.ticket_numbers');
  claimed jsonb;
  lost text[];
begin
  with due as (
    select d.customer_id, d.leased_until is not null as was_lost from payments_private.customer_deletions as d
    where d.finished_at is null and d.next_attempt_at <= now()
      and (d.leased_until is null or d.leased_until < now())
    order by d.next_attempt_at limit least(greatest(p_limit, 0), 100)
    for update skip locked
  ), leased as (
    update payments_private.customer_deletions as d set
      lease = token, attempts = d.attempts + 1,
      leased_until = now() + make_interval(secs => least(greatest(p_lease_seconds, 1), 600))
    from due where d.customer_id = due.customer_id
    returning d.*, due.was_lost
  )
  select coalesce(jsonb_agg(jsonb_build_object('customer_id', l.customer_id, 'lease', token)), '[]'),
    array_agg(l.customer_id) filter (where l.was_lost and l.attempts > 15)
  into claimed, lost from leased as l;
  perform payments_private.raise_alert('customer_deletion_stuck', s, 'critical', '{"error": "worker_lost"}')
  from unnest(lost) as s;
  return claimed;
end
$$;
comment on function payments.claim_customer_deletions(integer, integer) is
  'Leases up to p_limit due deletions (at most 100): [{customer_id, lease}]. Raises customer_deletion_stuck where a worker was lost on one after fifteen attempts.';

create function payments.finish_customer_deletion(p_customer_id text, p_lease bigint, p_error text default null) returns boolean
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
declare
  tries integer;
begin
  update payments_private.customer_deletions as d set
    finished_at = case when p_error is null then now() end,
    last_error = left(p_error, 200), lease = null, leased_until = null,
    next_attempt_at = now() + payments_private.backoff(d.attempts)
  where d.customer_id = p_customer_id and d.lease = p_lease
  returning d.attempts into tries;
  if tries is null then
    return false; -- a worker past its lease changes nothing
  end if;
  if p_error is null then
    update payments_private.alerts as a set resolved_at = now()
    where a.rule = 'customer_deletion_stuck' and a.subject = p_customer_id and a.resolved_at is null;
    perform audit.append('service', 'payments_worker', 'customer.deleted', 'success', 'customer', p_customer_id);
  elsif tries >= 15 then
    -- never given up: somebody is still being billed
    perform payments_private.raise_alert('customer_deletion_stuck', p_customer_id, 'critical',
      jsonb_build_object('error', left(p_error, 200)));
  end if;
  return true;
end
$$;
comment on function payments.finish_customer_deletion(text, bigint, text) is
  'Ends one attempt; false when the lease was lost.';

grant execute on function payments.claim_customer_deletions(integer, integer) to payments_worker;
grant execute on function payments.finish_customer_deletion(text, bigint, text) to payments_worker;

reset role;
