-- Purpose: staff find the person behind a Stripe id, and see who and what is on hold.
-- Objects: payments.staff_find_user, staff_list_holds; permission hold.read.
-- Risk:    names users by their id; a reason is asked and kept.

set role payments_owner;

insert into payments_private.role_permissions (role, permission) values
  ('admin', 'hold.read'), ('support', 'hold.read'), ('auditor', 'hold.read');

create function payments.staff_find_user(p_object_id text, p_reason text) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it reads anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('billing.read', p_reason, 'stripe_object', left(p_object_id, 255));
  found_user uuid;
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  found_user := coalesce(
    (select c.user_id from payments.customers as c where c.id = p_object_id),
    (select p.user_id from payments.payments as p where p.id = p_object_id),
    (select s.user_id from payments.subscriptions as s where s.id = p_object_id),
    (select i.user_id from payments.invoices as i where i.id = p_object_id),
    (select s.user_id from payments.checkout_sessions as s where s.id = p_object_id));
  if found_user is null then -- who tries ids one after another is seen
    perform payments_private.staff_sought_in_vain(p_reason, 'stripe_object', p_object_id);
    return '{"ok": false, "code": "not_found"}';
  end if;
  perform payments_private.staff_done(payments_private.current_user_id()::text, 'staff.user_found', p_reason,
    'user', found_user::text, jsonb_build_object('object', left(p_object_id, 255)));
  return jsonb_build_object('ok', true, 'user_id', found_user);
end
$$;
comment on function payments.staff_find_user(text, text) is
  'Whose customer, payment, subscription, invoice or checkout this Stripe id is: {ok, code, user_id}. Permission billing.read.';

create function payments.staff_list_holds(p_reason text) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it reads anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('hold.read', p_reason, 'hold', null);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  perform payments_private.staff_done(
    payments_private.current_user_id()::text, 'staff.holds_listed', p_reason, 'hold', null);
  return jsonb_build_object('ok', true,
    'users', (
      select coalesce(jsonb_agg(jsonb_build_object('user_id', h.user_id, 'reason', h.reason, 'placed_by', h.placed_by,
        'placed_at', h.placed_at) order by h.placed_at desc, h.user_id), '[]')
      from (select u.* from payments_private.user_holds as u where u.released_at is null
        order by u.placed_at desc limit 500) as h),
    'addresses', (
      select coalesce(jsonb_agg(jsonb_build_object('address_hash', a.address_hash, 'reason', a.reason,
        'placed_at', a.placed_at, 'expires_at', a.expires_at) order by a.placed_at desc, a.address_hash), '[]')
      from (select d.* from payments_private.address_holds as d
        where d.released_at is null and d.expires_at > now() order by d.placed_at desc limit 500) as a));
end
$$;
comment on function payments.staff_list_holds(text) is
  'Users and addresses (as keyed hashes) that are on hold, newest first, at most 500 of each: {ok, code, users, addresses}. Permission hold.read.';

grant execute on function payments.staff_find_user(text, text) to authenticated;
grant execute on function payments.staff_list_holds(text) to authenticated;

reset role;
