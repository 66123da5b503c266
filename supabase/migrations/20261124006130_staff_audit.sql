-- Purpose: staff search the audit trail, see whether it is sealed and verified, and take a proof of a row.
-- Objects: payments_private.audit_refusal, audit_read; audit.rows_between, search_rows, inclusion_path;
--          payments.staff_search_audit, staff_audit_status, staff_prove_audit_row; permission audit.read.
-- Risk:    the whole trail becomes readable to admins and auditors; each search is itself in the trail. The
--          procedures are audit_owner's: payments_owner still may only append.

set role payments_owner;

insert into payments_private.role_permissions (role, permission) values
  ('admin', 'audit.read'), ('auditor', 'audit.read');

create function payments_private.audit_refusal(p_reason text, p_resource_id text default null) returns text
language plpgsql volatile
security definer -- audit_owner has no access to who is staff
set search_path = ''
as $$
begin
  return payments_private.staff_refusal('audit.read', p_reason, 'audit', left(p_resource_id, 255));
end
$$;
comment on function payments_private.audit_refusal(text, text) is 'staff_refusal of audit.read, for the procedures of audit_owner.';

create function payments_private.audit_read(p_action text, p_reason text, p_resource_id text, p_detail jsonb) returns void
language plpgsql volatile
security definer -- audit_owner has no access to staff_done
set search_path = ''
as $$
begin
  perform payments_private.staff_done(
    payments_private.current_user_id()::text, p_action, p_reason, 'audit', p_resource_id, p_detail);
end
$$;
comment on function payments_private.audit_read(text, text, text, jsonb) is 'staff_done, for the procedures of audit_owner.';

grant execute on function payments_private.audit_refusal(text, text) to audit_owner;
grant execute on function payments_private.audit_read(text, text, text, jsonb) to audit_owner;
grant create on schema payments to audit_owner; -- for the three procedures below, and taken back at the end

reset role;
set role audit_owner;

-- 1. Search ---------------------------------------------------------------------------------------

-- Rows come in the order of their time, so a block range index finds an hour of them and costs an append
-- nothing to speak of.
create index audit_logs_by_time on audit.audit_logs using brin (occurred_at)
  with (pages_per_range = 16, autosummarize = on);

create function audit.rows_between(
  p_filter jsonb, p_from timestamptz, p_to timestamptz, p_before_at timestamptz, p_before_id uuid, p_limit integer
) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(to_jsonb(f) order by f.occurred_at desc, f.id desc), '[]') from (
      select l.id, l.occurred_at, l.actor_type, l.actor_id, l.action, l.outcome, l.resource_type, l.resource_id,
        l.request_id, l.key_fingerprint, l.reason, l.detail,
        (select s.seal_number from audit.seal_entries as s where s.log_id = l.id) as seal_number
      from audit.audit_logs as l
      where l.occurred_at >= p_from and l.occurred_at < p_to
        and (p_filter ->> 'id' is null or l.id = (p_filter ->> 'id')::uuid)
        and (p_filter ->> 'actor' is null or l.actor_id = p_filter ->> 'actor')
        and (p_filter ->> 'action' is null or l.action = p_filter ->> 'action'
          or starts_with(l.action, (p_filter ->> 'action') || '.'))
        and (p_filter ->> 'outcome' is null or l.outcome = p_filter ->> 'outcome')
        and (p_filter ->> 'resource' is null or l.resource_id = p_filter ->> 'resource')
        and (p_filter ->> 'request' is null or l.request_id = p_filter ->> 'request')
        and (p_before_at is null or (l.occurred_at, l.id) < (p_before_at, p_before_id))
      order by l.occurred_at desc, l.id desc
      limit p_limit
    ) as f);
end
$$;
comment on function audit.rows_between(jsonb, timestamptz, timestamptz, timestamptz, uuid, integer) is
  'One window of audit.search_rows: matching rows from p_from until p_to, newest first.';

create function audit.search_rows(p_filter jsonb, p_limit integer) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  -- read before any row, so that what is no time is refused where there is no row to compare it with too
  since timestamptz := greatest(coalesce((p_filter ->> 'since')::timestamptz, now() - interval '7 days'),
    now() - interval '30 years'); -- so that the windows below have an end
  before_at timestamptz := (p_filter ->> 'before_at')::timestamptz;
  before_id uuid := (p_filter ->> 'before_id')::uuid;
  wanted integer := least(greatest(coalesce(p_limit, 50), 1), 200);
  page record;
  found jsonb := '[]';
begin
  for page in
    select w.* from payments_private.search_windows(since, (p_filter ->> 'until')::timestamptz, before_at) as w
  loop
    found := found || audit.rows_between(
      p_filter, page.starts, page.ends, before_at, before_id, wanted - jsonb_array_length(found));
    exit when jsonb_array_length(found) >= wanted;
  end loop;
  return found;
end
$$;
comment on function audit.search_rows(jsonb, integer) is
  'Rows of the log, newest first, at most 200. p_filter: {id, actor, action (or its first words), outcome, resource, request, since, until, before_at, before_id}, each may be absent; without since, the last seven days.';

create function payments.staff_search_audit(p_filter jsonb, p_reason text, p_limit integer default 50) returns jsonb
language plpgsql volatile
security definer -- asks audit_refusal before it reads anything
set search_path = ''
as $$
declare
  refusal text := payments_private.audit_refusal(p_reason);
  found jsonb;
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  if jsonb_typeof(p_filter) is distinct from 'object' or exists (
    select from jsonb_each(p_filter) as f
    where f.key not in ('id', 'actor', 'action', 'outcome', 'resource', 'request', 'since', 'until', 'before_at',
      'before_id') or jsonb_typeof(f.value) <> 'string' or length(f.value #>> '{}') > 255
  ) then
    return '{"ok": false, "code": "invalid_filter"}';
  end if;
  found := audit.search_rows(p_filter, p_limit);
  -- what was looked for, by its keys: a value may be a slip of somebody's clipboard
  perform payments_private.audit_read('staff.audit_searched', p_reason, null, jsonb_build_object(
    'fields', (select coalesce(jsonb_agg(k order by k), '[]') from jsonb_object_keys(p_filter) as k),
    'rows', jsonb_array_length(found)));
  return jsonb_build_object('ok', true, 'rows', found);
exception when data_exception then
  return '{"ok": false, "code": "invalid_filter"}';
end
$$;
comment on function payments.staff_search_audit(jsonb, text, integer) is
  'Searches the audit trail, see audit.search_rows: {ok, code, rows}, each row with the number of its seal or null. Permission audit.read.';

-- 2. Status ---------------------------------------------------------------------------------------

create function payments.staff_audit_status() returns jsonb
language plpgsql volatile
security definer -- asks audit_refusal before it reads anything
set search_path = ''
as $$
declare
  refusal text := payments_private.audit_refusal('looks at the trail''s state');
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  return jsonb_build_object('ok', true, 'now', clock_timestamp(),
    'unsealed', (
      select jsonb_build_object('rows', count(*), 'oldest_at', min(p.occurred_at)) from audit.pending_rows as p),
    'seal', (
      select jsonb_build_object('number', s.number, 'epoch', s.epoch, 'sealed_at', s.sealed_at, 'rows', s.leaf_count,
        'key_id', s.key_id)
      from audit.seals as s order by s.number desc limit 1),
    'anchor', (
      select jsonb_build_object('number', a.seal_number, 'anchored_at', a.anchored_at)
      from audit.anchors as a order by a.seal_number desc limit 1),
    'verification', (
      select jsonb_build_object('finished_at', r.finished_at, 'findings', r.finding_count, 'key_id', r.key_id)
      from audit.verification_reports as r order by r.id desc limit 1),
    'is_late', exists (
      select from audit.verification_runs as r
      where coalesce(r.finished_at, r.armed_at) < now() - interval '26 hours'));
end
$$;
comment on function payments.staff_audit_status() is
  'How far the trail is sealed, anchored and verified: {ok, code, now, unsealed, seal, anchor, verification, is_late}. Counts only, so no reason is asked. Permission audit.read.';

-- 3. Proof ----------------------------------------------------------------------------------------

create function audit.inclusion_path(p_leaves bytea[], p_index integer) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
declare
  level bytea[] := p_leaves;
  above bytea[];
  node integer := p_index;
  path jsonb := '[]';
  n integer;
begin
  if p_index < 0 or p_index >= coalesce(cardinality(p_leaves), 0) then
    return null;
  end if;
  while cardinality(level) > 1 loop
    n := cardinality(level);
    -- arrays begin at 1: the sibling of node 0 is level[2]
    if node % 2 = 1 then
      path := path || to_jsonb(encode(level[node], 'hex'));
    elsif node + 1 < n then
      path := path || to_jsonb(encode(level[node + 2], 'hex'));
    end if;
    above := '{}';
    for i in 1..n by 2 loop
      -- an odd one out goes up as it is, which is the tree of RFC 9162, section 2.1.1
      above := above || case when i = n then level[i]
        else sha256('\x01'::bytea || level[i] || level[i + 1]) end;
    end loop;
    level := above;
    node := node / 2;
  end loop;
  return path;
end
$$;
comment on function audit.inclusion_path(bytea[], integer) is
  'What is needed beside a leaf to compute the root, from the leaf upwards, hex: as inclusionPath of _shared/audit/merkle-tree.ts, RFC 9162.';

create function payments.staff_prove_audit_row(p_id uuid, p_reason text) returns jsonb
language plpgsql volatile
security definer -- asks audit_refusal before it reads anything
set search_path = ''
as $$
declare
  refusal text := payments_private.audit_refusal(p_reason, p_id::text);
  place audit.seal_entries;
  sealed audit.seals;
  content text;
  leaves bytea[];
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  select e.* into place from audit.seal_entries as e where e.log_id = p_id;
  if not found then
    return '{"ok": false, "code": "not_sealed"}'; -- it is not there, or a few seconds old
  end if;
  select l.payload into content from audit.audit_logs as l
  where l.id = p_id and l.occurred_at = place.occurred_at;
  if content is null then
    return '{"ok": false, "code": "not_found"}'; -- purged: its hash is all there is
  end if;
  select s.* into sealed from audit.seals as s where s.number = place.seal_number;
  select array_agg(e.leaf_hash order by e.leaf_index) into leaves from audit.seal_entries as e
  where e.seal_number = place.seal_number;
  perform payments_private.audit_read('staff.audit_proof_taken', p_reason, p_id::text,
    jsonb_build_object('seal', place.seal_number));
  return jsonb_build_object('ok', true, 'proof', jsonb_build_object(
    'version', 1, 'id', p_id, 'payload', content, 'index', place.leaf_index,
    'path', audit.inclusion_path(leaves, place.leaf_index),
    'seal', jsonb_build_object('statement', sealed.statement, 'signature', sealed.signature)));
end
$$;
comment on function payments.staff_prove_audit_row(uuid, text) is
  'The inclusion proof of a row, as payments audit prove prints it: {ok, code, proof}; code: not_sealed, not_found. Permission audit.read.';

grant execute on function payments.staff_search_audit(jsonb, text, integer) to authenticated;
grant execute on function payments.staff_audit_status() to authenticated;
grant execute on function payments.staff_prove_audit_row(uuid, text) to authenticated;

reset role;
set role payments_owner;
revoke create on schema payments from audit_owner;
reset role;
