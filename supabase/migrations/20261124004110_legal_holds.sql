-- Purpose: what a court or an investigation needs is not purged.
-- Objects: payments_private.legal_holds, is_frozen, held_rows, keep_held_row; payments.staff_place_legal_hold,
--          staff_request_hold_release, staff_release_legal_hold, staff_list_legal_holds.
-- Risk:    a hold that is forgotten keeps personal data longer than people were told; `payments
--          legal-hold list` and `payments status` show them.
--
-- When in doubt a hold freezes: what cannot be said to be outside of it is kept.

set role payments_owner;

-- 1. Holds ----------------------------------------------------------------------------------------

create table payments_private.legal_holds (
  id uuid primary key default gen_random_uuid(),
  scope text not null,
  user_id uuid,
  resource_id text,
  covers tstzrange not null default '(,)',
  reason text not null,
  placed_by text not null,
  placed_at timestamptz not null default now(),
  release_requested_by text,
  release_requested_at timestamptz,
  release_request_reason text,
  released_by text,
  released_at timestamptz,
  release_reason text,
  constraint scope_is_known check (scope in ('all', 'user', 'resource', 'time')),
  constraint scope_says_what_it_holds check (
    (scope = 'user') = (user_id is not null) and (scope = 'resource') = (resource_id is not null)
    and (scope <> 'time' or not (lower_inf(covers) and upper_inf(covers)))),
  constraint covers_something check (not isempty(covers)),
  constraint reasons_are_given check (
    length(trim(reason)) between 3 and 500
    and (release_requested_at is null) = (release_requested_by is null)
    and (release_requested_at is null) = (release_request_reason is null)
    and (released_at is null) = (released_by is null) and (released_at is null) = (release_reason is null)),
  constraint a_release_was_requested check (released_at is null or release_requested_at is not null),
  constraint a_release_takes_a_second_person check (
    released_by <> placed_by and released_by <> release_requested_by)
);
comment on table payments_private.legal_holds is
  'What must not be purged, by whom and why. Rows stay after the release. Freezes every class and partition it overlaps.';
comment on column payments_private.legal_holds.user_id is 'No reference: the hold outlives its user.';
comment on column payments_private.legal_holds.covers is 'When what is held happened; unbounded where nobody said.';
create index legal_holds_active on payments_private.legal_holds (placed_at) where released_at is null;
alter table payments_private.legal_holds enable row level security;

create function payments_private.is_frozen(
  p_from timestamptz, p_until timestamptz, p_user_id uuid default null, p_resource_id text default null
) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return exists (
    select from payments_private.legal_holds as h
    where h.released_at is null and h.covers && tstzrange(least(p_from, p_until), greatest(p_from, p_until), '[]')
      and coalesce(h.user_id = p_user_id, true) and coalesce(h.resource_id = p_resource_id, true));
end
$$;
comment on function payments_private.is_frozen(timestamptz, timestamptz, uuid, text) is
  'Whether an active hold may cover what happened then, of this user and about this resource; null: not known, so any.';

-- The audit log's owner asks before it drops a partition.
grant usage on schema payments_private to audit_owner;
grant execute on function payments_private.is_frozen(timestamptz, timestamptz, uuid, text) to audit_owner;
alter function payments_private.is_frozen(timestamptz, timestamptz, uuid, text)
  security definer; -- audit_owner may not read the holds themselves

-- 2. Rows of a user who is deleted while held -----------------------------------------------------
-- GDPR 17 (3) (e): erasure does not apply as far as the data is needed for legal claims. The row goes
-- from where the service works with it, and is only stored (GDPR 18) until the hold is released.

create table payments_private.held_rows (
  id bigint generated always as identity primary key,
  table_name text not null,
  user_id uuid not null,
  happened_at timestamptz not null,
  content jsonb not null,
  held_at timestamptz not null default now()
);
comment on table payments_private.held_rows is
  'Rows of deleted users that a legal hold covers. Nobody but the owner reads them; the first purge after the release deletes them.';
create index held_rows_user on payments_private.held_rows (user_id);
alter table payments_private.held_rows enable row level security;

create function payments_private.keep_held_row() returns trigger
language plpgsql volatile
security definer -- fires inside the deletion of the user, whoever runs that
set search_path = ''
as $$
declare
  content jsonb := to_jsonb(old);
  happened timestamptz := (content ->> tg_argv[0])::timestamptz;
begin
  -- from when it began until now: a customer who was made before the time that is held may have paid in it
  if old.user_id is not null and payments_private.is_frozen(happened, now(), old.user_id) then
    insert into payments_private.held_rows (table_name, user_id, happened_at, content)
    values (tg_table_name, old.user_id, happened, content);
  end if;
  return case tg_op when 'DELETE' then old else new end;
end
$$;
comment on function payments_private.keep_held_row() is
  'Stores a row that a legal hold covers before it goes or loses its user. Argument: the column that says when it happened.';

create trigger what_is_held_is_stored before update of user_id on payments.customers
  for each row when (old.user_id is not null and new.user_id is null)
  execute function payments_private.keep_held_row('created_at');
create trigger what_is_held_is_stored before delete on payments_private.checkout_reservations
  for each row execute function payments_private.keep_held_row('created_at');
create trigger what_is_held_is_stored before delete on payments_private.user_holds
  for each row execute function payments_private.keep_held_row('placed_at');
create trigger what_is_held_is_stored before delete on payments_private.declines
  for each row execute function payments_private.keep_held_row('occurred_at');

-- 3. Who may --------------------------------------------------------------------------------------

insert into payments_private.role_permissions (role, permission) values
  ('admin', 'legal_hold.set'), ('admin', 'legal_hold.release'), ('admin', 'legal_hold.list'),
  ('auditor', 'legal_hold.set'), ('auditor', 'legal_hold.release'), ('auditor', 'legal_hold.list');

create function payments_private.place_legal_hold(
  p_by text, p_scope text, p_reason text, p_user_id uuid, p_resource_id text, p_from timestamptz, p_until timestamptz
) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  hold uuid;
begin
  insert into payments_private.legal_holds (scope, user_id, resource_id, covers, reason, placed_by)
  values (p_scope, p_user_id, p_resource_id, tstzrange(p_from, p_until, '[]'), p_reason, p_by)
  returning id into hold;
  perform audit.append('staff', p_by, 'legal_hold.placed', 'success', 'legal_hold', hold::text,
    p_reason => p_reason, p_detail => jsonb_strip_nulls(jsonb_build_object('scope', p_scope,
      'user', p_user_id, 'resource', p_resource_id, 'from', p_from, 'until', p_until)));
  return jsonb_build_object('ok', true, 'hold', hold);
exception when check_violation or data_exception then
  return '{"ok": false, "code": "invalid_hold"}';
end
$$;
comment on function payments_private.place_legal_hold(text, text, text, uuid, text, timestamptz, timestamptz) is
  'Places a hold: {ok, hold} or {ok: false, code: invalid_hold} where the scope and what it names disagree.';

create function payments_private.request_hold_release(p_by text, p_hold uuid, p_reason text) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
begin
  update payments_private.legal_holds as h set
    release_requested_by = p_by, release_requested_at = now(), release_request_reason = p_reason
  where h.id = p_hold and h.released_at is null;
  if not found then
    return '{"ok": false, "code": "not_found"}';
  end if;
  perform audit.append('staff', p_by, 'legal_hold.release_requested', 'success', 'legal_hold', p_hold::text,
    p_reason => p_reason);
  return '{"ok": true}';
end
$$;
comment on function payments_private.request_hold_release(text, uuid, text) is
  'Asks for a hold to be released: {ok, code}. It stays in force until somebody else releases it.';

create function payments_private.release_legal_hold(p_by text, p_hold uuid, p_reason text) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  hold payments_private.legal_holds;
  refusal text;
begin
  select h.* into hold from payments_private.legal_holds as h where h.id = p_hold and h.released_at is null for update;
  refusal := case
    when not found then 'not_found'
    when hold.release_requested_by is null then 'release_not_requested'
    when p_by in (hold.placed_by, hold.release_requested_by) then 'second_person_required' end;
  if refusal is not null then
    perform audit.append('staff', p_by, 'legal_hold.release_refused', 'refused', 'legal_hold', p_hold::text,
      p_reason => refusal);
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  update payments_private.legal_holds as h set released_by = p_by, released_at = now(), release_reason = p_reason
  where h.id = p_hold;
  perform audit.append('staff', p_by, 'legal_hold.released', 'success', 'legal_hold', p_hold::text, p_reason => p_reason);
  return '{"ok": true}';
end
$$;
comment on function payments_private.release_legal_hold(text, uuid, text) is
  'Releases a hold whose release somebody else requested and which somebody else placed: {ok, code}.';

create function payments_private.list_legal_holds(p_all boolean) returns jsonb
language sql stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'id', h.id, 'scope', h.scope, 'user_id', h.user_id, 'resource_id', h.resource_id,
    'from', lower(h.covers), 'until', upper(h.covers), 'reason', h.reason, 'placed_by', h.placed_by,
    'placed_at', h.placed_at, 'release_requested_by', h.release_requested_by,
    'release_request_reason', h.release_request_reason, 'released_by', h.released_by,
    'released_at', h.released_at) order by h.placed_at, h.id), '[]')
  from payments_private.legal_holds as h where p_all or h.released_at is null
$$;
comment on function payments_private.list_legal_holds(boolean) is 'Holds in force, or all that ever were, oldest first.';

-- 4. Procedures for staff -------------------------------------------------------------------------

create function payments.staff_place_legal_hold(
  p_scope text, p_reason text, p_user_id uuid default null, p_resource_id text default null,
  p_from timestamptz default null, p_until timestamptz default null
) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it touches anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('legal_hold.set', p_reason, 'legal_hold', null);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  return payments_private.place_legal_hold(payments_private.current_user_id()::text, p_scope, p_reason,
    p_user_id, p_resource_id, p_from, p_until);
end
$$;
comment on function payments.staff_place_legal_hold(text, text, uuid, text, timestamptz, timestamptz) is
  'Stops the purge of all, of a user, of a resource or of a time: {ok, code, hold}. Permission legal_hold.set.';

create function payments.staff_request_hold_release(p_hold uuid, p_reason text) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it touches anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('legal_hold.release', p_reason, 'legal_hold', p_hold::text);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  return payments_private.request_hold_release(payments_private.current_user_id()::text, p_hold, p_reason);
end
$$;
comment on function payments.staff_request_hold_release(uuid, text) is
  'Asks for the release of a legal hold: {ok, code}. Permission legal_hold.release.';

create function payments.staff_release_legal_hold(p_hold uuid, p_reason text) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it touches anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('legal_hold.release', p_reason, 'legal_hold', p_hold::text);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  return payments_private.release_legal_hold(payments_private.current_user_id()::text, p_hold, p_reason);
end
$$;
comment on function payments.staff_release_legal_hold(uuid, text) is
  'Releases a legal hold as the second person: {ok, code}; second_person_required for who placed it or asked for it. Permission legal_hold.release.';

create function payments.staff_list_legal_holds(p_reason text) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it reads anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('legal_hold.list', p_reason, 'legal_hold', null);
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  perform payments_private.staff_done(
    payments_private.current_user_id()::text, 'staff.legal_holds_listed', p_reason, 'legal_hold', null);
  return jsonb_build_object('ok', true, 'holds', payments_private.list_legal_holds(false));
end
$$;
comment on function payments.staff_list_legal_holds(text) is 'Legal holds in force: {ok, code, holds}. Permission legal_hold.list.';

grant execute on function payments.staff_place_legal_hold(text, text, uuid, text, timestamptz, timestamptz) to authenticated;
grant execute on function payments.staff_request_hold_release(uuid, text) to authenticated;
grant execute on function payments.staff_release_legal_hold(uuid, text) to authenticated;
grant execute on function payments.staff_list_legal_holds(text) to authenticated;

reset role;
