-- Purpose: what staff do: look at a user's billing, hold, switch, set limits.
-- Objects: payments.staff_find_user_billing, staff_set_hold, staff_release_hold, staff_release_address,
--          staff_set_kill_switch, staff_update_settings.
-- Risk:    reach into other people's billing and stop it; permission, live session and a reason are asked
--          on every call, and each leaves an audit row.

set role payments_owner;

create function payments.staff_find_user_billing(p_user_id uuid, p_reason text) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it reads anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('billing.read', p_reason, 'user', p_user_id::text);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  perform payments_private.staff_done(
    payments_private.current_user_id()::text, 'staff.billing_read', p_reason, 'user', p_user_id::text);
  return jsonb_build_object('ok', true, 'on_hold', payments_private.is_held(p_user_id),
    'billing', payments_private.billing_summary(p_user_id));
end
$$;
comment on function payments.staff_find_user_billing(uuid, text) is
  'A user''s billing summary: {ok, code, on_hold, billing}. Permission billing.read.';

create function payments_private.set_hold(p_actor text, p_user_id uuid, p_reason text) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
begin
  begin
    insert into payments_private.user_holds (user_id, reason, placed_by)
    values (p_user_id, p_reason, p_actor) on conflict do nothing;
  exception when foreign_key_violation or not_null_violation then
    return '{"ok": false, "code": "unknown_user"}';
  end;
  perform payments_private.staff_done(p_actor, 'staff.hold_set', p_reason, 'user', p_user_id::text);
  return '{"ok": true}';
end
$$;
comment on function payments_private.set_hold(text, uuid, text) is
  'Puts a user on hold: {ok, code: unknown_user}. The worker then expires their open checkouts at Stripe.';

create function payments_private.release_hold(p_actor text, p_user_id uuid, p_reason text) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
begin
  update payments_private.user_holds as h set
    released_at = now(), released_by = p_actor, release_reason = p_reason
  where h.user_id = p_user_id and h.released_at is null;
  if not found then
    return '{"ok": false, "code": "not_found"}';
  end if;
  perform payments_private.staff_done(p_actor, 'staff.hold_released', p_reason, 'user', p_user_id::text);
  return '{"ok": true}';
end
$$;
comment on function payments_private.release_hold(text, uuid, text) is
  'Releases a user''s hold: {ok, code: not_found}. What was counted before it counts no more.';

create function payments_private.release_address(p_actor text, p_address_hash text, p_reason text) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
begin
  update payments_private.address_holds as h set
    released_at = now(), released_by = p_actor, release_reason = p_reason
  where h.address_hash = p_address_hash and h.released_at is null and h.expires_at > now();
  if not found then
    return '{"ok": false, "code": "not_found"}';
  end if;
  perform payments_private.staff_done(p_actor, 'staff.address_released', p_reason, 'address', p_address_hash);
  return '{"ok": true}';
end
$$;
comment on function payments_private.release_address(text, text, text) is
  'Releases an address before its hold ends by itself: {ok, code: not_found}.';

create function payments_private.set_kill_switch(p_actor text, p_switch text, p_stop boolean, p_reason text)
returns jsonb
language plpgsql volatile
set search_path = ''
as $$
begin
  update payments_private.settings as s set
    stop_all = case p_switch when 'all' then p_stop else s.stop_all end,
    stop_checkout = case p_switch when 'checkout' then p_stop else s.stop_checkout end,
    stop_portal = case p_switch when 'portal' then p_stop else s.stop_portal end,
    stop_webhooks = case p_switch when 'webhooks' then p_stop else s.stop_webhooks end
  where p_switch in ('all', 'checkout', 'portal', 'webhooks') and p_stop is not null;
  if not found then
    return '{"ok": false, "code": "unknown_switch"}';
  end if;
  perform payments_private.staff_done(p_actor, 'staff.switch_set', p_reason, 'switch', p_switch,
    jsonb_build_object('stop', p_stop));
  return '{"ok": true}';
end
$$;
comment on function payments_private.set_kill_switch(text, text, boolean, text) is
  'Throws or takes back a kill switch (all, checkout, portal, webhooks): {ok, code: unknown_switch}.';

create function payments_private.update_settings(p_actor text, p_changes jsonb, p_reason text) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  before jsonb;
  names text;
begin
  if jsonb_typeof(p_changes) is distinct from 'object' or p_changes = '{}' then
    return '{"ok": false, "code": "unknown_setting"}';
  end if;
  select to_jsonb(s) into before from payments_private.settings as s for update;
  -- switches have an RPC and a permission of their own
  if exists (
    select from jsonb_object_keys(p_changes) as k
    where not before ? k or k = 'only_row' or k like 'stop\_%'
  ) then
    return '{"ok": false, "code": "unknown_setting"}';
  end if;
  -- names of columns only, checked just now, and quoted all the same
  select string_agg(format('%I', k), ', ') into names from jsonb_object_keys(p_changes) as k;
  begin
    execute format(
      'update payments_private.settings as s set (%1$s) = (select %1$s from jsonb_populate_record(s, $1))',
      names) using p_changes;
  exception when check_violation or not_null_violation or invalid_text_representation
    or numeric_value_out_of_range then
    return '{"ok": false, "code": "invalid_setting"}';
  end;
  perform payments_private.staff_done(p_actor, 'staff.settings_updated', p_reason, 'settings', null, jsonb_build_object(
    'before', (select jsonb_object_agg(k, before -> k) from jsonb_object_keys(p_changes) as k),
    'after', p_changes));
  return '{"ok": true}';
end
$$;
comment on function payments_private.update_settings(text, jsonb, text) is
  'Changes settings, whole or not at all: {ok, code: unknown_setting | invalid_setting}.';

create function payments.staff_set_hold(p_user_id uuid, p_reason text) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it touches anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('hold.set', p_reason, 'user', p_user_id::text);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  return payments_private.set_hold(payments_private.current_user_id()::text, p_user_id, p_reason);
end
$$;
comment on function payments.staff_set_hold(uuid, text) is
  'Puts a user on hold: {ok, code}. Permission hold.set.';

create function payments.staff_release_hold(p_user_id uuid, p_reason text) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it touches anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('hold.set', p_reason, 'user', p_user_id::text);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  return payments_private.release_hold(payments_private.current_user_id()::text, p_user_id, p_reason);
end
$$;
comment on function payments.staff_release_hold(uuid, text) is
  'Releases a hold: {ok, code}. Permission hold.set.';

create function payments.staff_release_address(p_address_hash text, p_reason text) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it touches anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('hold.set', p_reason, 'address', left(p_address_hash, 255));
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  return payments_private.release_address(payments_private.current_user_id()::text, p_address_hash, p_reason);
end
$$;
comment on function payments.staff_release_address(text, text) is
  'Releases an address: {ok, code}. Permission hold.set.';

create function payments.staff_set_kill_switch(p_switch text, p_stop boolean, p_reason text) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it touches anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('switch.set', p_reason, 'switch', left(p_switch, 255));
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  return payments_private.set_kill_switch(payments_private.current_user_id()::text, p_switch, p_stop, p_reason);
end
$$;
comment on function payments.staff_set_kill_switch(text, boolean, text) is
  'Throws or takes back a kill switch (all, checkout, portal, webhooks): {ok, code}. Permission switch.set.';

create function payments.staff_update_settings(p_changes jsonb, p_reason text) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it touches anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('settings.update', p_reason, 'settings', null);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  return payments_private.update_settings(payments_private.current_user_id()::text, p_changes, p_reason);
end
$$;
comment on function payments.staff_update_settings(jsonb, text) is
  'Changes limits and caps: {ok, code}; unknown_setting or invalid_setting changes nothing. Permission settings.update.';

grant execute on function payments.staff_find_user_billing(uuid, text) to authenticated;
grant execute on function payments.staff_set_hold(uuid, text) to authenticated;
grant execute on function payments.staff_release_hold(uuid, text) to authenticated;
grant execute on function payments.staff_release_address(text, text) to authenticated;
grant execute on function payments.staff_set_kill_switch(text, boolean, text) to authenticated;
grant execute on function payments.staff_update_settings(jsonb, text) to authenticated;

reset role;
