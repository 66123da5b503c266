-- Purpose: have the whole trail verified once a day, page by page, and keep the signed reports.
-- Objects: audit.verification_runs, verification_reports, audit.watch; payments.begin_verification,
--          pause_, finish_ and fail_verification, read_seals, find_stray_rows, find_untold_events.
-- Risk:    reads everything once a day; every call is bounded.

set role audit_owner;

-- 1. Runs and reports -----------------------------------------------------------------------------

create table audit.verification_runs (
  only_row boolean not null default true,
  armed_at timestamptz not null default now(),
  finished_at timestamptz,
  progress jsonb,
  lease bigint,
  leased_until timestamptz,
  constraint verification_runs_pkey primary key (only_row),
  constraint there_is_one_run check (only_row)
);
comment on table audit.verification_runs is 'When the trail was last verified whole, and where a run goes on.';
insert into audit.verification_runs default values;
alter table audit.verification_runs enable row level security;
revoke all on audit.verification_runs from public;

create table audit.verification_reports (
  id bigint generated always as identity,
  finished_at timestamptz not null default clock_timestamp(),
  finding_count integer not null,
  findings jsonb not null,
  key_id text not null,
  statement text not null,
  signature text not null,
  constraint verification_reports_pkey primary key (id),
  constraint finding_count_is_not_negative check (finding_count >= 0),
  constraint findings_are_a_bounded_list check (jsonb_typeof(findings) = 'array' and pg_column_size(findings) <= 65536),
  constraint report_signature_is_ed25519 check (length(signature) = 88),
  constraint report_statement_is_bounded check (length(statement) <= 1000)
);
comment on table audit.verification_reports is
  'What each daily verification found, signed. findings holds ids and places, no content. Rows are final.';
alter table audit.verification_reports enable row level security;
revoke all on audit.verification_reports from public;
create trigger audit_rows_are_final
  before update or delete or truncate on audit.verification_reports
  for each statement execute function audit.refuse_change();

create function audit.watch() returns void
language plpgsql volatile
security definer -- pg_cron runs it as postgres, also while the worker is down
set search_path = ''
as $$
begin
  perform audit.watch_backlog();
  if exists (
    select from audit.verification_runs as r
    where coalesce(r.finished_at, r.armed_at) < now() - interval '26 hours'
  ) then
    perform payments_private.raise_audit_alert('audit_verification_missed', 'audit', 'critical');
  else
    perform payments_private.resolve_audit_alert('audit_verification_missed');
  end if;
end
$$;
comment on function audit.watch() is
  'Raises what nobody else would: a verification that has not finished for 26 hours, and unsealed rows older than five minutes.';
grant execute on function audit.watch() to postgres;

-- 2. A run ----------------------------------------------------------------------------------------

create function payments.begin_verification(p_forced boolean, p_lease_seconds integer) returns jsonb
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
declare
  run audit.verification_runs;
  token bigint;
begin
  perform audit.watch();
  select r.* into run from audit.verification_runs as r for update skip locked;
  if not found or run.leased_until > clock_timestamp() then
    return '{"due": false}';
  end if;
  if not p_forced and run.progress is null and run.finished_at > now() - interval '1 day' then
    return '{"due": false}';
  end if;
  token := nextval('audit.lease_numbers');
  update audit.verification_runs set
    lease = token,
    leased_until = clock_timestamp() + make_interval(secs => least(greatest(p_lease_seconds, 1), 600));
  return jsonb_build_object(
    'due', true,
    'lease', token,
    'progress', run.progress,
    'epochs', (
      select coalesce(jsonb_agg(jsonb_build_object('statement', e.statement, 'signature', e.signature)
        order by e.epoch), '[]') from audit.epochs as e),
    'purges', (
      select coalesce(jsonb_agg(jsonb_build_object('statement', p.statement, 'signature', p.signature)
        order by p.month), '[]') from audit.purge_records as p),
    'lost', (
      select coalesce(jsonb_agg(jsonb_build_object('id', r.log_id, 'occurred_at', r.occurred_at)), '[]')
      from (select l.log_id, l.occurred_at from audit.lost_rows as l order by l.found_at limit 100) as r),
    'last_report', (
      select jsonb_build_object('statement', r.statement, 'signature', r.signature)
      from audit.verification_reports as r order by r.id desc limit 1));
end
$$;
comment on function payments.begin_verification(boolean, integer) is
  'Takes the lease of the daily verification if it is due (or forced, or paused): {due, lease, progress, epochs, purges, lost, last_report}.';

create function payments.pause_verification(p_lease bigint, p_progress jsonb) returns boolean
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
begin
  update audit.verification_runs as r set progress = p_progress, lease = null, leased_until = null
  where r.lease = p_lease;
  return found;
end
$$;
comment on function payments.pause_verification(bigint, jsonb) is
  'Saves how far a run came; the next call of the worker goes on from there. False when the lease was lost.';

create function payments.fail_verification(p_lease bigint, p_error text) returns void
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
begin
  -- a minute's pause; what was verified stays verified
  update audit.verification_runs as r set lease = null, leased_until = clock_timestamp() + interval '1 minute'
  where r.lease = p_lease;
  if found then
    perform payments_private.raise_audit_alert('audit_verification_stuck', 'audit', 'warning',
      jsonb_build_object('error', left(p_error, 200)));
  end if;
end
$$;
comment on function payments.fail_verification(bigint, text) is
  'Gives a run back that could not go on; it is due again after a minute, from where it was.';

create function payments.finish_verification(p_lease bigint, p_report jsonb) returns boolean
language plpgsql volatile
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
declare
  findings integer := (p_report ->> 'finding_count')::integer;
begin
  update audit.verification_runs as r set
    finished_at = now(), progress = null, lease = null, leased_until = null
  where r.lease = p_lease;
  if not found then
    return false;
  end if;
  insert into audit.verification_reports (finding_count, findings, key_id, statement, signature)
  values (findings, p_report -> 'findings', p_report ->> 'key_id', p_report ->> 'statement',
    p_report ->> 'signature');
  perform audit.append('service', 'payments_worker', 'audit.verified',
    case findings when 0 then 'success' else 'failure' end, 'audit', null,
    p_detail => jsonb_build_object('seals', p_report -> 'seals', 'rows', p_report -> 'rows', 'findings', findings));
  perform payments_private.resolve_audit_alert('audit_verification_stuck');
  perform payments_private.resolve_audit_alert('audit_verification_missed');
  if findings > 0 then
    perform payments_private.raise_audit_alert('audit_tampered', 'audit', 'critical',
      jsonb_build_object('findings', findings, 'first', p_report #> '{findings,0}'));
  end if;
  return true;
end
$$;
comment on function payments.finish_verification(bigint, jsonb) is
  'Stores the signed report of a run that saw everything, audits it, and raises audit_tampered when it found something. False when the lease was lost.';

-- 3. Pages ----------------------------------------------------------------------------------------

create function payments.read_seals(p_after bigint, p_max_rows integer) returns jsonb
language sql stable
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
  select coalesce(jsonb_agg(page.seal order by page.number), '[]')
  from (
    select s.number, jsonb_build_object(
      'epoch', s.epoch, 'number', s.number, 'month', to_char(s.month, 'YYYY-MM'), 'count', s.leaf_count,
      'root', encode(s.root, 'hex'), 'key_id', s.key_id, 'statement', s.statement,
      'sealed_at', to_char(s.sealed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      'signature', s.signature,
      'entries', (
        select coalesce(jsonb_agg(jsonb_build_object(
          'index', e.leaf_index, 'leaf', encode(e.leaf_hash, 'hex'), 'id', e.log_id,
          'occurred_at', to_char(e.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
          'payload', l.payload, 'columns_match', l.columns_match) order by e.leaf_index), '[]')
        from audit.seal_entries as e
        -- limited, so that it goes by index whatever the planner believes
        left join lateral (
          select r.payload, r.payload = audit.payload_of(r) as columns_match from audit.audit_logs as r
          where r.id = e.log_id and r.occurred_at = e.occurred_at limit 1
        ) as l on true
        where e.seal_number = s.number)) as seal
    from (
      select n.*, sum(n.leaf_count) over (order by n.number) - n.leaf_count as rows_before
      from (select t.* from audit.seals as t where t.number > p_after order by t.number limit 500) as n
    ) as s
    where s.rows_before < p_max_rows
  ) as page
$$;
comment on function payments.read_seals(bigint, integer) is
  'The next seals with their entries and the rows these name, at least one seal, about p_max_rows rows.';

create function payments.find_stray_rows(p_after jsonb, p_limit integer, p_now timestamptz) returns jsonb
language sql stable
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
  with page as materialized (
    select l.id, l.occurred_at from audit.audit_logs as l
    where (l.id, l.occurred_at) > ((p_after ->> 'id')::uuid, (p_after ->> 'occurred_at')::timestamptz)
    order by l.id, l.occurred_at limit p_limit
  )
  select jsonb_build_object(
    'rows', (select count(*) from page),
    'last', (select jsonb_build_object('id', p.id, 'occurred_at', p.occurred_at)
      from page as p order by p.id desc, p.occurred_at desc limit 1),
    'strays', coalesce((
      select jsonb_agg(jsonb_build_object('id', p.id, 'occurred_at', p.occurred_at, 'seals', sealed.n)
        order by p.id, p.occurred_at)
      from page as p
      cross join lateral (
        select count(*) as n from audit.seal_entries as e join audit.seals as s on s.number = e.seal_number
        where e.log_id = p.id and e.occurred_at = p.occurred_at
      ) as sealed
      where sealed.n > 1
        or sealed.n = 0 and p.occurred_at not between p_now - interval '5 minutes' and p_now + interval '1 minute'
    ), '[]'))
$$;
comment on function payments.find_stray_rows(jsonb, integer, timestamptz) is
  'The next rows by id {rows, last, strays}: of them, those in two seals, and those in none that are older than five minutes or from the future.';

create function payments.find_untold_events(p_after jsonb, p_limit integer, p_now timestamptz) returns jsonb
language sql stable
security definer -- the worker's role has no table access of its own
set search_path = ''
as $$
  with page as materialized (
    select e.event_id, e.created, e.received_at from payments_private.processed_events as e
    where (e.event_id, e.created) > (p_after ->> 'id', (p_after ->> 'created')::timestamptz)
    order by e.event_id, e.created limit p_limit
  )
  select jsonb_build_object(
    'rows', (select count(*) from page),
    'last', (select jsonb_build_object('id', p.event_id, 'created', p.created)
      from page as p order by p.event_id desc, p.created desc limit 1),
    'untold', coalesce((
      select jsonb_agg(jsonb_build_object('id', p.event_id, 'occurred_at', p.received_at) order by p.event_id)
      from page as p
      where p.received_at < p_now and (
        select true from audit.audit_logs as l
        where l.actor_id = p.event_id and l.action like 'event.%' limit 1) is null
    ), '[]'))
$$;
comment on function payments.find_untold_events(jsonb, integer, timestamptz) is
  'The next processed events {rows, last, untold}: of them, those without an audit row. It was deleted, with its mark, before it was sealed.';

grant execute on function payments.begin_verification(boolean, integer) to payments_worker;
grant execute on function payments.pause_verification(bigint, jsonb) to payments_worker;
grant execute on function payments.fail_verification(bigint, text) to payments_worker;
grant execute on function payments.finish_verification(bigint, jsonb) to payments_worker;
grant execute on function payments.read_seals(bigint, integer) to payments_worker;
grant execute on function payments.find_stray_rows(jsonb, integer, timestamptz) to payments_worker;
grant execute on function payments.find_untold_events(jsonb, integer, timestamptz) to payments_worker;

reset role;

-- 4. Watched from inside the database, where the platform can --------------------------------------

do $$
begin
  if exists (select from pg_extension where extname = 'pg_cron') then
    perform cron.schedule('payments-audit-watch', '*/5 * * * *', 'select audit.watch()');
  end if;
end
$$;
