-- Purpose: what an export of evidence is about, as ids to look for.
-- Objects: payments_private.evidence_ids, evidence_scope.
-- Risk:    reads only; for the operator's command.

set role payments_owner;

create function payments_private.evidence_ids(p_users uuid[]) returns text[]
language plpgsql stable
set search_path = ''
as $$
begin
  return array(
    select distinct owned.id from (
      select u::text as id from unnest(p_users) as u
      union all select t.id from payments.customers as t where t.user_id = any (p_users)
      union all select t.id from payments.checkout_sessions as t where t.user_id = any (p_users)
      union all select t.id from payments.subscriptions as t where t.user_id = any (p_users)
      union all select t.id from payments.invoices as t where t.user_id = any (p_users)
      union all select t.id from payments.payments as t where t.user_id = any (p_users)
      union all select t.id from payments.refunds as t where t.user_id = any (p_users)
      union all select t.id from payments.disputes as t where t.user_id = any (p_users)
      union all select t.id from payments.payment_methods as t where t.user_id = any (p_users)
      union all
      select t.id from payments_private.charges as t join payments.payments as p on p.id = t.payment_id
      where p.user_id = any (p_users)
      union all select t.id::text from payments_private.checkout_reservations as t where t.user_id = any (p_users)
      -- a user who was deleted while a legal hold was in force
      union all select t.content ->> 'id' from payments_private.held_rows as t where t.user_id = any (p_users)
    ) as owned where owned.id is not null order by owned.id);
end
$$;
comment on function payments_private.evidence_ids(uuid[]) is
  'The users'' own ids and those of everything that is theirs, as audit rows name them.';

create function payments_private.evidence_scope(p_incident uuid, p_users uuid[]) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  incident jsonb := '{}';
  users uuid[];
begin
  if p_incident is not null then
    -- named by text: incidents are a concern of their own, and a project may be without them
    if pg_catalog.to_regprocedure('payments_private.incident_scope(uuid)') is null then
      return '{"ok": false, "code": "no_incidents"}';
    end if;
    execute 'select payments_private.incident_scope($1)' into incident using p_incident;
    if incident is null then
      return '{"ok": false, "code": "unknown_incident"}';
    end if;
  end if;
  users := array(
    select distinct u from unnest(p_users || array(
      select x::uuid from jsonb_array_elements_text(coalesce(incident -> 'users', '[]')) as x)) as u order by u);
  return jsonb_build_object('ok', true, 'from', incident -> 'from', 'until', incident -> 'until', 'users', users,
    'resources', coalesce(incident -> 'resources', '[]'), 'ids', payments_private.evidence_ids(users));
end
$$;
comment on function payments_private.evidence_scope(uuid, uuid[]) is
  'An incident''s times, users and resources with the users given, and the ids of what is theirs: {ok, code, from, until, users, resources, ids}.';

reset role;
