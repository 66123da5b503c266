-- Purpose: take rows that are in no seal, have them sealed by the worker, store the seal.
-- Objects: audit.sealer, audit.lease_numbers, audit.watch; payments.claim_seal, store_seal, fail_seal.
-- Risk:    one row lock for the time of a store; nobody who appends waits for it.
--
-- One sealer at a time holds the lease, because each seal is chained to the one before; a sealer that
-- wakes past its lease is fenced. The signature is made outside of the database.

set role audit_owner;

-- 1. Lease ----------------------------------------------------------------------------------------

create sequence audit.lease_numbers as bigint cache 1;
comment on sequence audit.lease_numbers is 'Fencing tokens of the sealer and of the daily verification.';

create table audit.sealer (
  only_row boolean not null default true,
  lease bigint,
  leased_until timestamptz,
  constraint sealer_pkey primary key (only_row),
  constraint there_is_one_sealer check (only_row)
);
comment on table audit.sealer is 'Who may store the next seal.';
insert into audit.sealer default values;
alter table audit.sealer enable row level security;
revoke all on audit.sealer from public;

-- 2. What must not go unnoticed -------------------------------------------------------------------

create function audit.watch_backlog() returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  oldest timestamptz := (select p.occurred_at from audit.pending_rows as p order by p.number limit 1);
begin
  if oldest < clock_timestamp() - interval '5 minutes' then
    perform payments_private.raise_audit_alert('seal_backlog', 'audit', 'critical',
      jsonb_build_object('oldest', oldest));
  else
    perform payments_private.resolve_audit_alert('seal_backlog');
  end if;
end
$$;
comment on function audit.watch_backlog() is
  'Raises seal_backlog while the oldest unsealed row is older than five minutes, and closes it afterwards.';

-- 3. Claim, store, fail ---------------------------------------------------------------------------

create function audit.note_lost_marks(p_marks bigint[]) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  with gone as (
    delete from audit.pending_rows as p where p.number = any (p_marks) returning p.log_id, p.occurred_at
  )
  insert into audit.lost_rows (log_id, occurred_at) select g.log_id, g.occurred_at from gone as g
  on conflict (log_id) do nothing;
  perform payments_private.raise_audit_alert('audit_row_missing', 'audit', 'critical',
    jsonb_build_object('rows', cardinality(p_marks)));
end
$$;
comment on function audit.note_lost_marks(bigint[]) is
  'Moves marks whose row is gone to lost_rows, so that they neither hide the deletion nor hold up the others.';

create function payments.claim_seal(p_lease_seconds integer) returns jsonb
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
declare
  token bigint;
  last audit.seals;
  opened audit.epochs;
  starts timestamptz;
  batch jsonb;
  lost bigint[];
begin
  perform audit.watch_backlog();
  perform from audit.sealer as s
  where s.leased_until is null or s.leased_until < clock_timestamp()
  for update skip locked;
  if not found then
    return '{"due": false}';
  end if;
  starts := (
    select date_trunc('month', p.occurred_at, 'UTC') from audit.pending_rows as p order by p.number limit 1);
  if starts is null then
    return '{"due": false}';
  end if;
  -- One month is one partition: a dropped one takes whole seals with it. The lookup is lateral and
  -- limited, so that it goes by index, row for row, whatever the planner believes of the log's size.
  select
    jsonb_agg(jsonb_build_object('mark', m.number, 'payload', l.payload) order by m.number)
      filter (where l.payload is not null),
    array_agg(m.number) filter (where l.payload is null)
  into batch, lost
  from (
    select p.number, p.log_id, p.occurred_at from audit.pending_rows as p
    where p.occurred_at >= starts and p.occurred_at < starts + interval '1 month'
    order by p.number limit 1000
  ) as m
  left join lateral (
    select r.payload from audit.audit_logs as r where r.id = m.log_id and r.occurred_at = m.occurred_at limit 1
  ) as l on true;
  if lost is not null then
    perform audit.note_lost_marks(lost);
  end if;
  if batch is null then
    return '{"due": false}';
  end if;
  select s.* into last from audit.seals as s order by s.number desc limit 1;
  select e.* into opened from audit.epochs as e order by e.epoch desc limit 1;
  token := nextval('audit.lease_numbers');
  update audit.sealer set
    lease = token,
    leased_until = clock_timestamp() + make_interval(secs => least(greatest(p_lease_seconds, 1), 600));
  return jsonb_build_object(
    'due', true,
    'lease', token,
    'epoch', coalesce(opened.epoch, 1),
    'number', coalesce(last.number, 0) + 1,
    -- the first seal of an epoch is chained to its declaration, which names the seal before
    'previous', case when opened.epoch > coalesce(last.epoch, 1) then opened.statement else last.statement end,
    'month', to_char(starts at time zone 'UTC', 'YYYY-MM'),
    'rows', batch);
end
$$;
comment on function payments.claim_seal(integer) is
  'Leases the next seal: {due, lease, epoch, number, previous, month, rows: [{mark, payload}]} with up to 1,000 unsealed rows of one month, oldest mark first; previous is the statement it is chained to, null for the first.';

create function payments.store_seal(p_lease bigint, p_seal jsonb, p_leaves jsonb) returns text
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
declare
  last_number bigint;
  last_epoch integer;
  stored integer;
begin
  update audit.sealer as s set lease = null, leased_until = null where s.lease = p_lease;
  if not found then
    return 'fenced';
  end if;
  select s.number, s.epoch into last_number, last_epoch from audit.seals as s order by s.number desc limit 1;
  last_epoch := greatest(coalesce(last_epoch, 1), (select max(e.epoch) from audit.epochs as e));
  if (p_seal ->> 'number')::bigint <> coalesce(last_number, 0) + 1 or (p_seal ->> 'epoch')::integer <> last_epoch then
    raise exception 'a seal out of turn' using errcode = 'PA002';
  end if;

  insert into audit.seals (
    epoch, number, month, leaf_count, root, sealed_at, key_id, statement, signature)
  values (
    last_epoch, coalesce(last_number, 0) + 1, to_date(p_seal ->> 'month', 'YYYY-MM'),
    (p_seal ->> 'count')::integer, decode(p_seal ->> 'root', 'hex'), (p_seal ->> 'sealed_at')::timestamptz,
    p_seal ->> 'key_id', p_seal ->> 'statement', p_seal ->> 'signature');
  with leaf as (
    select (l.value ->> 0)::bigint as mark, decode(l.value ->> 1, 'hex') as leaf_hash, l.ordinality::integer - 1 as leaf_index
    from jsonb_array_elements(p_leaves) with ordinality as l
  ), taken as (
    delete from audit.pending_rows as p using leaf where p.number = leaf.mark
    returning p.log_id, p.occurred_at, leaf.leaf_hash, leaf.leaf_index
  )
  insert into audit.seal_entries (seal_number, leaf_index, log_id, occurred_at, leaf_hash)
  select coalesce(last_number, 0) + 1, t.leaf_index, t.log_id, t.occurred_at, t.leaf_hash from taken as t;
  get diagnostics stored = row_count;
  if stored <> (p_seal ->> 'count')::integer then
    raise exception 'a seal over rows that are not pending' using errcode = 'PA002';
  end if;
  perform payments_private.resolve_audit_alert('seal_failed');
  return 'stored';
end
$$;
comment on function payments.store_seal(bigint, jsonb, jsonb) is
  'Stores a signed seal with its leaves [[mark, hash]] in their order and takes the marks away: stored, or fenced when the lease was lost. Raises PA002 out of turn.';

create function payments.fail_seal(p_lease bigint, p_error text) returns void
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
begin
  update audit.sealer as s set lease = null, leased_until = null where s.lease = p_lease;
  perform payments_private.raise_audit_alert('seal_failed', 'audit', 'critical',
    jsonb_build_object('error', left(p_error, 200)));
end
$$;
comment on function payments.fail_seal(bigint, text) is 'Gives a seal back that could not be made, and raises seal_failed.';

grant execute on function payments.claim_seal(integer) to payments_worker;
grant execute on function payments.store_seal(bigint, jsonb, jsonb) to payments_worker;
grant execute on function payments.fail_seal(bigint, text) to payments_worker;

reset role;
