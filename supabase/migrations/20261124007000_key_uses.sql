-- Purpose: how old each secret is, and when it was last used, long after the events themselves are purged.
-- Objects: payments_private.key_uses, note_own_key, note_key_uses; audit.key_uses_since.
-- Risk:    none to the hot path: read off the rows that are there anyway, once a day; worker and webhook, whose
--          rows name no key, tell their own with their statistics, written every ten minutes. Fingerprints only:
--          the first 16 hex digits of a secret's SHA-256, never the secret.

set role audit_owner;

create function audit.key_uses_since(p_since timestamptz)
returns table (fingerprint text, used_by text, first_used_at timestamptz, last_used_at timestamptz)
language plpgsql stable
security definer -- payments_owner may not read the log
set search_path = ''
as $$
begin
  return query
    select l.key_fingerprint::text, min(split_part(l.action, '.', 1)), min(l.occurred_at), max(l.occurred_at)
    from audit.audit_logs as l
    where l.occurred_at >= p_since and l.actor_type <> 'stripe' and l.key_fingerprint ~ '^[0-9a-f]{16}$'
    group by 1;
end
$$;
comment on function audit.key_uses_since(timestamptz) is
  'Fingerprints of functions'' keys in the log since then, with the operation that used each: {fingerprint, used_by, first_used_at, last_used_at}.';
grant execute on function audit.key_uses_since(timestamptz) to payments_owner;

reset role;
set role payments_owner;

create table payments_private.key_uses (
  fingerprint varchar(16) primary key,
  kind text not null,
  used_by varchar(80) not null,
  first_used_at timestamptz not null,
  last_used_at timestamptz not null,
  constraint fingerprint_is_hex check (fingerprint ~ '^[0-9a-f]{16}$'),
  constraint kind_is_known check (kind in ('webhook_secret', 'function_key'))
);
comment on table payments_private.key_uses is
  'Since when and until when each secret was used, by its fingerprint. Kept after events and audit rows are purged.';
comment on column payments_private.key_uses.used_by is 'stripe, the operation that a function''s key was used for, or the function that told of its own key.';
alter table payments_private.key_uses enable row level security;

create function payments_private.note_own_key(p_fingerprint text, p_function text) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  -- looked at first: most calls must lock nothing
  if p_fingerprint ~ '^[0-9a-f]{16}$' and not exists (
    select from payments_private.key_uses as k
    where k.fingerprint = p_fingerprint and k.last_used_at >= now() - interval '10 minutes'
  ) and (
    -- invented ones have a bound, which must not hide that a known one is used
    exists (select from payments_private.key_uses as k where k.fingerprint = p_fingerprint)
    or (select count(*) < 100 from payments_private.key_uses as k where k.used_by = p_function)
  ) then
    insert into payments_private.key_uses as k (fingerprint, kind, used_by, first_used_at, last_used_at)
    values (p_fingerprint, 'function_key', p_function, now(), now())
    -- nobody speaks for another's secret: it would look used for ever, and hide when the others were looked at
    on conflict (fingerprint) do update set last_used_at = excluded.last_used_at
    where k.kind = 'function_key' and k.used_by = excluded.used_by;
  end if;
end
$$;
comment on function payments_private.note_own_key(text, text) is
  'Notes that a function has used the key of this fingerprint, to ten minutes; at most a hundred keys of each function, and none that something else told of.';

create function payments_private.note_key_uses() returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  -- rows of transactions that were open at the last look are found by looking back an hour more
  since timestamptz := coalesce((
    select max(k.last_used_at) from payments_private.key_uses as k
    where k.used_by not in ('stripe-webhook', 'payments-worker') -- they tell by themselves, at any time
  ) - interval '1 hour', '-infinity');
  old record;
begin
  insert into payments_private.key_uses as k (fingerprint, kind, used_by, first_used_at, last_used_at)
  select distinct on (fingerprint) * from ( -- a secret that serves as both is one
  select e.secret_fingerprint as fingerprint, 'webhook_secret' as kind, 'stripe' as used_by,
    min(e.received_at) as first_used_at, max(e.received_at) as last_used_at
  from payments_private.processed_events as e
  where e.received_at >= since and e.secret_fingerprint ~ '^[0-9a-f]{16}$'
  group by 1
  union all
  select u.fingerprint, 'function_key', u.used_by, u.first_used_at, u.last_used_at
  from audit.key_uses_since(since) as u
  ) as uses
  on conflict (fingerprint) do update set
    first_used_at = least(k.first_used_at, excluded.first_used_at),
    last_used_at = greatest(k.last_used_at, excluded.last_used_at);

  for old in
    select k.fingerprint, k.kind from payments_private.key_uses as k
    where k.first_used_at < now() - make_interval(days => payments_private.alert_threshold('key_age'))
      and k.last_used_at > now() - interval '2 days'
  loop
    perform payments_private.raise_alert('key_age', old.fingerprint, 'warning',
      jsonb_build_object('kind', old.kind));
  end loop;
  update payments_private.alerts as a set resolved_at = now()
  where a.rule = 'key_age' and a.resolved_at is null
    and not exists (select from payments_private.encryption_keys as e where e.key_id = a.subject)
    and not exists (
      select from payments_private.key_uses as k
      where k.fingerprint = a.subject and k.last_used_at > now() - interval '2 days');
end
$$;
comment on function payments_private.note_key_uses() is
  'Brings key_uses up to date; raises key_age for a secret that has been in use for longer than the rule allows, and resolves it two days after the last use.';

reset role;
