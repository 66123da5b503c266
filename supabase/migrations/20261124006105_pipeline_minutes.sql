-- Purpose: how far behind the pipeline was, and how many alerts were open, minute by minute.
-- Objects: payments_private.pipeline_minutes; watch_backlog also notes it.
-- Risk:    none: one row a minute, written by the worker alone, kept as long as the other metrics.

set role payments_owner;

create table payments_private.pipeline_minutes (
  minute timestamptz primary key,
  backlog_seconds integer not null,
  open_alerts integer not null,
  constraint figures_are_not_negative check (backlog_seconds >= 0 and open_alerts >= 0)
);
comment on table payments_private.pipeline_minutes is
  'The worst the worker saw in each minute: age of the oldest thing to do, and open alerts.';
alter table payments_private.pipeline_minutes enable row level security;
-- no grants: read through staff_read_overview

create function payments_private.note_pipeline(p_backlog_seconds integer) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  insert into payments_private.pipeline_minutes as m (minute, backlog_seconds, open_alerts)
  values (date_trunc('minute', now()), p_backlog_seconds, (
    select count(*) from payments_private.alerts as a where a.resolved_at is null))
  on conflict (minute) do update set
    backlog_seconds = greatest(m.backlog_seconds, excluded.backlog_seconds),
    open_alerts = greatest(m.open_alerts, excluded.open_alerts)
  where (m.backlog_seconds, m.open_alerts) is distinct from (
    greatest(m.backlog_seconds, excluded.backlog_seconds), greatest(m.open_alerts, excluded.open_alerts));
  delete from payments_private.pipeline_minutes as m where m.minute < payments_private.kept_since('metrics');
end
$$;
comment on function payments_private.note_pipeline(integer) is
  'Notes the backlog and the open alerts of this minute, the worst of several looks; drops what is older than the class metrics keeps.';

create function payments_private.watch_backlog() returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  age integer := payments_private.backlog_seconds();
  most integer := payments_private.alert_threshold('backlog_age');
begin
  if most is null or age < most then -- null: switched off
    perform payments_private.resolve_alert('backlog_age', 'pipeline');
  elsif not exists (
    select from payments_private.alerts as a where a.rule = 'backlog_age' and a.resolved_at is null) then
    perform payments_private.raise_alert('backlog_age', 'pipeline', 'critical', jsonb_build_object('seconds', age));
  end if;
  perform payments_private.note_pipeline(age);
end
$$;
comment on function payments_private.watch_backlog() is
  'Raises backlog_age when the oldest thing to do is older than the rule allows, closes it when it is not, and notes the age for the charts.';

reset role;
