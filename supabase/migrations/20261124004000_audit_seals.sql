-- Purpose: where seals, their members and the records that explain gaps are kept.
-- Objects: audit.seals, seal_entries, epochs, purge_records, lost_rows; payments_private.raise_audit_alert,
--          resolve_audit_alert.
-- Risk:    one row of about a hundred bytes stays for every audit row, also after its month is purged.
--
-- Each signed thing is kept as the exact text that was signed (`statement`), its signature and the id of
-- the key. The columns beside it repeat what queries need; verification compares them with the text.

-- 1. Alerts from the other owner ------------------------------------------------------------------

set role payments_owner;

create function payments_private.raise_audit_alert(
  p_rule text, p_subject text, p_severity text, p_detail jsonb default '{}'
) returns void
language sql volatile
security definer -- audit_owner has no access to the table
set search_path = ''
as $$
  select payments_private.raise_alert(p_rule, p_subject, p_severity, p_detail)
$$;
comment on function payments_private.raise_audit_alert(text, text, text, jsonb) is
  'raise_alert for the functions of audit_owner.';

create function payments_private.resolve_audit_alert(p_rule text) returns void
language sql volatile
security definer -- audit_owner has no access to the table
set search_path = ''
as $$
  update payments_private.alerts as a set resolved_at = now() where a.rule = p_rule and a.resolved_at is null
$$;
comment on function payments_private.resolve_audit_alert(text) is 'Closes the alerts of a rule whose cause is gone.';

grant usage on schema payments_private to audit_owner;
grant execute on function payments_private.raise_audit_alert(text, text, text, jsonb) to audit_owner;
grant execute on function payments_private.resolve_audit_alert(text) to audit_owner;
-- which events there are, for the comparison with their audit rows; no body, no projection
grant select (event_id, created, received_at) on payments_private.processed_events to audit_owner;

-- The worker's procedures for the audit schema are audit_owner's own: payments_owner still may only append.
grant usage, create on schema payments to audit_owner;

reset role;
set role audit_owner;

-- 2. Seals ----------------------------------------------------------------------------------------

create table audit.seals (
  epoch integer not null,
  number bigint not null,
  month date not null,
  leaf_count integer not null,
  root bytea not null,
  sealed_at timestamptz not null,
  key_id text not null,
  statement text not null,
  signature text not null,
  stored_at timestamptz not null default clock_timestamp(),
  constraint seals_pkey primary key (number),
  constraint number_is_positive check (number > 0),
  constraint a_seal_has_leaves check (leaf_count between 1 and 1000),
  constraint root_is_a_hash check (length(root) = 32),
  constraint signature_is_ed25519 check (length(signature) = 88),
  constraint statement_is_bounded check (length(statement) <= 1000)
);
comment on table audit.seals is
  'One signed Merkle root for up to a thousand audit rows of one month, chained to the seal before. Rows are final.';
comment on column audit.seals.epoch is 'Counts declared restores; the first is 1.';
comment on column audit.seals.signature is 'Ed25519 over the statement''s UTF-8, base64.';
comment on column audit.seals.statement is 'The signed text: docs/audit.md says what stands in it.';

create table audit.seal_entries (
  seal_number bigint not null,
  leaf_index integer not null,
  log_id uuid not null,
  occurred_at timestamptz not null,
  leaf_hash bytea not null,
  constraint seal_entries_pkey primary key (seal_number, leaf_index),
  constraint a_row_is_sealed_once unique (log_id),
  constraint leaf_index_is_in_the_tree check (leaf_index between 0 and 999),
  constraint leaf_hash_is_a_hash check (length(leaf_hash) = 32)
);
comment on table audit.seal_entries is
  'Which row is which leaf of which seal. It outlives the rows: a dropped month leaves its hashes, so its seals still verify. Rows are final.';

-- 3. Records that explain gaps --------------------------------------------------------------------

create table audit.epochs (
  epoch integer not null,
  declared_at timestamptz not null,
  common_number bigint not null,
  last_number bigint not null,
  key_id text not null,
  statement text not null,
  signature text not null,
  constraint epochs_pkey primary key (epoch),
  constraint declared_epochs_begin_at_two check (epoch >= 2),
  constraint common_seal_is_not_after_the_last check (common_number between 0 and last_number),
  constraint epoch_signature_is_ed25519 check (length(signature) = 88),
  constraint epoch_statement_is_bounded check (length(statement) <= 2000)
);
comment on table audit.epochs is
  'Declared restores: each opens an epoch and names the last seal that both histories share. Rows are final.';

create table audit.purge_records (
  month date not null,
  row_count bigint not null,
  purged_at timestamptz not null,
  key_id text not null,
  statement text not null,
  signature text not null,
  constraint purge_records_pkey primary key (month),
  constraint row_count_is_not_negative check (row_count >= 0),
  constraint purge_signature_is_ed25519 check (length(signature) = 88),
  constraint purge_statement_is_bounded check (length(statement) <= 1000)
);
comment on table audit.purge_records is
  'Months whose rows were dropped by the purge, each with its signed record: their seals verify over the entries alone. Rows are final.';

create table audit.lost_rows (
  log_id uuid not null,
  occurred_at timestamptz not null,
  found_at timestamptz not null default clock_timestamp(),
  constraint lost_rows_pkey primary key (log_id)
);
comment on table audit.lost_rows is
  'Marks whose row was gone when it was to be sealed: somebody deleted it within seconds. Each is a finding. Rows are final.';

-- 4. Final rows -----------------------------------------------------------------------------------

do $$
declare
  table_name text;
begin
  foreach table_name in array array['seals', 'seal_entries', 'epochs', 'purge_records', 'lost_rows'] loop
    execute format('alter table audit.%I enable row level security', table_name);
    execute format('revoke all on audit.%I from public', table_name);
    execute format(
      'create trigger audit_rows_are_final before update or delete or truncate on audit.%I '
      'for each statement execute function audit.refuse_change()', table_name);
  end loop;
end
$$;
-- no grants at all: written and read by the procedures of the owner

create function audit.payload_of(p_row audit.audit_logs) returns text
language plpgsql stable
set search_path = ''
as $$
begin
  return json_build_object(
    'v', 1, 'id', p_row.id,
    'occurred_at', to_char(p_row.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'actor_type', p_row.actor_type, 'actor_id', p_row.actor_id, 'action', p_row.action, 'outcome', p_row.outcome,
    'resource_type', p_row.resource_type, 'resource_id', p_row.resource_id, 'request_id', p_row.request_id,
    'key_fingerprint', p_row.key_fingerprint, 'reason', p_row.reason, 'client_commitment', p_row.client_commitment,
    'detail', p_row.detail)::text;
end
$$;
comment on function audit.payload_of(audit.audit_logs) is
  'The canonical text of a row''s columns, as audit.append makes it: what its payload must equal.';

reset role;
