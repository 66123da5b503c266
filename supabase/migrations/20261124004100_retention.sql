-- Purpose: how long each class of data is kept, in one table that an operator may change.
-- Objects: payments_private.retention_classes, kept_since; payments.staff_set_retention.
-- Risk:    a shorter time deletes more at the next purge; each class has bounds that cannot be passed.

set role payments_owner;

create table payments_private.retention_classes (
  class text primary key,
  keep_days integer not null,
  least_days integer not null,
  most_days integer not null,
  constraint class_is_a_name check (class ~ '^[a-z_]+$' and length(class) <= 40),
  constraint keep_days_is_within_bounds check (keep_days between least_days and most_days)
);
comment on table payments_private.retention_classes is
  'How many days each class is kept (docs/retention.md). The purge runs payments_private.purge_<class> for every row.';
comment on column payments_private.retention_classes.least_days is
  'Below it something else breaks: events younger than 31 days are not ignored when they are resent.';
alter table payments_private.retention_classes enable row level security;

insert into payments_private.retention_classes (class, keep_days, least_days, most_days) values
  ('audit', 400, 90, 3650),
  ('events', 90, 31, 3650),
  ('event_conflicts', 400, 90, 3650),
  ('raw_bodies', 30, 1, 30),
  ('client_details', 90, 1, 400),
  ('metrics', 30, 1, 400),
  ('domain_events', 30, 1, 400),
  ('reservations', 30, 2, 400),
  ('refusal_counts', 30, 1, 400),
  ('rule_actions', 90, 7, 400),
  ('resolved_alerts', 400, 30, 3650);

create function payments_private.kept_since(p_class text) returns timestamptz
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select now() - make_interval(days => c.keep_days)
    from payments_private.retention_classes as c where c.class = p_class);
end
$$;
comment on function payments_private.kept_since(text) is
  'From when on a class is kept; null for a class that is not there, so that nothing of it is older.';

create function payments.staff_set_retention(p_class text, p_keep_days integer, p_reason text) returns jsonb
language plpgsql volatile
security definer -- asks staff_refusal before it touches anything
set search_path = ''
as $$
declare
  refusal text := payments_private.staff_refusal('settings.update', p_reason, 'retention', p_class);
  before integer;
begin
  if refusal is not null then
    return jsonb_build_object('ok', false, 'code', refusal);
  end if;
  select c.keep_days into before from payments_private.retention_classes as c where c.class = p_class for update;
  if not found then
    return '{"ok": false, "code": "unknown_class"}';
  end if;
  begin
    update payments_private.retention_classes as c set keep_days = p_keep_days where c.class = p_class;
  exception when check_violation or not_null_violation then
    return '{"ok": false, "code": "invalid_setting"}';
  end;
  perform payments_private.staff_done(
    payments_private.current_user_id()::text, 'staff.retention_set', p_reason, 'retention', p_class,
    jsonb_build_object('before', before, 'after', p_keep_days));
  return '{"ok": true}';
end
$$;
comment on function payments.staff_set_retention(text, integer, text) is
  'Sets how many days a class is kept: {ok, code}; unknown_class or invalid_setting changes nothing. Permission settings.update.';

grant execute on function payments.staff_set_retention(text, integer, text) to authenticated;

reset role;
