-- Purpose: who took evidence out of the database, looked at it or handed it on: a chain of records.
-- Objects: audit.custody, audit.custody_text, audit.record_custody.
-- Risk:    records are never deleted; they name people.
--
-- Each record is hashed into the next one, and its hash stands in the audit log, which is sealed. So a
-- record that is changed, dropped or put in later is found by `payments evidence custody verify`, and
-- whoever would hide that has to forge the seals, too.

set role audit_owner;

-- 1. Records --------------------------------------------------------------------------------------

create table audit.custody (
  number bigint not null,
  evidence_id uuid not null,
  action text not null,
  actor text not null,
  reason text not null,
  at timestamptz not null,
  digest text,
  handed_to text,
  scope jsonb,
  previous text not null,
  record text not null,
  record_sha256 text not null,
  audit_id uuid not null,
  constraint custody_pkey primary key (number),
  constraint custody_number_is_positive check (number > 0),
  constraint custody_action_is_known check (
    action in ('export_begun', 'exported', 'accessed', 'handed_over', 'verified')),
  constraint custody_texts_are_bounded check (
    length(actor) between 1 and 255 and length(reason) between 3 and 500
    and coalesce(length(handed_to), 3) between 1 and 255 and length(record) <= 10000000),
  constraint a_digest_is_of_what_was_exported check (
    (digest is null) = (action = 'export_begun') and coalesce(length(digest), 64) = 64),
  constraint a_hand_over_says_to_whom check ((handed_to is not null) = (action = 'handed_over')),
  constraint an_export_says_of_what check ((scope is not null) = (action = 'export_begun'))
);
comment on table audit.custody is
  'Chain of custody of exported evidence: who, why, when, digest; each record hashed into the next. Rows are final.';
comment on column audit.custody.digest is 'SHA-256 of the archive, hex; none before it is made.';
comment on column audit.custody.previous is 'record_sha256 of the record before; zeros in the first.';
comment on column audit.custody.record is 'The other columns as canonical text: what is hashed.';
comment on column audit.custody.audit_id is 'The audit row that holds record_sha256, under the seals.';
create unique index an_export_ends_once on audit.custody (evidence_id) where action = 'exported';
create index custody_evidence on audit.custody (evidence_id, number);

alter table audit.custody enable row level security;
revoke all on audit.custody from public;
create trigger audit_rows_are_final before update or delete or truncate on audit.custody
  for each statement execute function audit.refuse_change();
-- no grants at all: written by audit.record_custody, read by the operator's command as the owner

-- 2. Writing --------------------------------------------------------------------------------------

create function audit.custody_text(p_row audit.custody) returns text
language plpgsql stable
set search_path = ''
as $$
begin
  -- the same text stands in cli/evidence/custody-records.ts, which does not believe this function
  return json_build_object(
    'v', 1, 'number', p_row.number, 'evidence', p_row.evidence_id, 'action', p_row.action, 'who', p_row.actor,
    'why', p_row.reason, 'at', to_char(p_row.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'digest', p_row.digest, 'to', p_row.handed_to, 'scope', p_row.scope, 'previous', p_row.previous)::text;
end
$$;
comment on function audit.custody_text(audit.custody) is 'The canonical text of a custody record.';

create function audit.refuse_custody(p_evidence uuid, p_action text, p_digest text) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  begun boolean := exists (select from audit.custody as c where c.evidence_id = p_evidence);
  exported text := (select c.digest from audit.custody as c where c.evidence_id = p_evidence and c.action = 'exported');
begin
  return case
    when p_action = 'export_begun' then case when begun then 'exported_already' end
    when not begun then 'not_found'
    when p_action = 'exported' then case when exported is not null then 'exported_already' end
    when exported is null then 'not_exported'
    when p_digest is distinct from exported then 'another_archive' end;
end
$$;
comment on function audit.refuse_custody(uuid, text, text) is
  'Why a custody record makes no sense after those before it; null when it does.';

create function audit.record_custody(
  p_evidence uuid, p_action text, p_by text, p_reason text, p_digest text default null,
  p_handed_to text default null, p_scope jsonb default null
) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  refusal text;
  newest audit.custody;
  entry audit.custody;
begin
  -- one at a time: two records must not follow the same one
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('audit.custody'));
  refusal := audit.refuse_custody(p_evidence, p_action, p_digest);
  if refusal is not null then
    perform audit.append('staff', p_by, 'evidence.refused', 'refused', 'evidence', p_evidence::text,
      p_reason => refusal, p_detail => jsonb_build_object('asked', p_action, 'digest', p_digest));
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  select c.* into newest from audit.custody as c order by c.number desc limit 1;
  entry.number := coalesce(newest.number, 0) + 1;
  entry.evidence_id := p_evidence;
  entry.action := p_action;
  entry.actor := p_by;
  entry.reason := p_reason;
  entry.at := clock_timestamp();
  entry.digest := p_digest;
  entry.handed_to := p_handed_to;
  entry.scope := p_scope;
  entry.previous := coalesce(newest.record_sha256, repeat('0', 64));
  entry.record := audit.custody_text(entry);
  entry.record_sha256 := encode(sha256(convert_to(entry.record, 'UTF8')), 'hex');
  entry.audit_id := audit.append('staff', p_by, 'evidence.' || p_action, 'success', 'evidence', p_evidence::text,
    p_reason => p_reason, p_detail => jsonb_build_object(
      'number', entry.number, 'record_sha256', entry.record_sha256, 'digest', p_digest));
  insert into audit.custody select entry.*;
  return jsonb_build_object('ok', true, 'number', entry.number, 'record_sha256', entry.record_sha256);
end
$$;
comment on function audit.record_custody(uuid, text, text, text, text, text, jsonb) is
  'Appends a custody record and its audit row: {ok, number, record_sha256} or {ok: false, code}. What is looked at or handed on must have the digest of what was exported.';

reset role;
