-- Purpose: the guard in front of create-checkout: every check in one round trip.
-- Objects: payments.authorize_checkout, check_session; payments_private.decide_checkout.
-- Risk:    one advisory lock for each user while the guard runs.

set role payments_owner;

create function payments_private.reuse_reservation(p payments_private.checkout_reservations) returns jsonb
language sql volatile
set search_path = ''
as $$
  -- past its expiry only Stripe can say whether it was paid: it is closed there first
  select case when p.expires_at > now()
    then jsonb_build_object('decision', 'proceed', 'reservation', payments_private.describe_reservation(p))
    else jsonb_build_object('decision', 'replace', 'reservation', payments_private.describe_reservation(p),
      'ticket', nextval('payments_private.ticket_numbers')) end
$$;
comment on function payments_private.reuse_reservation(payments_private.checkout_reservations) is
  'What to do with a reservation that is still reserved or open: go on with it, or replace it once its time is over.';

create function payments_private.decide_checkout(p_request jsonb, p_user_id uuid, p_shared jsonb) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  wanted record;
  held payments_private.checkout_reservations;
  key_row payments_private.idempotency_keys;
  parameters_hash text;
  wanted_mode text := p_request ->> 'mode';
  cap text;
begin
  select k.* into key_row from payments_private.idempotency_keys as k
  where k.user_id = p_user_id and k.idempotency_key = p_request ->> 'idempotency_key'
    and k.created_at > now() - interval '24 hours';
  select r.* into held from payments_private.checkout_reservations as r
  where r.id = key_row.reservation_id and key_row.body_sha256 = p_request ->> 'body_sha256';

  -- 422, unless the answer is a session that stands already
  if held.state is null or held.state not in ('reserved', 'open') then
    select * into wanted from payments_private.price_checkout(wanted_mode, p_request -> 'items');
    if wanted.errors <> '[]' then
      return jsonb_build_object('decision', 'refuse', 'code', 'not_purchasable', 'errors', wanted.errors);
    end if;
    cap := payments_private.cap_refusal(p_user_id, wanted.currency, wanted.amount_minor);
    if cap is not null then
      return jsonb_build_object('decision', 'refuse', 'code', 'not_purchasable',
        'errors', jsonb_build_array(jsonb_build_object('path', 'items', 'code', cap)));
    end if;
  end if;

  -- 403, 409, 429
  if p_shared ->> 'code' in ('forbidden', 'on_hold') then
    return p_shared;
  elsif payments_private.is_country_refused(array[p_request ->> 'country']) then
    return '{"decision": "refuse", "code": "country_not_allowed"}';
  elsif key_row.body_sha256 <> p_request ->> 'body_sha256' then
    return '{"decision": "refuse", "code": "idempotency_conflict"}';
  elsif held.state in ('reserved', 'open') then
    return case p_shared ->> 'decision' when 'refuse' then p_shared else payments_private.reuse_reservation(held) end;
  end if;
  if wanted_mode = 'subscription' then
    perform payments_private.free_settled_slots(p_user_id);
    if payments_private.has_live_subscription(p_user_id, wanted.items) then
      return '{"decision": "refuse", "code": "already_subscribed"}';
    end if;
  end if;
  if held.state = 'completed' then
    return '{"decision": "refuse", "code": "idempotency_conflict"}';
  end if;

  parameters_hash := encode(sha256(convert_to(jsonb_build_array(
    wanted_mode, wanted.items, p_request -> 'success_url', p_request -> 'cancel_url',
    p_request -> 'locale')::text, 'UTF8')), 'hex');
  if wanted_mode = 'subscription' then
    held := payments_private.blocking_reservation(p_user_id, wanted.items);
    if held.state = 'completed' then
      return '{"decision": "refuse", "code": "already_subscribed"}';
    end if;
  end if;
  if p_shared ->> 'decision' = 'refuse' then
    return p_shared;
  elsif wanted_mode = 'subscription' and held.id is not null and held.parameters_sha256 = parameters_hash then
    perform payments_private.remember_key(p_request, p_user_id, held.id);
    return payments_private.reuse_reservation(held);
  elsif wanted_mode = 'subscription' and held.id is not null then
    return jsonb_build_object('decision', 'replace', 'reservation', payments_private.describe_reservation(held),
      'ticket', nextval('payments_private.ticket_numbers'));
  elsif payments_private.trips_velocity(
    p_user_id, p_request ->> 'address_hash', wanted.currency, wanted.amount_minor) then
    return '{"decision": "refuse", "code": "on_hold"}';
  end if;
  return jsonb_build_object('decision', 'proceed', 'reservation', payments_private.describe_reservation(
    payments_private.reserve(p_request, p_user_id, parameters_hash, wanted.items, wanted.currency, wanted.amount_minor)));
end
$$;
comment on function payments_private.decide_checkout(jsonb, uuid, jsonb) is
  'A checkout''s own checks, in the order in which refusals are told; p_shared is the answer of the checks that all operations share. The caller holds the user''s lock.';

create function payments.authorize_checkout(p_request jsonb) returns jsonb
language plpgsql volatile
security definer -- the function's role has no table access of its own
set search_path = ''
as $$
declare
  for_user uuid := (p_request ->> 'user_id')::uuid;
  answer jsonb := payments_private.authorize_operation('checkout', p_request, true);
begin
  if answer ->> 'decision' = 'proceed' or answer ->> 'code' in ('forbidden', 'on_hold', 'rate_limited') then
    perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('checkout:' || for_user, 0));
    answer := payments_private.decide_checkout(p_request, for_user, answer);
  end if;
  if answer ->> 'decision' = 'refuse' then
    perform payments_private.audit_refusal('checkout', p_request, answer);
    return answer;
  end if;
  perform audit.append('user', for_user::text, 'checkout.authorized', 'success',
    'reservation', answer #>> '{reservation,id}', p_request ->> 'request_id', p_request ->> 'key_fingerprint',
    p_detail => jsonb_build_object('mode', p_request -> 'mode', 'decision', answer -> 'decision'),
    p_client_commitment => payments_private.keep_client('checkout', p_request));
  return answer || jsonb_build_object('customer', payments_private.customer_for_checkout(for_user, p_request ->> 'address_hash'));
end
$$;
comment on function payments.authorize_checkout(jsonb) is
  'Decides on a checkout in one round trip: {decision: proceed|replace|refuse, code, errors, reservation, customer, ticket}. The audit row is written either way.';

create function payments.check_session(p_user_id uuid, p_session_id uuid) returns boolean
language sql stable
security definer -- the functions' roles cannot reach schema auth
set search_path = ''
as $$
  select payments_private.session_is_live(p_session_id, p_user_id)
$$;
comment on function payments.check_session(uuid, uuid) is
  'Whether a session is alive, for requests whose body is refused before the guard is asked: 401 comes before 400 and 422.';

grant execute on function payments.authorize_checkout(jsonb) to payments_checkout;
grant execute on function payments.check_session(uuid, uuid) to payments_checkout, payments_portal, payments_sync;

reset role;
