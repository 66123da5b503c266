-- Purpose: which people may do what, checked live on every call.
-- Objects: payments_private.role_permissions, staff_members, staff_refusal; payments.staff_grant_role,
--          staff_revoke_role, staff_list; payments_private.bootstrap_admin.
-- Risk:    staff RPCs can be called by every signed-in user; each asks staff_refusal first and answers
--          {"ok": false} where it says no. They do not raise: a refusal must leave its audit row.
--
-- What is done stands in a function of payments_private that takes the actor: the RPC calls it with
-- the signed-in member, the operator's command, which has the database, with the operator's name.

set role payments_owner;

create table payments_private.role_permissions (
  role text not null,
  permission text not null,
  constraint role_permissions_pkey primary key (role, permission),
  constraint role_is_known check (role in ('user', 'admin', 'finance', 'support', 'auditor'))
);
comment on table payments_private.role_permissions is
  'The matrix of docs/staff.md: what each role may do. Every signed-in user has the role user.';

insert into payments_private.role_permissions (role, permission) values
  ('user', 'checkout.create'), ('user', 'portal.open'), ('user', 'billing.sync'),
  ('admin', 'billing.read'), ('admin', 'hold.set'), ('admin', 'refund.create'), ('admin', 'settings.update'),
  ('admin', 'switch.set'), ('admin', 'staff.grant'), ('admin', 'staff.list'),
  ('finance', 'billing.read'), ('finance', 'refund.create'),
  ('support', 'billing.read'), ('support', 'hold.set'),
  ('auditor', 'billing.read'), ('auditor', 'staff.list');

create table payments_private.staff_members (
  user_id uuid not null,
  role text not null,
  granted_by text not null,
  granted_at timestamptz not null default now(),
  constraint staff_members_pkey primary key (user_id, role),
  constraint role_is_known check (role in ('admin', 'finance', 'support', 'auditor'))
);
comment on table payments_private.staff_members is 'Who has which role. Looked at on every call: a demotion works on the next one.';

alter table payments_private.role_permissions enable row level security;
alter table payments_private.staff_members enable row level security;

create function payments_private.id_or_nothing(p_text text) returns text
language plpgsql immutable
set search_path = ''
as $$
begin
  -- people may ask with any text: what is no id, or may be a card's number, does not stay for good
  return case when p_text ~ '^[A-Za-z0-9_.:-]{1,255}$' and not payments_private.holds_card_number(p_text)
    then p_text end;
end
$$;
comment on function payments_private.id_or_nothing(text) is
  'The text if it can be an id, else null: what may be written to the log of what somebody asked for.';

create function payments_private.staff_refusal(
  p_permission text, p_reason text, p_resource_type text, p_resource_id text
) returns text
language plpgsql volatile
set search_path = ''
as $$
declare
  claims jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
  caller uuid := payments_private.current_user_id();
  refusal text;
begin
  refusal := case
    when caller is null or claims ->> 'role' is distinct from 'authenticated' then 'unauthorized'
    when not payments_private.session_is_live((claims ->> 'session_id')::uuid, caller) then 'session_ended'
    when not exists (
      select from payments_private.staff_members as m
      join payments_private.role_permissions as p on p.role = m.role
      where m.user_id = caller and p.permission = p_permission
    ) then 'forbidden'
    -- spaces of any kind, also those without width, are no reason
    when length(regexp_replace(coalesce(p_reason, ''),
      '[\s\u00a0\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]',
      '', 'g')) < 3 then 'reason_required'
    when length(p_reason) > 500 then 'reason_too_long' end;
  -- Everybody with an account may ask: a flood of it is counted, and does not fill the log for good. Counted by
  -- what was tried, too: who is refused often for one thing is still seen to try another.
  if refusal is not null and caller is not null
    and payments_private.note_rate_refusal('staff', concat_ws(' ', caller, p_permission, refusal), 5) then
    perform audit.append('staff', caller::text, 'staff.refused', 'refused', p_resource_type,
      payments_private.id_or_nothing(p_resource_id), null, null, refusal,
      jsonb_build_object('permission', p_permission));
  end if;
  return refusal;
end
$$;
comment on function payments_private.staff_refusal(text, text, text, text) is
  'Why the caller may not do this: unauthorized, session_ended, forbidden, reason_required, reason_too_long; null when they may. The first five refusals of a caller in ten minutes, of each permission and kind, are audited, the rest counted.';

create function payments_private.staff_done(
  p_actor text, p_action text, p_reason text, p_resource_type text, p_resource_id text, p_detail jsonb default '{}'
) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  perform audit.append('staff', p_actor, p_action, 'success', p_resource_type, p_resource_id, null, null,
    p_reason, p_detail);
end
$$;
comment on function payments_private.staff_done(text, text, text, text, text, jsonb) is
  'The audit row of what a member of staff (p_actor: user id) or an operator (p_actor: name) did.';

create function payments_private.staff_sought_in_vain(
  p_reason text, p_resource_type text, p_resource_id text
) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  perform audit.append('staff', payments_private.current_user_id()::text, 'staff.sought_in_vain', 'failure',
    p_resource_type, payments_private.id_or_nothing(p_resource_id), null, null, p_reason, '{}');
end
$$;
comment on function payments_private.staff_sought_in_vain(text, text, text) is
  'The audit row of a look-up by a member of staff that found nothing.';

create function payments_private.grant_role(p_actor text, p_user_id uuid, p_role text, p_reason text) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
begin
  -- every signed-in user has the role user: it is nobody's to give
  if p_role = 'user' or not exists (select from payments_private.role_permissions as p where p.role = p_role) then
    return '{"ok": false, "code": "unknown_role"}';
  end if;
  begin
    insert into payments_private.staff_members (user_id, role, granted_by)
    values (p_user_id, p_role, p_actor) on conflict do nothing;
  exception when foreign_key_violation or not_null_violation then
    return '{"ok": false, "code": "unknown_user"}';
  end;
  perform payments_private.staff_done(p_actor, 'staff.role_granted', p_reason, 'user', p_user_id::text,
    jsonb_build_object('role', p_role));
  return '{"ok": true}';
end
$$;
comment on function payments_private.grant_role(text, uuid, text, text) is
  'Gives a user a role: {ok, code}; code: unknown_role, unknown_user.';

create function payments_private.revoke_role(p_actor text, p_user_id uuid, p_role text, p_reason text) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
begin
  -- in line: two admins that remove each other must not both succeed
  perform from payments_private.staff_members as m where m.role = 'admin' for update;
  if p_role = 'admin' and not exists (
    select from payments_private.staff_members as m where m.role = 'admin' and m.user_id <> p_user_id
  ) then
    return '{"ok": false, "code": "last_admin"}';
  end if;
  delete from payments_private.staff_members as m where m.user_id = p_user_id and m.role = p_role;
  if not found then
    return '{"ok": false, "code": "not_found"}';
  end if;
  perform payments_private.staff_done(p_actor, 'staff.role_revoked', p_reason, 'user', p_user_id::text,
    jsonb_build_object('role', p_role));
  return '{"ok": true}';
end
$$;
comment on function payments_private.revoke_role(text, uuid, text, text) is
  'Takes a role from a user: {ok, code}; code: last_admin, not_found. The last admin stays, whoever asks.';

create function payments_private.list_staff() returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object('user_id', m.user_id, 'role', m.role,
      'granted_by', m.granted_by, 'granted_at', m.granted_at) order by m.granted_at, m.user_id, m.role), '[]')
    from payments_private.staff_members as m);
end
$$;
comment on function payments_private.list_staff() is 'Who has which role: [{user_id, role, granted_by, granted_at}].';

create function payments.staff_grant_role(p_user_id uuid, p_role text, p_reason text) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it touches anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('staff.grant', p_reason, 'user', p_user_id::text);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  return payments_private.grant_role(payments_private.current_user_id()::text, p_user_id, p_role, p_reason);
end
$$;
comment on function payments.staff_grant_role(uuid, text, text) is 'Gives a user a role: {ok, code}. Permission staff.grant.';

create function payments.staff_revoke_role(p_user_id uuid, p_role text, p_reason text) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it touches anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('staff.grant', p_reason, 'user', p_user_id::text);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  return payments_private.revoke_role(payments_private.current_user_id()::text, p_user_id, p_role, p_reason);
end
$$;
comment on function payments.staff_revoke_role(uuid, text, text) is
  'Takes a role from a user: {ok, code}; last_admin for the last one. Permission staff.grant.';

create function payments.staff_list(p_reason text) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it reads anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('staff.list', p_reason, 'staff', null);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  perform payments_private.staff_done(
    payments_private.current_user_id()::text, 'staff.listed', p_reason, 'staff', null);
  return jsonb_build_object('ok', true, 'staff', payments_private.list_staff());
end
$$;
comment on function payments.staff_list(text) is 'Who has which role: {ok, code, staff}. Permission staff.list.';

create function payments_private.bootstrap_admin(p_user_id uuid, p_operator text, p_reason text) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
begin
  -- in line: two operators who set up at once make one first admin
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('payments_private.bootstrap_admin'));
  if exists (select from payments_private.staff_members as m where m.role = 'admin') then
    return '{"ok": false, "code": "admin_exists"}'; -- from the second on, an admin grants the role
  end if;
  begin
    insert into payments_private.staff_members (user_id, role, granted_by) values (p_user_id, 'admin', p_operator);
  exception when foreign_key_violation or not_null_violation then
    return '{"ok": false, "code": "unknown_user"}';
  end;
  perform payments_private.staff_done(p_operator, 'staff.first_admin', p_reason, 'user', p_user_id::text);
  return '{"ok": true}';
end
$$;
comment on function payments_private.bootstrap_admin(uuid, text, text) is
  'Makes the first admin; for the operator''s command, which has the database: {ok, code}; code: admin_exists, unknown_user.';

grant execute on function payments.staff_grant_role(uuid, text, text) to authenticated;
grant execute on function payments.staff_revoke_role(uuid, text, text) to authenticated;
grant execute on function payments.staff_list(text) to authenticated;

reset role;

-- `on delete cascade`: a role means nothing without its user
alter table payments_private.staff_members add constraint user_is_known
  foreign key (user_id) references auth.users (id) on delete cascade;
