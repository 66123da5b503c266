-- Purpose: what has been received from Stripe, and how far each mirrored object is known.
-- Objects: payments_private.event_ids, processed_events (monthly partitions), event_conflicts,
--          mirrored_objects, refresh_marks, ticket_numbers; domains for their columns.
-- Risk:    private; no grants to any API role.

set role payments_owner;

-- 1. Events ---------------------------------------------------------------------------------------
-- What one column may hold is a domain rather than a check of the table: Postgres parses a table's
-- checks anew at each statement that inserts, which cost these two tables half of their insert.

create domain payments_private.stripe_event_id as text
  constraint event_id_is_bounded check (value ~ '^evt_[A-Za-z0-9_]+$' and length(value) <= 255);
create domain payments_private.stripe_event_type as text
  constraint event_type_is_bounded check (length(value) between 1 and 255);
create domain payments_private.event_status as text constraint status_is_known check (
  value in ('applied', 'queued', 'ignored', 'quarantined', 'retry', 'dead'));
create domain payments_private.sha256_hex as text
  constraint sha256_is_hex check (value ~ '^[0-9a-f]+$' and length(value) = 64);
create domain payments_private.attempt_count as integer constraint attempts_are_positive check (value > 0);
create domain payments_private.object_mover as text
  constraint moved_by_is_known check (value in ('event', 'refresh'));

-- Partitioned by the event's own creation time so that old events are purged by dropping a table. A
-- partitioned table has no unique key without its partition's column: event_ids is that key (docs/adr/0012).

create table payments_private.processed_events (
  event_id payments_private.stripe_event_id not null,
  created timestamptz not null,
  event_type payments_private.stripe_event_type not null,
  object_kind text,
  object_id text,
  livemode boolean not null,
  api_version text,
  status payments_private.event_status not null,
  attempts payments_private.attempt_count not null default 1,
  received_at timestamptz not null default now(),
  processed_at timestamptz,
  body_sha256 payments_private.sha256_hex not null,
  secret_fingerprint text not null,
  request_id text not null,
  projection jsonb,
  encrypted_body text,
  last_error text,
  constraint processed_events_pkey primary key (event_id, created),
  constraint projections_are_kept_only_for_retries check (
    (projection is null and encrypted_body is null) or status in ('retry', 'dead'))
) partition by range (created);

comment on table payments_private.processed_events is
  'One row for each Stripe event id: proof of receipt and its outcome. No payloads, except of events still to be retried.';
comment on column payments_private.processed_events.created is 'When Stripe made the event.';
comment on column payments_private.processed_events.secret_fingerprint is
  'Which signing secret verified it: first 16 hex digits of its SHA-256.';
comment on column payments_private.processed_events.body_sha256 is
  'SHA-256 of the raw body, hex. Differs between deliveries of one event (pending_webhooks), so it is evidence, not identity.';

create index queued_events on payments_private.processed_events (object_kind, object_id)
  where status = 'queued';
create index unfinished_events on payments_private.processed_events (status, received_at)
  where status in ('retry', 'dead', 'quarantined');

-- Months are made ahead of time by the worker. What falls outside of them goes here: taking an event
-- in never changes a table's shape, which would need the whole table to itself.
create table payments_private.processed_events_default
  partition of payments_private.processed_events default;
alter table payments_private.processed_events_default enable row level security;

create function payments_private.ensure_events_partition(p_created timestamptz) returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  starts timestamptz := date_trunc('month', p_created, 'UTC');
  ends timestamptz := date_trunc('month', p_created, 'UTC') + interval '1 month';
  partition_name text := 'processed_events_' || to_char(p_created at time zone 'UTC', 'YYYYMM');
begin
  if pg_catalog.to_regclass('payments_private.' || partition_name) is not null or exists (
    -- events that came before their month was made keep that month in the default partition
    select from payments_private.processed_events_default as e where e.created >= starts and e.created < ends
  ) then
    return;
  end if;
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('payments_private.ensure_events_partition'));
  -- built apart and attached: readers and writers of the other months go on
  execute format(
    'create table if not exists payments_private.%I (like payments_private.processed_events including all)',
    partition_name);
  execute format('alter table payments_private.%I enable row level security', partition_name);
  execute format(
    'alter table payments_private.processed_events attach partition payments_private.%I '
    'for values from (%L) to (%L)', partition_name, starts, ends);
end
$$;
comment on function payments_private.ensure_events_partition(timestamptz) is
  'Makes the monthly partition that holds p_created, unless it is there or the default partition holds the month already.';

alter table payments_private.processed_events enable row level security;
select payments_private.ensure_events_partition(now() + n * interval '1 month') from generate_series(-1, 2) as n;

create table payments_private.event_ids (
  event_id text not null,
  created timestamptz not null,
  constraint event_ids_pkey primary key (event_id)
);
comment on table payments_private.event_ids is
  'One id names one event, whichever month it is kept under. Deliveries of one event wait for each other at its row.';
comment on column payments_private.event_ids.created is 'When Stripe made the event: says in which partition it is.';
alter table payments_private.event_ids enable row level security;

create table payments_private.event_conflicts (
  id bigint generated always as identity primary key,
  event_id text not null,
  received_at timestamptz not null default now(),
  created timestamptz not null,
  event_type text not null,
  object_kind text,
  object_id text,
  body_sha256 text not null,
  secret_fingerprint text not null,
  request_id text not null
);
comment on table payments_private.event_conflicts is
  'Verified deliveries that reuse a known event id for another event. Never applied: somebody holds the signing secret, or Stripe has a fault.';
create index event_conflicts_event on payments_private.event_conflicts (event_id);

-- 2. How far each object is known -----------------------------------------------------------------

create sequence payments_private.ticket_numbers cache 1;
comment on sequence payments_private.ticket_numbers is
  'One order for every write to a mirrored object and every fetch from Stripe. cache 1: a cached range would break the order.';

create table payments_private.mirrored_objects (
  kind text not null,
  object_id text not null,
  as_of timestamptz not null default '-infinity',
  ticket bigint not null default 0,
  moved_by payments_private.object_mover not null default 'event',
  deleted_at timestamptz,
  constraint mirrored_objects_pkey primary key (kind, object_id)
) with (fillfactor = 80); -- each event rewrites its object's row: in the same page, it costs no index entry
comment on table payments_private.mirrored_objects is
  'Order of what is known about each Stripe object, seen or deleted. Locking its row serialises writes to the object.';
comment on column payments_private.mirrored_objects.as_of is 'Stripe''s time of the newest event or fetch that is known.';
comment on column payments_private.mirrored_objects.ticket is 'Ticket of the last write.';
comment on column payments_private.mirrored_objects.moved_by is 'Whether the last write came from an event''s snapshot or from a fetch.';
comment on column payments_private.mirrored_objects.deleted_at is 'Tombstone: no event resurrects it, a later fetch may.';

create table payments_private.refresh_marks (
  kind text not null,
  object_id text not null,
  ticket bigint not null,
  marked_at timestamptz not null default now(),
  attempts integer not null default 0,
  next_attempt_at timestamptz not null default now(),
  leased_until timestamptz,
  last_error text,
  constraint refresh_marks_pkey primary key (kind, object_id)
);
comment on table payments_private.refresh_marks is
  'Objects to be fetched from Stripe. A thousand events make one mark; its ticket is renewed each time.';
create index refresh_marks_due on payments_private.refresh_marks (next_attempt_at);

alter table payments_private.event_conflicts enable row level security;
alter table payments_private.mirrored_objects enable row level security;
alter table payments_private.refresh_marks enable row level security;
-- no policies and no grants: only definer functions of payments_owner touch these tables

reset role;
