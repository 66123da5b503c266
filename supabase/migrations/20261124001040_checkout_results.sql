-- Purpose: record what happened at Stripe after the guard said yes.
-- Objects: payments.record_checkout, record_replaced_checkout, renew_checkout_key, release_checkout.
-- Risk:    locks are taken in the order object, reservation, rows, marks, as everywhere.

set role payments_owner;

create function payments.record_checkout(p_result jsonb) returns jsonb
language plpgsql volatile
security definer -- the function's role has no table access of its own
set search_path = ''
as $$
declare
  session jsonb := p_result -> 'session';
  made_id text := p_result #>> '{session,id}';
  object payments_private.mirrored_objects := payments_private.lock_object('checkout.session', made_id);
  reservation payments_private.checkout_reservations;
  is_held boolean;
begin
  select r.* into reservation from payments_private.checkout_reservations as r
  where r.id = (p_result ->> 'reservation_id')::uuid for update;
  if not found or not payments_private.link_customer(reservation.user_id, p_result ->> 'customer_id') then
    return '{"recorded": false, "code": "forbidden"}';
  end if;
  -- replaced or released while Stripe was asked, or another call's session was here first: this
  -- session's link must not be handed out
  if reservation.state not in ('reserved', 'open') or reservation.session_id <> made_id then
    return '{"recorded": false, "code": "checkout_in_progress"}';
  end if;
  update payments_private.checkout_reservations as r set
    state = 'open', session_id = p_result #>> '{session,id}', url = p_result ->> 'url'
  where r.id = reservation.id;

  if object.ticket = 0 then
    -- the answer to a creation is older than any event about the session: as_of stays open
    perform payments_private.apply_snapshot('checkout.session', made_id, session,
      '-infinity', nextval('payments_private.ticket_numbers'), 'refresh');
  else -- an event was faster; what it said of the session holds for the reservation too
    perform payments_private.settle_reservation(c.id, c.status) from payments.checkout_sessions as c
    where c.id = made_id;
  end if;
  -- held while Stripe was asked: the session is known, so that it is closed, and its link is not handed out
  is_held := payments_private.is_on_hold(reservation.user_id, reservation.address_hash);
  perform audit.append('user', reservation.user_id::text, 'checkout.opened',
    case when is_held then 'refused' else 'success' end,
    'checkout.session', made_id, p_result ->> 'request_id', p_result ->> 'key_fingerprint',
    case when is_held then 'on_hold' end,
    p_detail => jsonb_build_object('amount_minor', reservation.amount_minor, 'currency', reservation.currency,
      'reservation', reservation.id));
  return case when is_held then '{"recorded": false, "code": "on_hold"}' else '{"recorded": true}' end::jsonb;
end
$$;
comment on function payments.record_checkout(jsonb) is
  'Records the session that Stripe made for a reservation and binds the customer to the user: {recorded, code}. Not recorded when the customer belongs to somebody else (forbidden), the user is on hold by now (on_hold), or the reservation has ended or has another session (checkout_in_progress).';

create function payments.record_replaced_checkout(p_result jsonb) returns void
language plpgsql volatile
security definer -- the function's role has no table access of its own
set search_path = ''
as $$
declare
  session jsonb := p_result -> 'session';
  made_id text := p_result #>> '{session,id}';
  reservation payments_private.checkout_reservations;
begin
  perform payments_private.lock_object('checkout.session', made_id);
  select r.* into reservation from payments_private.checkout_reservations as r
  where r.id = (p_result ->> 'reservation_id')::uuid for update;
  if not found or reservation.session_id <> made_id
    or payments_private.owner_of(session ->> 'customer_id') <> reservation.user_id then
    raise exception 'the session is not the reservation''s' using errcode = 'PP004';
  end if;
  update payments_private.checkout_reservations as r set session_id = made_id where r.id = reservation.id;
  perform payments_private.apply_fetched('checkout.session', made_id, (p_result ->> 'ticket')::bigint,
    to_timestamp((p_result ->> 'as_of')::bigint), session);
  perform payments_private.settle_reservation(made_id, session ->> 'status');
  perform audit.append('service', 'payments_checkout', 'checkout.replaced', 'success', 'checkout.session',
    made_id, p_result ->> 'request_id', p_result ->> 'key_fingerprint',
    p_detail => jsonb_build_object('status', session -> 'status'));
end
$$;
comment on function payments.record_replaced_checkout(jsonb) is
  'Records what Stripe says of a session that stood in the way: expired by us, expired already, or paid. ticket is the guard''s. Raises PP004 for a session of another reservation or user.';

create function payments.renew_checkout_key(p_reservation_id uuid, p_stripe_idempotency_key text) returns jsonb
language plpgsql volatile
security definer -- the function's role has no table access of its own
set search_path = ''
as $$
declare
  reservation payments_private.checkout_reservations;
begin
  -- compare and swap: of many callers that saw the same saved error, one mints the next key
  update payments_private.checkout_reservations as r set
    stripe_idempotency_key = 'checkout_' || gen_random_uuid()
  where r.id = p_reservation_id and r.stripe_idempotency_key = p_stripe_idempotency_key
    and r.state = 'reserved';
  select r.* into reservation from payments_private.checkout_reservations as r where r.id = p_reservation_id;
  return payments_private.describe_reservation(reservation);
end
$$;
comment on function payments.renew_checkout_key(uuid, text) is
  'Replaces a reservation''s key whose saved answer at Stripe is a server error. Call it only after Stripe''s list shows no session of the reservation.';

create function payments.release_checkout(p_reservation_id uuid, p_reason text, p_request_id text) returns void
language plpgsql volatile
security definer -- the function's role has no table access of its own
set search_path = ''
as $$
declare
  reservation payments_private.checkout_reservations;
begin
  select r.* into reservation from payments_private.checkout_reservations as r
  where r.id = p_reservation_id for update;
  if reservation.state = 'reserved' and reservation.session_id is null then
    perform payments_private.close_reservation(p_reservation_id, 'released');
  elsif reservation.session_id is not null then
    -- a session is known, so it may be paid: the worker asks Stripe, under the right account
    perform payments_private.mark_objects(
      jsonb_build_array(jsonb_build_object('kind', 'checkout.session', 'id', reservation.session_id)));
  end if;
  perform audit.append('service', 'payments_checkout', 'checkout.released', 'failure', 'reservation',
    p_reservation_id::text, p_request_id, null, p_reason);
end
$$;
comment on function payments.release_checkout(uuid, text, text) is
  'Frees a reservation for which Stripe definitely refused (400) to make a session; one whose session is known is marked for a fetch instead. Never call it after a time-out, a 401 or a 403.';

grant execute on function payments.record_checkout(jsonb) to payments_checkout;
grant execute on function payments.record_replaced_checkout(jsonb) to payments_checkout;
grant execute on function payments.renew_checkout_key(uuid, text) to payments_checkout;
grant execute on function payments.release_checkout(uuid, text, text) to payments_checkout;

reset role;
