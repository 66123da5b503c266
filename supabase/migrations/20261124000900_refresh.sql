-- Purpose: the worker's side of marks: claim, finish or postpone a fetch of an object from Stripe.
-- Objects: payments_private.apply_fetched; payments.claim_refreshes, finish_refresh, fail_refresh; payments_private.stripe_account.
-- Risk:    none to the hot path; any number of workers may run at once.
--
-- Why it ends true: a fetch takes its ticket before it asks Stripe, so a row with a lower ticket was
-- written from older knowledge. A mark outlives every fetch that began before it was renewed.

set role payments_owner;

create table payments_private.stripe_account (
  only_row boolean primary key default true,
  account_id text not null,
  confirmed_at timestamptz not null default now(),
  constraint there_is_one_account check (only_row),
  constraint account_id_is_bounded check (account_id ~ '^acct_[A-Za-z0-9_]+$' and length(account_id) <= 255)
);
comment on table payments_private.stripe_account is
  'The Stripe account whose objects are mirrored, learned with the first object that was fetched. A 404 under the key of another account means nothing.';
alter table payments_private.stripe_account enable row level security;

create function payments_private.is_our_account(p_account_id text, p_object_was_found boolean) returns boolean
language plpgsql volatile
set search_path = ''
as $$
begin
  if p_object_was_found then
    insert into payments_private.stripe_account (account_id) values (p_account_id) on conflict do nothing;
  end if;
  return exists (select from payments_private.stripe_account as a where a.account_id = p_account_id);
end
$$;
comment on function payments_private.is_our_account(text, boolean) is
  'Whether an answer came from the account that is mirrored; learns the account from the first found object.';

create function payments_private.note_stuck_refresh(p_kind text, p_object_id text, p_error text) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  -- Fifteen tries: people must look. The mark stays and is tried every hour, so a fault that ends
  -- by itself heals by itself.
  update payments_private.processed_events as e set status = 'dead', last_error = left(p_error, 200)
  where (e.event_id, e.created) in (
    select w.event_id, w.created from payments_private.processed_events as w
    where w.object_kind = p_kind and w.object_id = p_object_id and w.status in ('queued', 'retry')
    -- marks are held here, and events come after them: whoever holds one is just ending it
    for update skip locked);
  perform payments_private.raise_alert('refresh_stuck', p_kind || ' ' || p_object_id, 'critical',
    jsonb_build_object('error', left(p_error, 200)));
  perform audit.append('service', 'payments_worker', 'object.refresh_stuck', 'failure', p_kind, p_object_id,
    null, null, left(p_error, 200));
end
$$;
comment on function payments_private.note_stuck_refresh(text, text, text) is
  'What waits for an object that cannot be fetched is dead: the alert and the audit row of it.';

create function payments.claim_refreshes(p_limit integer, p_lease_seconds integer) returns jsonb
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
declare
  claimed jsonb;
  lost jsonb;
begin
  with due as (
    select m.kind, m.object_id, m.leased_until is not null as was_lost
    from payments_private.refresh_marks as m
    where m.next_attempt_at <= now() and (m.leased_until is null or m.leased_until < now())
    order by m.next_attempt_at
    limit least(greatest(p_limit, 0), 200)
    for update skip locked
  ), leased as (
    update payments_private.refresh_marks as m
    set leased_until = now() + make_interval(secs => least(greatest(p_lease_seconds, 1), 600)),
        attempts = m.attempts + 1
    from due
    where m.kind = due.kind and m.object_id = due.object_id
    returning m.kind, m.object_id, m.attempts, due.was_lost
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'kind', l.kind, 'id', l.object_id, 'attempt', l.attempts,
    'ticket', nextval('payments_private.ticket_numbers'))), '[]'),
    jsonb_agg(jsonb_build_object('kind', l.kind, 'id', l.object_id)) filter (where l.was_lost and l.attempts = 16)
  into claimed, lost from leased as l;
  perform payments_private.note_stuck_refresh(s ->> 'kind', s ->> 'id', 'worker_lost') from jsonb_array_elements(lost) as s;
  return claimed;
end
$$;
comment on function payments.claim_refreshes(integer, integer) is
  'Leases up to p_limit due marks (at most 200) for p_lease_seconds and returns [{kind, id, attempt, ticket}]. Fetch after this call, never before: the ticket dates the fetch.';

create function payments_private.settle_events(p_kind text, p_object_id text) returns integer
language plpgsql volatile
set search_path = ''
as $$
declare
  settled text[];
begin
  with done as (
    update payments_private.processed_events as e set
      status = 'applied', processed_at = now(), projection = null, encrypted_body = null,
      last_error = null, next_attempt_at = null
    where e.object_kind = p_kind and e.object_id = p_object_id and e.status in ('queued', 'retry', 'dead')
    returning e.event_id
  )
  select coalesce(array_agg(d.event_id), '{}') into settled from done as d;
  update payments_private.alerts as a set resolved_at = now()
  where a.resolved_at is null and (
    (a.rule = 'refresh_stuck' and a.subject = p_kind || ' ' || p_object_id)
    or (a.rule = 'dead_letter' and a.subject = any (settled)));
  return cardinality(settled);
end
$$;
comment on function payments_private.settle_events(text, text) is
  'The object is now as Stripe has it, so every event that waited for that is applied. Returns how many.';

create function payments_private.apply_fetched(
  p_kind text, p_object_id text, p_ticket bigint, p_as_of timestamptz, p_projection jsonb
) returns text
language plpgsql volatile
set search_path = ''
as $$
declare
  object payments_private.mirrored_objects := payments_private.lock_object(p_kind, p_object_id);
  outcome text;
begin
  if p_ticket > (select t.last_value from payments_private.ticket_numbers as t) then
    -- a forged ticket would freeze the object: nothing later could ever be newer
    raise exception 'this ticket was never issued' using errcode = 'PP003';
  end if;
  if object.ticket < p_ticket then
    perform payments_private.apply_snapshot(p_kind, p_object_id, p_projection, p_as_of, p_ticket, 'refresh');
    outcome := 'applied';
  elsif object.moved_by = 'event' then
    perform payments_private.mark_objects(
      jsonb_build_array(jsonb_build_object('kind', p_kind, 'id', p_object_id)));
    outcome := 'marked_again';
  else
    outcome := 'superseded';
  end if;

  delete from payments_private.refresh_marks as m
  where m.kind = p_kind and m.object_id = p_object_id and m.ticket < p_ticket;
  -- settled by the mark's absence, not by its removal here: a later delivery may have found none
  if not exists (
    select from payments_private.refresh_marks as m where m.kind = p_kind and m.object_id = p_object_id
  ) then
    perform payments_private.settle_events(p_kind, p_object_id);
  else -- renewed while we fetched: the next worker may take it at once
    update payments_private.refresh_marks as m set leased_until = null, attempts = 0
    where m.kind = p_kind and m.object_id = p_object_id;
  end if;
  return outcome;
end
$$;
comment on function payments_private.apply_fetched(text, text, bigint, timestamptz, jsonb) is
  'Applies a fetched object unless newer knowledge arrived since its ticket was taken; clears its mark and settles the events that waited. Returns applied, marked_again or superseded.';

create function payments.finish_refresh(
  p_kind text, p_object_id text, p_ticket bigint, p_as_of bigint, p_projection jsonb, p_account_id text,
  p_request_id text, p_found boolean
) returns jsonb
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
declare
  outcome text;
begin
  if not payments_private.is_our_account(p_account_id, p_found) then
    perform payments.fail_refresh(p_kind, p_object_id, p_ticket, 'wrong_account');
    perform audit.append('service', 'payments_worker', 'object.refresh_refused', 'failure', p_kind, p_object_id,
      p_request_id, null, 'wrong_account', jsonb_build_object('account', p_account_id));
    return '{"outcome": "wrong_account"}';
  end if;
  outcome := payments_private.apply_fetched(p_kind, p_object_id, p_ticket, to_timestamp(p_as_of), p_projection);
  perform audit.append('service', 'payments_worker', 'object.refreshed', 'success', p_kind, p_object_id,
    p_request_id, p_detail => jsonb_build_object('outcome', outcome));
  return jsonb_build_object('outcome', outcome);
end
$$;
comment on function payments.finish_refresh(text, text, bigint, bigint, jsonb, text, text, boolean) is
  'Applies a fetched object unless newer knowledge arrived meanwhile. p_as_of: unix seconds of Stripe''s Date header. A projection {"deleted": true} makes a tombstone, if p_account_id is the account that is mirrored. p_found: Stripe knows the object, deleted or not; of a 404 that cannot be said.';

create function payments.fail_refresh(p_kind text, p_object_id text, p_ticket bigint, p_error text) returns void
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
declare
  tries integer;
begin
  update payments_private.refresh_marks as m set
    leased_until = null,
    last_error = left(p_error, 200),
    next_attempt_at = now() + payments_private.backoff(m.attempts)
  where m.kind = p_kind and m.object_id = p_object_id and m.ticket < p_ticket
  returning m.attempts into tries;
  if tries is null then -- renewed since the claim: due now, for anybody
    update payments_private.refresh_marks as m set leased_until = null
    where m.kind = p_kind and m.object_id = p_object_id;
  end if;

  if tries = 15 then
    perform payments_private.note_stuck_refresh(p_kind, p_object_id, p_error);
  end if;
end
$$;
comment on function payments.fail_refresh(text, text, bigint, text) is
  'Postpones a mark after a failed fetch; a mark renewed since the claim stays due now.';

grant execute on function payments.claim_refreshes(integer, integer) to payments_worker;
grant execute on function payments.finish_refresh(text, text, bigint, bigint, jsonb, text, text, boolean) to payments_worker;
grant execute on function payments.fail_refresh(text, text, bigint, text) to payments_worker;

reset role;
