-- Purpose: what a signed-in user, or the host's own policies, may ask.
-- Objects: payments.my_billing, payments.has_entitlement.
-- Risk:    executable by every signed-in user; both look only at the caller's own rows.

set role payments_owner;

create function payments.my_billing() returns jsonb
language plpgsql volatile
security definer -- writes the access to the audit log
set search_path = ''
as $$
declare
  caller uuid := payments_private.current_user_id();
begin
  if caller is null then
    raise exception 'sign in first' using errcode = '42501';
  end if;
  perform audit.append('user', caller::text, 'billing.read', 'success', 'user', caller::text);
  return payments_private.billing_summary(caller);
end
$$;
comment on function payments.my_billing() is
  'The caller''s billing summary (docs/schemas/billing-summary.schema.json). The access is logged, so it is called by POST.';

create function payments_private.billing_summary(p_user_id uuid) returns jsonb
language sql stable
set search_path = ''
as $$
  select jsonb_build_object(
    'has_customer', exists (
      select from payments.customers as c where c.user_id = p_user_id and c.deleted_at is null),
    'subscriptions', coalesce((
      select jsonb_agg(jsonb_build_object(
        'id', s.id, 'status', s.status, 'cancel_at_period_end', s.cancel_at_period_end,
        'cancel_at', s.cancel_at, 'current_period_end', s.current_period_end, 'created_at', s.created_at,
        'items', coalesce((
          select jsonb_agg(jsonb_build_object(
            'price_id', i.price_id, 'product_id', i.product_id, 'quantity', i.quantity,
            'currency', i.currency, 'unit_amount', i.unit_amount,
            'recurring_interval', i.recurring_interval) order by i.id)
          from payments.subscription_items as i where i.subscription_id = s.id), '[]')
        ) order by s.created_at desc, s.id)
      from payments.subscriptions as s where s.user_id = p_user_id), '[]'),
    'payments', coalesce((
      select jsonb_agg(to_jsonb(p)) from (
        select p.id, p.amount, p.currency, p.status, p.created_at
        from payments.payments as p where p.user_id = p_user_id
        order by p.created_at desc, p.id limit 50
      ) as p), '[]'),
    'entitlements', coalesce((
      select jsonb_agg(e.lookup_key order by e.lookup_key)
      from payments.entitlements as e where e.user_id = p_user_id), '[]'))
$$;
comment on function payments_private.billing_summary(uuid) is
  'Subscriptions with items, the newest 50 payments, and entitlement keys of one user; amounts in minor units.';

create function payments.has_entitlement(p_lookup_key text) returns boolean
language sql stable
security invoker -- runs under the caller's own row-level security
set search_path = ''
as $$
  select exists (select from payments.entitlements as e where e.lookup_key = p_lookup_key)
$$;
comment on function payments.has_entitlement(text) is
  'True when the caller has the entitlement; made for the host''s own policies: using ((select payments.has_entitlement(''pro''))).';

grant execute on function payments.my_billing() to authenticated;
grant execute on function payments.has_entitlement(text) to authenticated;

reset role;
