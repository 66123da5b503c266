-- Purpose: remember which heads have left the database, and notice when they cannot.
-- Objects: audit.anchors; payments.unanchored_head, record_anchor, fail_anchor.
-- Risk:    none; the copies outside are what counts, this is only the list of them.

set role audit_owner;

create table audit.anchors (
  seal_number bigint not null,
  anchored_at timestamptz not null default clock_timestamp(),
  target text not null,
  constraint anchors_pkey primary key (seal_number),
  constraint target_is_bounded check (length(target) <= 300)
);
comment on table audit.anchors is
  'Heads that were written outside of the database. The chain makes one stand for all before it. Rows are final.';
alter table audit.anchors enable row level security;
revoke all on audit.anchors from public;
create trigger audit_rows_are_final
  before update or delete or truncate on audit.anchors
  for each statement execute function audit.refuse_change();

create function payments.unanchored_head() returns jsonb
language sql stable
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
  select jsonb_build_object(
    'epoch', s.epoch, 'number', s.number, 'statement', s.statement, 'signature', s.signature)
  from audit.seals as s
  where s.number = (select max(n.number) from audit.seals as n)
    and s.number > coalesce((select max(a.seal_number) from audit.anchors as a), 0)
$$;
comment on function payments.unanchored_head() is
  'The newest seal {epoch, number, statement, signature}, if it is not anchored yet; else null.';

create function payments.record_anchor(p_number bigint, p_target text) returns void
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
begin
  insert into audit.anchors (seal_number, target) values (p_number, p_target) on conflict (seal_number) do nothing;
  perform payments_private.resolve_audit_alert('anchor_failed');
end
$$;
comment on function payments.record_anchor(bigint, text) is 'Notes that a head was written to a place outside of the database.';

create function payments.fail_anchor(p_number bigint, p_error text) returns void
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
begin
  -- another head of that number is out there: this database went back, or somebody forked the chain
  perform payments_private.raise_audit_alert(
    case p_error when 'conflict' then 'anchor_conflict' else 'anchor_failed' end, 'audit', 'critical',
    jsonb_build_object('number', p_number, 'error', left(p_error, 200)));
end
$$;
comment on function payments.fail_anchor(bigint, text) is
  'Raises anchor_failed, or anchor_conflict when the place holds another head of that number.';

grant execute on function payments.unanchored_head() to payments_worker;
grant execute on function payments.record_anchor(bigint, text) to payments_worker;
grant execute on function payments.fail_anchor(bigint, text) to payments_worker;

reset role;
