-- Purpose: what every operation must pass before anything else is asked: switch, session, permission,
--          hold, limits.
-- Objects: payments_private.may_use, authorize_operation, cap_refusal, audit_refusal.
-- Risk:    on the path of every operation.
--
-- Of several refusals the first in the contract's order is told: 503, 401, 422, 403, 409, 429. The
-- tokens are taken all the same: whoever asks in vain has asked.

set role payments_owner;

create function payments_private.may_use(p_user_id uuid, p_operation text) returns boolean
language plpgsql stable
set search_path = ''
as $$
declare
  -- an operation that is not named here has no permission, and nobody may use it
  wanted text := case p_operation
    when 'checkout' then 'checkout.create'
    when 'portal' then 'portal.open'
    when 'sync' then 'billing.sync' end;
begin
  return exists (
    select from payments_private.role_permissions as p
    where p.permission = wanted and (p.role = 'user' or exists (
      select from payments_private.staff_members as m where m.user_id = p_user_id and m.role = p.role)));
end
$$;
comment on function payments_private.may_use(uuid, text) is
  'Whether a signed-in user has the permission of an operation, by the role that all users have or one of their own.';

create function payments_private.authorize_operation(p_operation text, p_request jsonb, p_calls_stripe boolean)
returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  for_user uuid := (p_request ->> 'user_id')::uuid;
  for_session uuid := (p_request ->> 'session_id')::uuid;
  for_address text := p_request ->> 'address_hash';
  s payments_private.settings;
  session_fault text;
  limited jsonb;
begin
  select t.* into s from payments_private.settings as t; -- once for all of it
  -- without its row of settings nothing has limits: then it is closed
  if coalesce(s.stop_all or (p_operation = 'checkout' and s.stop_checkout)
    or (p_operation = 'portal' and s.stop_portal), true) then
    return '{"decision": "refuse", "code": "switched_off"}';
  end if;
  if not payments_private.session_is_live(for_session, for_user) then
    return '{"decision": "refuse", "code": "session_ended"}';
  end if;
  session_fault := payments_private.session_refusal(s, p_operation, for_session);
  if session_fault is not null then
    return jsonb_build_object('decision', 'refuse', 'code', session_fault);
  end if;
  limited := payments_private.check_limits(s, for_user, for_address, p_calls_stripe);
  if not payments_private.may_use(for_user, p_operation) then
    return '{"decision": "refuse", "code": "forbidden"}';
  elsif payments_private.is_on_hold(for_user, case when p_operation <> 'sync' then for_address end) then
    return '{"decision": "refuse", "code": "on_hold"}';
  end if;
  if limited is not null then
    return jsonb_build_object('decision', 'refuse', 'code', 'rate_limited', 'limit', limited);
  end if;
  return '{"decision": "proceed"}';
end
$$;
comment on function payments_private.authorize_operation(text, jsonb, boolean) is
  'The checks that all operations share: {decision: proceed|refuse, code, limit}. code: switched_off, session_ended, sign_in_again, second_factor_required, forbidden, on_hold, rate_limited.';

create function payments_private.cap_refusal(p_user_id uuid, p_currency text, p_amount_minor bigint) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  s payments_private.settings;
  today timestamptz := date_trunc('day', now(), 'UTC');
  spent_today bigint;
  spent_this_month bigint;
begin
  select t.* into s from payments_private.settings as t;
  if p_amount_minor > (s.transaction_cap_minor ->> p_currency)::bigint then
    return 'amount_over_transaction_cap';
  end if;
  -- what may still be paid counts in full, on the UTC day it was reserved
  select coalesce(sum(r.amount_minor) filter (where r.created_at >= today), 0), coalesce(sum(r.amount_minor), 0)
  into spent_today, spent_this_month
  from payments_private.checkout_reservations as r
  where r.user_id = p_user_id and r.currency = p_currency and r.state in ('reserved', 'open', 'completed')
    and r.created_at >= date_trunc('month', now(), 'UTC');
  if spent_today + p_amount_minor > (s.user_day_cap_minor ->> p_currency)::bigint then
    return 'amount_over_day_cap';
  elsif spent_this_month + p_amount_minor > (s.user_month_cap_minor ->> p_currency)::bigint then
    return 'amount_over_month_cap';
  end if;
  return null;
end
$$;
comment on function payments_private.cap_refusal(uuid, text, bigint) is
  'Which cap a checkout of this amount would pass, or null. Exact because the caller holds the user''s lock. Renewals do not count.';

create function payments_private.audit_refusal(p_operation text, p_request jsonb, p_answer jsonb) returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  bucket text := p_answer #>> '{limit,bucket}';
begin
  -- of repeated refusals by a limit, the first of ten minutes; the rest are counted
  if bucket is not null and not payments_private.note_rate_refusal(
    bucket, case bucket when 'address' then p_request ->> 'address_hash' else p_request ->> 'user_id' end) then
    return;
  end if;
  perform audit.append('user', p_request ->> 'user_id', p_operation || '.refused', 'refused', 'user',
    p_request ->> 'user_id', p_request ->> 'request_id', p_request ->> 'key_fingerprint', p_answer ->> 'code',
    coalesce(p_answer -> 'limit', '{}'),
    payments_private.keep_client(p_operation, p_request));
end
$$;
comment on function payments_private.audit_refusal(text, jsonb, jsonb) is
  'Writes the audit row of a refusal; refusals by a limit once for each subject and ten minutes.';

reset role;
