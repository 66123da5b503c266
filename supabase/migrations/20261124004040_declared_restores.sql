-- Purpose: let an operator say, signed, that the database was restored from a backup.
-- Objects: audit.declare_epoch; the end of audit_owner's right to create in schema payments.
-- Risk:    fences a seal that is being made.

set role audit_owner;

create function audit.declare_epoch(p_epoch jsonb, p_operator text, p_reason text) returns integer
language plpgsql volatile
set search_path = ''
as $$
declare
  newest bigint;
  opened integer := (p_epoch ->> 'epoch')::integer;
begin
  -- whoever is sealing right now is chained to the wrong statement
  update audit.sealer set lease = null, leased_until = null;
  newest := coalesce((select max(s.number) from audit.seals as s), 0);
  -- an epoch may be skipped: the backup can be older than a declaration that is known elsewhere
  if opened <= greatest(1, (select max(e.epoch) from audit.epochs as e)) or (p_epoch ->> 'last_number')::bigint <> newest then
    raise exception 'the declaration is not about this database' using errcode = 'PA003';
  end if;
  insert into audit.epochs (epoch, declared_at, common_number, last_number, key_id, statement, signature)
  values (
    opened, (p_epoch ->> 'declared_at')::timestamptz, (p_epoch ->> 'common_number')::bigint, newest,
    p_epoch ->> 'key_id', p_epoch ->> 'statement', p_epoch ->> 'signature');
  perform audit.append('staff', p_operator, 'audit.restore_declared', 'success', 'audit', null,
    p_reason => left(p_reason, 500),
    p_detail => jsonb_build_object('epoch', opened, 'common_number', p_epoch -> 'common_number', 'last_number', newest));
  return opened;
end
$$;
comment on function audit.declare_epoch(jsonb, text, text) is
  'Opens an epoch with a signed declaration; for the operator''s command, which has the key. Raises PA003 when seals were made meanwhile.';

reset role;

set role payments_owner;
-- its procedures are in place; nothing needs the right from now on
revoke create on schema payments from audit_owner;
reset role;
