-- Purpose: the only reads of schema auth, as small as they can be.
-- Objects: payments_private.session_is_live, payments_private.current_user_id.
-- Risk:    security definer owned by postgres, because on hosted Supabase nobody else can be given
--          USAGE on schema auth and its tables have row-level security without policies.

create function payments_private.session_is_live(p_session_id uuid, p_user_id uuid) returns boolean
language plpgsql stable -- planned once: it is on the path of every operation
security definer -- reads auth as postgres; answers yes or no about one session and user
set search_path = ''
as $$
begin
  return exists (
    select
    from auth.sessions as s
    join auth.users as u on u.id = s.user_id
    where s.id = p_session_id
      and u.id = p_user_id
      and (s.not_after is null or s.not_after > now())
      and (u.banned_until is null or u.banned_until <= now())
      and u.deleted_at is null
      and not coalesce(u.is_anonymous, false)
  );
end
$$;
comment on function payments_private.session_is_live(uuid, uuid) is
  'True while the session exists and its user is neither banned, deleted nor anonymous.';

revoke all on function payments_private.session_is_live(uuid, uuid) from public;
grant execute on function payments_private.session_is_live(uuid, uuid) to payments_owner;

set role payments_owner;

create function payments_private.current_user_id() returns uuid
language sql stable
set search_path = ''
as $$
  select nullif(
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub', '')::uuid
$$;
comment on function payments_private.current_user_id() is
  'The signed-in user of this request (PostgREST''s request.jwt.claims), or null. payments_owner cannot call auth.uid().';

reset role;
