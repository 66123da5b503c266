-- Purpose: how old a session may be, and how strong it must be for the portal.
-- Objects: settings for it; payments_private.session_facts, session_refusal.
-- Risk:    session_facts reads schema auth as postgres: one session's age and assurance level.

set role payments_owner;

alter table payments_private.settings
  add column max_session_age_seconds integer,
  add column portal_max_session_age_seconds integer,
  add column portal_requires_second_factor boolean not null default false,
  add constraint session_ages_are_positive check (
    max_session_age_seconds > 0 and portal_max_session_age_seconds > 0);
comment on column payments_private.settings.max_session_age_seconds is
  'How long after its sign-in a session may still pay; null: as long as it lives.';
comment on column payments_private.settings.portal_max_session_age_seconds is
  'How recent the sign-in must be to open the portal; null: as long as the session lives.';
comment on column payments_private.settings.portal_requires_second_factor is
  'Whether the portal wants a session that passed a second factor (aal2).';

reset role;

create function payments_private.session_facts(p_session_id uuid, out age_seconds bigint, out has_second_factor boolean)
language sql stable
security definer -- reads auth as postgres; answers about one session
set search_path = ''
as $$
  select extract(epoch from now() - s.created_at)::bigint, s.aal::text in ('aal2', 'aal3')
  from auth.sessions as s where s.id = p_session_id
$$;
comment on function payments_private.session_facts(uuid) is
  'Seconds since a session''s sign-in, and whether it passed a second factor.';
revoke all on function payments_private.session_facts(uuid) from public;
grant execute on function payments_private.session_facts(uuid) to payments_owner;

set role payments_owner;

create function payments_private.session_refusal(
  s payments_private.settings, p_operation text, p_session_id uuid
) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  facts record;
begin
  if s.max_session_age_seconds is null and s.portal_max_session_age_seconds is null
    and not s.portal_requires_second_factor then
    return null;
  end if;
  select * into facts from payments_private.session_facts(p_session_id);
  return case
    when facts.age_seconds > s.max_session_age_seconds then 'sign_in_again'
    when p_operation = 'portal' and facts.age_seconds > s.portal_max_session_age_seconds then 'sign_in_again'
    when p_operation = 'portal' and s.portal_requires_second_factor
      and not coalesce(facts.has_second_factor, false) then 'second_factor_required'
  end;
end
$$;
comment on function payments_private.session_refusal(payments_private.settings, text, uuid) is
  'Why a live session is too old or too weak for an operation: sign_in_again, second_factor_required; else null.';

reset role;
