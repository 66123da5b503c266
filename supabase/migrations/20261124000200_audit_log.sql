-- Purpose: the append-only audit log that every state change writes in its own transaction.
-- Objects: audit.audit_logs (monthly partitions), pending_rows, audit.append, guards against change.
-- Risk:    writes grow the log; retention is a job, not a trigger.

set role audit_owner;

-- 1. Table ----------------------------------------------------------------------------------------
-- What one column may hold is its type rather than a check of the table: Postgres parses a table's
-- checks anew at each statement that inserts, and every state change inserts here.

create domain audit.actor_type as text constraint actor_type_is_known check (
  value in ('user', 'staff', 'stripe', 'service', 'system'));
create domain audit.outcome as text
  constraint outcome_is_known check (value in ('success', 'refused', 'failure'));
create domain audit.action as text
  constraint action_is_dotted check (value ~ '^[a-z_]+(\.[a-z_]+)+$' and length(value) <= 80);
create domain audit.detail as jsonb constraint detail_is_a_small_object check (
  jsonb_typeof(value) = 'object' and pg_column_size(value) <= 8192);

create domain audit.sha256_hex as text constraint is_as_long_as_a_hash check (length(value) = 64);

create table audit.audit_logs (
  id uuid not null default gen_random_uuid(),
  occurred_at timestamptz not null default clock_timestamp(),
  actor_type audit.actor_type not null,
  actor_id varchar(255),
  action audit.action not null,
  outcome audit.outcome not null,
  resource_type varchar(255),
  resource_id varchar(255),
  request_id varchar(64),
  key_fingerprint varchar(64),
  reason varchar(500),
  client_commitment audit.sha256_hex,
  detail audit.detail not null default '{}',
  payload text not null,
  constraint audit_logs_pkey primary key (id, occurred_at)
) partition by range (occurred_at);

comment on table audit.audit_logs is
  'Who did what, when, to what, with which outcome. No personal data. Rows are final and sealed (docs/audit.md).';
comment on column audit.audit_logs.occurred_at is 'Wall clock at append, UTC.';
comment on column audit.audit_logs.actor_id is 'User id, event source or function name, depending on actor_type.';
comment on column audit.audit_logs.key_fingerprint is
  'First 16 hex digits of the SHA-256 of the secret that authenticated the call, never the secret.';
comment on column audit.audit_logs.client_commitment is
  'Salted SHA-256 of the caller''s address and agent, which payments_private.client_details may hold: deleting that row leaves a number nobody can go back from.';
comment on column audit.audit_logs.payload is
  'The row as canonical text, made once at append: what the seals cover. Its UTF-8 bytes are a leaf of a Merkle tree (docs/audit.md).';
comment on column audit.audit_logs.detail is 'Codes, counts and ids only; the writers allow-list what goes in.';

create index audit_logs_resource on audit.audit_logs (resource_type, resource_id, occurred_at);
create index audit_logs_actor on audit.audit_logs (actor_id, occurred_at);

alter table audit.audit_logs enable row level security;
revoke all on audit.audit_logs from public;
-- no grants at all: rows are written by audit.append alone and read by audited RPCs of the owner

-- 2. Final rows -----------------------------------------------------------------------------------
-- Statement triggers, because row triggers do not fire where row-level security hides the row.

create function audit.refuse_change() returns trigger
language plpgsql volatile
set search_path = ''
as $$
begin
  raise exception 'audit rows are final' using errcode = 'PA001';
end
$$;
comment on function audit.refuse_change() is 'Raises PA001 on update, delete and truncate of the audit log.';

create trigger audit_rows_are_final
  before update or delete or truncate on audit.audit_logs
  for each statement execute function audit.refuse_change();

-- 3. Marks ----------------------------------------------------------------------------------------

create table audit.pending_rows (
  number bigint generated always as identity,
  log_id uuid not null,
  occurred_at timestamptz not null,
  constraint pending_rows_pkey primary key (number)
) with (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);
-- vacuumed early: rows live for seconds, and the sealer reads the oldest first
comment on table audit.pending_rows is
  'Rows that are in no seal yet. A mark commits with its row, however late that is: a cursor over ids or times would skip it.';
alter table audit.pending_rows enable row level security;
revoke all on audit.pending_rows from public;
-- no grants: written by audit.append, taken by payments.store_seal

-- 4. Partitions -----------------------------------------------------------------------------------

-- Months are made ahead of time; what falls outside of them goes to the default partition, so that an
-- append never changes a table's shape.

create table audit.audit_logs_default partition of audit.audit_logs default;
alter table audit.audit_logs_default enable row level security;
create trigger audit_rows_are_final
  before update or delete or truncate on audit.audit_logs_default
  for each statement execute function audit.refuse_change();

create function audit.ensure_partition(p_at timestamptz) returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  starts timestamptz := date_trunc('month', p_at, 'UTC');
  ends timestamptz := date_trunc('month', p_at, 'UTC') + interval '1 month';
  partition_name text := 'audit_logs_' || to_char(p_at at time zone 'UTC', 'YYYYMM');
begin
  if pg_catalog.to_regclass('audit.' || partition_name) is not null or exists (
    select from audit.audit_logs_default as l where l.occurred_at >= starts and l.occurred_at < ends
  ) then
    return;
  end if;
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('audit.ensure_partition'));
  execute format('create table if not exists audit.%I (like audit.audit_logs including all)', partition_name);
  execute format('alter table audit.%I enable row level security', partition_name);
  execute format(
    'create or replace trigger audit_rows_are_final before update or delete or truncate on audit.%I '
    'for each statement execute function audit.refuse_change()', partition_name);
  execute format(
    'alter table audit.audit_logs attach partition audit.%I for values from (%L) to (%L)',
    partition_name, starts, ends);
end
$$;
comment on function audit.ensure_partition(timestamptz) is
  'Makes the monthly partition that holds p_at, unless it is there or the default partition holds the month already.';

create function audit.ensure_partitions() returns void
language sql volatile
security definer -- payments_owner owns nothing here; it may have the next months made
set search_path = ''
as $$
  select audit.ensure_partition(now() + n * interval '1 month') from generate_series(0, 3) as n
$$;
comment on function audit.ensure_partitions() is 'Makes the partitions of this month and the next three.';
grant execute on function audit.ensure_partitions() to payments_owner;

select audit.ensure_partitions();

-- 5. Append ---------------------------------------------------------------------------------------

create function audit.append(
  p_actor_type text,
  p_actor_id text,
  p_action text,
  p_outcome text,
  p_resource_type text default null,
  p_resource_id text default null,
  p_request_id text default null,
  p_key_fingerprint text default null,
  p_reason text default null,
  p_detail jsonb default '{}',
  p_client_commitment text default null
) returns uuid
language plpgsql volatile
security definer -- the only door into the log for payments_owner
set search_path = ''
as $$
declare
  moment timestamptz := clock_timestamp();
  new_id uuid := gen_random_uuid();
  details jsonb := coalesce(p_detail, '{}');
begin
  insert into audit.audit_logs (
    id, occurred_at, actor_type, actor_id, action, outcome, resource_type, resource_id,
    request_id, key_fingerprint, reason, client_commitment, detail, payload)
  values (
    new_id, moment, p_actor_type, p_actor_id, p_action, p_outcome, p_resource_type, p_resource_id,
    p_request_id, p_key_fingerprint, p_reason, p_client_commitment, details,
    -- the same text stands in audit.payload_of and in cli/audit/sql-trail.ts; tests compare the three
    json_build_object(
      'v', 1, 'id', new_id,
      'occurred_at', to_char(moment at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
      -- as the columns hold them: storing leaves out spaces past a column's end
      'actor_type', p_actor_type, 'actor_id', p_actor_id::varchar(255), 'action', p_action, 'outcome', p_outcome,
      'resource_type', p_resource_type::varchar(255), 'resource_id', p_resource_id::varchar(255),
      'request_id', p_request_id::varchar(64), 'key_fingerprint', p_key_fingerprint::varchar(64),
      'reason', p_reason::varchar(500), 'client_commitment', p_client_commitment,
      'detail', details)::text);
  insert into audit.pending_rows (log_id, occurred_at) values (new_id, moment);
  return new_id;
end
$$;
comment on function audit.append(text, text, text, text, text, text, text, text, text, jsonb, text) is
  'Appends one row and its mark in the caller''s transaction and returns its id: the row exists exactly when the change does. p_client_commitment: of _shared/audit/commit-client.ts.';

grant usage on schema audit to payments_owner;
grant execute on function audit.append(text, text, text, text, text, text, text, text, text, jsonb, text) to payments_owner;

reset role;
