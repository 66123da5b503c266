-- Purpose: what people must hear of, raised in the transaction that notices it.
-- Objects: payments_private.alerts, payments_private.raise_alert.
-- Risk:    none; delivery is a task of its own.

set role payments_owner;

create table payments_private.alerts (
  id uuid primary key default gen_random_uuid(),
  rule text not null,
  subject text not null,
  severity text not null,
  first_seen_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  occurrences integer not null default 1,
  resolved_at timestamptz,
  detail jsonb not null default '{}',
  constraint severity_is_known check (severity in ('info', 'warning', 'critical')),
  constraint subject_is_bounded check (length(subject) <= 300)
);
comment on table payments_private.alerts is
  'One row for each open rule and subject; further occurrences raise its count. detail holds codes and ids only.';
create unique index an_alert_is_open_once on payments_private.alerts (rule, subject) where resolved_at is null;

alter table payments_private.alerts enable row level security;

create function payments_private.raise_alert(
  p_rule text, p_subject text, p_severity text, p_detail jsonb default '{}'
) returns void
language sql volatile
set search_path = ''
as $$
  insert into payments_private.alerts as a (rule, subject, severity, detail)
  values (p_rule, p_subject, p_severity, p_detail)
  on conflict (rule, subject) where resolved_at is null do update set
    last_seen_at = now(), occurrences = a.occurrences + 1, detail = excluded.detail
$$;
comment on function payments_private.raise_alert(text, text, text, jsonb) is
  'Opens an alert, or counts one that is open already.';

reset role;
