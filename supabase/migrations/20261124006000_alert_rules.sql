-- Purpose: what may be raised, how bad it is and what to do about it, as data that an operator may change.
-- Objects: payments_private.alert_rules, alert_deliveries, alert_threshold, resolve_alert; alerts gets who
--          answered it; raise_alert looks the rule up and writes the delivery.
-- Risk:    a rule that is switched off raises nothing any more. One that is not in the table is raised all
--          the same: nothing is lost because a row is missing.

set role payments_owner;

-- 1. Rules ----------------------------------------------------------------------------------------

create table payments_private.alert_rules (
  rule text primary key,
  severity text not null,
  title text not null,
  runbook text not null,
  enabled boolean not null default true,
  threshold integer,
  window_seconds integer,
  constraint rule_is_a_name check (rule ~ '^[a-z_]+$' and length(rule) <= 60),
  constraint severity_is_known check (severity in ('info', 'warning', 'critical')),
  constraint title_is_bounded check (length(title) between 1 and 200),
  constraint threshold_is_positive check (threshold > 0),
  constraint window_is_sensible check (window_seconds between 60 and 86400)
);
comment on table payments_private.alert_rules is
  'Every rule that can raise an alert (docs/alerts.md): severity, title, the page that says what to do, and its threshold where it has one.';
comment on column payments_private.alert_rules.threshold is
  'From what on it is raised: a count within window_seconds, seconds of age for backlog_age, days for key_age. Null: each occurrence.';
alter table payments_private.alert_rules enable row level security;
-- no grants: read through raise_alert, changed by staff_set_alert_rule

insert into payments_private.alert_rules (rule, severity, title, runbook, threshold, window_seconds) values
  ('signature_failures', 'critical', 'Many webhook deliveries with a bad signature', 'docs/alerts.md#signature_failures', 20, 300),
  ('backlog_age', 'critical', 'The pipeline is behind', 'docs/alerts.md#backlog_age', 300, null),
  ('key_age', 'warning', 'A key is older than it should be', 'docs/alerts.md#key_age', 90, null),
  ('alert_delivery_dead', 'critical', 'An alert could not be delivered', 'docs/alerts.md#alert_delivery_dead', null, null),
  ('dead_letter', 'critical', 'An event could not be applied', 'docs/alerts.md#dead_letter', null, null),
  ('event_id_reused', 'critical', 'A signed delivery reuses the id of another event', 'docs/alerts.md#event_id_reused', null, null),
  ('refresh_stuck', 'critical', 'An object cannot be fetched from Stripe', 'docs/alerts.md#refresh_stuck', null, null),
  ('reconcile_overdue', 'warning', 'A reconciliation has not finished in time', 'docs/alerts.md#reconcile_overdue', null, null),
  ('outbox_dead', 'critical', 'The host application does not take a domain event', 'docs/alerts.md#outbox_dead', null, null),
  ('notice_dead', 'critical', 'A notice about an incident is not taken', 'docs/alerts.md#notice_dead', null, null),
  ('incident_clock', 'warning', 'The authority must be told of an incident within a day', 'docs/alerts.md#incident_clock', null, null),
  ('incident_overdue', 'critical', 'The authority should have been told of an incident', 'docs/alerts.md#incident_overdue', null, null),
  ('customer_deletion_stuck', 'critical', 'A deleted user''s billing could not be ended', 'docs/alerts.md#customer_deletion_stuck', null, null),
  ('refund_refused', 'warning', 'Stripe refused a refund', 'docs/alerts.md#refund_refused', null, null),
  ('refund_stuck', 'critical', 'A refund could not be made', 'docs/alerts.md#refund_stuck', null, null),
  ('early_fraud_warning', 'critical', 'A bank warns of fraud', 'docs/alerts.md#early_fraud_warning', null, null),
  ('dispute', 'critical', 'A payment is disputed', 'docs/alerts.md#dispute', null, null),
  ('card_testing', 'critical', 'Cards are being tested', 'docs/alerts.md#card_testing', null, null),
  ('unpaid_sessions', 'critical', 'A user opens checkouts and pays none', 'docs/alerts.md#unpaid_sessions', null, null),
  ('users_by_address', 'critical', 'Many users check out from one address', 'docs/alerts.md#users_by_address', null, null),
  ('new_customers', 'critical', 'Many new customers from one address', 'docs/alerts.md#new_customers', null, null),
  ('amount_velocity', 'critical', 'Unusually much is being checked out', 'docs/alerts.md#amount_velocity', null, null),
  ('country_mismatch', 'warning', 'A payment comes from a country that is not accepted', 'docs/alerts.md#country_mismatch', null, null),
  ('duplicate_subscription', 'critical', 'A user has two subscriptions to one product', 'docs/alerts.md#duplicate_subscription', null, null),
  ('enforcement_not_confirmed', 'critical', 'Stripe does not confirm what a rule wants done', 'docs/alerts.md#enforcement_not_confirmed', null, null),
  ('enforcement_stuck', 'critical', 'What a rule wants done at Stripe fails', 'docs/alerts.md#enforcement_stuck', null, null),
  ('seal_backlog', 'critical', 'The audit trail is not being sealed', 'docs/alerts.md#seal_backlog', null, null),
  ('seal_failed', 'critical', 'A seal of the audit trail could not be made', 'docs/alerts.md#seal_failed', null, null),
  ('audit_row_missing', 'critical', 'A row of the audit trail is gone', 'docs/alerts.md#audit_row_missing', null, null),
  ('anchor_failed', 'critical', 'A head of the audit trail could not be taken out', 'docs/alerts.md#anchor_failed', null, null),
  ('anchor_conflict', 'critical', 'Another head of the audit trail is anchored', 'docs/alerts.md#anchor_conflict', null, null),
  ('audit_tampered', 'critical', 'The audit trail does not verify', 'docs/alerts.md#audit_tampered', null, null),
  ('audit_verification_missed', 'critical', 'The audit trail was not verified in time', 'docs/alerts.md#audit_verification_missed', null, null),
  ('audit_verification_stuck', 'warning', 'A verification of the audit trail does not end', 'docs/alerts.md#audit_verification_stuck', null, null),
  ('card_data_found', 'critical', 'A card number stands in the database', 'docs/alerts.md#card_data_found', null, null);

create function payments_private.alert_threshold(p_rule text) returns integer
language plpgsql stable
set search_path = ''
as $$
begin
  return (select r.threshold from payments_private.alert_rules as r where r.rule = p_rule and r.enabled);
end
$$;
comment on function payments_private.alert_threshold(text) is
  'The threshold of a rule; null where it is switched off or has none.';

-- 2. Deliveries -----------------------------------------------------------------------------------

alter table payments_private.alerts
  add column acknowledged_at timestamptz,
  add column acknowledged_by text,
  add column resolved_by text;
comment on column payments_private.alerts.acknowledged_by is 'User id of a member of staff, or the operator''s name.';
comment on column payments_private.alerts.resolved_by is 'Who closed it; null where its cause went away by itself.';

create table payments_private.alert_deliveries (
  alert_id uuid primary key references payments_private.alerts (id) on delete cascade,
  state text not null default 'pending',
  attempts integer not null default 0,
  next_attempt_at timestamptz not null default now(),
  lease bigint,
  leased_until timestamptz,
  delivered_at timestamptz,
  last_error text,
  constraint state_is_known check (state in ('pending', 'delivered', 'dead'))
);
comment on table payments_private.alert_deliveries is
  'One message for each alert that was opened; further occurrences write none. Leased, retried and dead-lettered like payments.outbox.';
create index alert_deliveries_due on payments_private.alert_deliveries (next_attempt_at) where state = 'pending';
alter table payments_private.alert_deliveries enable row level security;
-- no grants: the worker reads it through claim_alerts

create or replace function payments_private.raise_alert(
  p_rule text, p_subject text, p_severity text, p_detail jsonb default '{}'
) returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  opened uuid;
  found_rule payments_private.alert_rules;
begin
  select r.* into found_rule from payments_private.alert_rules as r where r.rule = p_rule;
  if found_rule.enabled is false then
    return;
  end if;
  insert into payments_private.alerts as a (rule, subject, severity, detail)
  values (p_rule, p_subject, coalesce(found_rule.severity, p_severity), p_detail)
  on conflict (rule, subject) where resolved_at is null do update set
    last_seen_at = now(), occurrences = a.occurrences + 1, detail = excluded.detail
  returning case when a.occurrences = 1 then a.id end into opened;
  if opened is not null then
    insert into payments_private.alert_deliveries (alert_id) values (opened);
  end if;
end
$$;
comment on function payments_private.raise_alert(text, text, text, jsonb) is
  'Opens an alert and writes its one delivery, or counts one that is open already. The rule''s own severity counts; p_severity is that of a rule without a row.';

create function payments_private.resolve_alert(p_rule text, p_subject text) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  update payments_private.alerts as a set resolved_at = now()
  where a.rule = p_rule and a.subject = p_subject and a.resolved_at is null;
end
$$;
comment on function payments_private.resolve_alert(text, text) is
  'Closes an alert whose cause is gone, so that the next time is told again.';

create function payments_private.note_alert_end(p_alert uuid, p_state text, p_error text) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  if p_state = 'dead' then
    -- one subject for all of them: an alert about each would be as many again that nobody hears
    perform payments_private.raise_alert('alert_delivery_dead', 'alerts', 'critical',
      jsonb_build_object('alert', p_alert, 'error', left(p_error, 200)));
  end if;
  perform audit.append('service', 'payments_worker', 'alert.' || p_state,
    case p_state when 'dead' then 'failure' else 'success' end, 'alert', p_alert::text);
end
$$;
comment on function payments_private.note_alert_end(uuid, text, text) is
  'The audit row of an alert that was delivered or given up, and the alert about one that was given up.';

create function payments.claim_alerts(p_limit integer, p_lease_seconds integer) returns jsonb
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
declare
  token bigint := nextval('payments_private.ticket_numbers');
  claimed jsonb;
  given_up uuid[];
begin
  with due as (
    -- counted at the claim: one whose worker dies each time has an end, too
    select d.alert_id, d.attempts >= 15 as is_over from payments_private.alert_deliveries as d
    join payments_private.alerts as a on a.id = d.alert_id
    where d.state = 'pending' and d.next_attempt_at <= now()
      and (d.leased_until is null or d.leased_until < now())
      -- who sets the address up later hears what is open, not what was over long ago
      and (a.resolved_at is null or a.first_seen_at > now() - interval '1 day')
    order by d.next_attempt_at limit least(greatest(p_limit, 0), 100)
    for update of d skip locked
  ), leased as (
    update payments_private.alert_deliveries as d set
      lease = token, attempts = d.attempts + 1,
      leased_until = now() + make_interval(secs => least(greatest(p_lease_seconds, 1), 600)),
      -- where the worker is not heard of again; a pause grows whoever failed
      next_attempt_at = now() + make_interval(secs => least(greatest(p_lease_seconds, 1), 600))
        + least(payments_private.backoff(d.attempts + 1), interval '5 minutes')
    from due where d.alert_id = due.alert_id and not due.is_over
    returning d.alert_id, d.attempts
  ), ended as (
    update payments_private.alert_deliveries as d set
      state = 'dead', last_error = 'worker_lost', leased_until = null
    from due where d.alert_id = due.alert_id and due.is_over
    returning d.alert_id
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'id', a.id, 'lease', token, 'attempt', l.attempts, 'rule', a.rule, 'subject', a.subject,
    'severity', a.severity, 'title', coalesce(r.title, a.rule), 'runbook', coalesce(r.runbook, 'docs/alerts.md'),
    'first_seen_at', a.first_seen_at, 'last_seen_at', a.last_seen_at, 'occurrences', a.occurrences,
    'detail', a.detail)), '[]'), (select array_agg(e.alert_id) from ended as e)
  into claimed, given_up
  from leased as l
  join payments_private.alerts as a on a.id = l.alert_id
  left join payments_private.alert_rules as r on r.rule = a.rule;
  perform payments_private.note_alert_end(g, 'dead', 'worker_lost') from unnest(given_up) as g;
  return claimed;
end
$$;
comment on function payments.claim_alerts(integer, integer) is
  'Leases up to p_limit alerts that are still to be told (at most 100): [{id, lease, attempt, rule, subject, severity, title, runbook, first_seen_at, last_seen_at, occurrences, detail}]. One whose worker was lost fifteen times ends dead.';

create function payments.finish_alert(p_id uuid, p_lease bigint, p_error text default null) returns text
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
declare
  row_state text;
begin
  update payments_private.alert_deliveries as d set
    state = case when p_error is null then 'delivered' when d.attempts >= 15 then 'dead' else 'pending' end,
    delivered_at = case when p_error is null then now() end,
    last_error = left(p_error, 200), lease = null, leased_until = null,
    -- an alert that comes an hour late is none: the pauses stay short
    next_attempt_at = now() + least(payments_private.backoff(d.attempts), interval '5 minutes')
  -- a worker past its lease changes nothing; but what was given up and then taken after all was taken
  where d.alert_id = p_id and d.lease = p_lease and (d.state = 'pending' or p_error is null)
  returning d.state into row_state;
  if row_state in ('delivered', 'dead') then
    perform payments_private.note_alert_end(p_id, row_state, p_error);
  end if;
  return coalesce(row_state, 'fenced');
end
$$;
comment on function payments.finish_alert(uuid, bigint, text) is
  'Ends one attempt to tell an alert (p_error null: it was taken). Returns delivered, pending, dead after 15 attempts, or fenced when the lease was lost.';

grant execute on function payments.claim_alerts(integer, integer) to payments_worker;
grant execute on function payments.finish_alert(uuid, bigint, text) to payments_worker;

reset role;
