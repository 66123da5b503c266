-- Purpose: the guard in front of customer-portal.
-- Objects: payments.authorize_portal, payments.record_portal.
-- Risk:    none; reads the user's own mapping and writes audit rows.

set role payments_owner;

create function payments_private.decide_portal(p_request jsonb, p_user_id uuid, p_shared jsonb) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  portal_customer text;
  live_subscription text;
begin
  if p_shared ->> 'decision' = 'refuse' then
    return p_shared;
  end if;
  select c.id into portal_customer from payments.customers as c
  where c.user_id = p_user_id and c.deleted_at is null;
  if portal_customer is null then
    return '{"decision": "refuse", "code": "no_customer"}';
  end if;
  if p_request ->> 'flow' = 'cancel' then
    select s.id into live_subscription from payments.subscriptions as s
    where s.user_id = p_user_id and s.customer_id = portal_customer
      and s.status not in ('canceled', 'incomplete_expired')
      and not s.cancel_at_period_end and s.cancel_at is null -- one that ends already cannot be cancelled again
    order by s.created_at desc, s.id limit 1;
    if live_subscription is null then
      return '{"decision": "refuse", "code": "no_subscription"}';
    end if;
  end if;
  return jsonb_build_object('decision', 'proceed', 'customer_id', portal_customer,
    'subscription_id', live_subscription);
end
$$;
comment on function payments_private.decide_portal(jsonb, uuid, jsonb) is 'The portal''s own checks, after those that all operations share.';

create function payments.authorize_portal(p_request jsonb) returns jsonb
language plpgsql volatile
security definer -- the function's role has no table access of its own
set search_path = ''
as $$
declare
  for_user uuid := (p_request ->> 'user_id')::uuid;
  answer jsonb := payments_private.decide_portal(
    p_request, for_user, payments_private.authorize_operation('portal', p_request, true));
begin
  if answer ->> 'decision' = 'refuse' then
    perform payments_private.audit_refusal('portal', p_request, answer);
  else
    perform audit.append('user', for_user::text, 'portal.authorized', 'success', 'customer',
      answer ->> 'customer_id', p_request ->> 'request_id', p_request ->> 'key_fingerprint',
      p_detail => jsonb_build_object('flow', p_request -> 'flow') || payments_private.keep_client('portal', p_request));
  end if;
  return answer;
end
$$;
comment on function payments.authorize_portal(jsonb) is
  'Decides on a portal session in one round trip: {decision: proceed|refuse, code, customer_id, subscription_id}. The audit row is written either way.';

create function payments.record_portal(p_user_id uuid, p_customer_id text, p_request_id text, p_key_fingerprint text)
returns void
language plpgsql volatile
security definer -- the function's role has no table access of its own
set search_path = ''
as $$
begin
  perform audit.append('user', p_user_id::text, 'portal.opened', 'success', 'customer', p_customer_id,
    p_request_id, p_key_fingerprint);
end
$$;
comment on function payments.record_portal(uuid, text, text, text) is 'Records that a portal link was handed out.';

grant execute on function payments.authorize_portal(jsonb) to payments_portal;
grant execute on function payments.record_portal(uuid, text, text, text) to payments_portal;

reset role;
