-- Purpose: the customer who comes back from checkout sees the truth at once, webhook or not.
-- Objects: payments.authorize_sync, record_sync.
-- Risk:    the same code path as every other fetch; a user reaches only their own customer.

set role payments_owner;

create function payments.authorize_sync(p_request jsonb) returns jsonb
language plpgsql volatile
security definer -- the function's role has no table access of its own
set search_path = ''
as $$
declare
  for_user uuid := (p_request ->> 'user_id')::uuid;
  answer jsonb := payments_private.authorize_operation('sync', p_request, true);
  sync_customer text;
begin
  if answer ->> 'decision' = 'refuse' then
    perform payments_private.audit_refusal('sync', p_request, answer);
    return answer;
  end if;
  select c.id into sync_customer from payments.customers as c
  where c.user_id = for_user and c.deleted_at is null;
  perform audit.append('user', for_user::text, 'sync.authorized', 'success', 'customer', sync_customer,
    p_request ->> 'request_id', p_request ->> 'key_fingerprint',
    p_detail => payments_private.keep_client('sync', p_request));
  return jsonb_build_object('decision', 'proceed', 'customer_id', sync_customer,
    'ticket', nextval('payments_private.ticket_numbers'),
    'summary', payments_private.billing_summary(for_user));
end
$$;
comment on function payments.authorize_sync(jsonb) is
  'Decides on a sync: {decision, code, customer_id, ticket, summary}. The ticket dates the fetches that follow.';

create function payments_private.customer_of(p_kind text, p_object_id text) returns text
language sql stable
set search_path = ''
as $$
  select case p_kind
    when 'subscription' then (select t.customer_id from payments.subscriptions as t where t.id = p_object_id)
    when 'checkout.session' then (select t.customer_id from payments.checkout_sessions as t where t.id = p_object_id)
    when 'payment_intent' then (select t.customer_id from payments.payments as t where t.id = p_object_id)
    when 'invoice' then (select t.customer_id from payments.invoices as t where t.id = p_object_id)
    when 'entitlements.active_entitlement_summary' then p_object_id
  end
$$;
comment on function payments_private.customer_of(text, text) is
  'The Stripe customer that an object is known to belong to; null when it is unknown or of a kind a sync does not bring.';

create function payments_private.belongs_to(p_fetched jsonb, p_customer_id text) returns boolean
language sql stable
set search_path = ''
as $$
  -- what the projection says and what is known already must both be this customer: whoever holds the
  -- function's key reaches no other customer's objects, and nothing of the catalogue
  select coalesce(case p_fetched ->> 'kind'
    when 'entitlements.active_entitlement_summary' then p_fetched #>> '{projection,id}' = p_customer_id
    when 'subscription' then p_fetched #>> '{projection,customer_id}' = p_customer_id
    when 'checkout.session' then p_fetched #>> '{projection,customer_id}' = p_customer_id
    when 'payment_intent' then p_fetched #>> '{projection,customer_id}' = p_customer_id
    when 'invoice' then p_fetched #>> '{projection,customer_id}' = p_customer_id
  end, false)
  and coalesce(payments_private.customer_of(p_fetched ->> 'kind', p_fetched #>> '{projection,id}'),
    p_customer_id) = p_customer_id
$$;
comment on function payments_private.belongs_to(jsonb, text) is
  'Whether {kind, projection} is of a kind a sync brings and of this customer.';

create function payments.record_sync(p_result jsonb) returns jsonb
language plpgsql volatile
security definer -- the function's role has no table access of its own
set search_path = ''
as $$
declare
  for_user uuid := (p_result ->> 'user_id')::uuid;
  fetched jsonb;
begin
  if not exists (
    select from payments.customers as c where c.id = p_result ->> 'customer_id' and c.user_id = for_user
  ) then
    return '{"recorded": false}';
  end if;
  for fetched in
    select o.value from jsonb_array_elements(p_result -> 'objects') as o
    order by o.value ->> 'kind', o.value #>> '{projection,id}' -- one order of locks for everybody
  loop
    if not payments_private.belongs_to(fetched, p_result ->> 'customer_id') then
      raise exception 'the object is not the customer''s' using errcode = 'PP004';
    end if;
    perform payments_private.apply_fetched(fetched ->> 'kind', fetched #>> '{projection,id}',
      (p_result ->> 'ticket')::bigint, to_timestamp((p_result ->> 'as_of')::bigint), fetched -> 'projection');
  end loop;
  perform audit.append('user', for_user::text, 'sync.recorded', 'success', 'customer', p_result ->> 'customer_id',
    p_result ->> 'request_id', p_result ->> 'key_fingerprint',
    p_detail => jsonb_build_object('objects', jsonb_array_length(p_result -> 'objects')));
  return jsonb_build_object('recorded', true, 'summary', payments_private.billing_summary(for_user));
end
$$;
comment on function payments.record_sync(jsonb) is
  'Applies what was fetched of one customer and returns the billing summary. recorded is false when the customer is not the user''s. Raises PP004 for an object of another customer.';

grant execute on function payments.authorize_sync(jsonb) to payments_sync;
grant execute on function payments.record_sync(jsonb) to payments_sync;

reset role;
