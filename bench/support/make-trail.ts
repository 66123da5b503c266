import type postgres from "postgres";
import { makeSeal } from "../../supabase/functions/payments-worker/tasks/seal.ts";
import type { AuditSigner } from "../../supabase/functions/_shared/audit/key-ring.ts";

const ROWS_A_SEAL = 1_000;
const SEALS_AT_ONCE = 40;

/**
 * Writes a sealed trail in bulk, as appends and the sealer would have left it, hundreds of times as fast: rows and
 * leaves in SQL, seals with the worker's own code. The superuser's doing, on a trail that is empty. That it is
 * what they would have left is for the verification to say: it finds nothing.
 *
 * @param count of rows, rounded up to whole seals of a thousand
 * @param onRows is told how many are there
 */
export async function makeTrail(
  sql: postgres.Sql,
  signer: AuditSigner,
  count: number,
  onRows: (done: number) => void,
): Promise<void> {
  await sql.unsafe(WITHOUT_INDEXES);
  let previous: string | null = null;
  const seals = Math.ceil(count / ROWS_A_SEAL);
  for (let first = 1; first <= seals; first += SEALS_AT_ONCE) {
    const last = Math.min(first + SEALS_AT_ONCE - 1, seals);
    await sql`truncate fresh`; // a delete would leave its rows in the way of every later one
    await sql.unsafe(ROWS, [first, last]);
    await sql.unsafe(ENTRIES, [first, last]);
    const rows = await sql.unsafe<{ seal: number; month: string; payloads: string[] }[]>(PAYLOADS);
    const made = [];
    for (const { seal: number, month, payloads } of rows) {
      const { seal } = makeSeal(
        {
          due: true,
          lease: 1,
          epoch: 1,
          number,
          previous,
          month,
          rows: payloads.map((payload, mark) => ({ mark, payload })),
        },
        signer,
        Date.now(),
      );
      previous = seal.statement;
      made.push(seal);
    }
    await sql.unsafe(SEALS, [JSON.stringify(made)]);
    onRows(last * ROWS_A_SEAL);
  }
  await sql.unsafe(INDEXES);
  await sql`vacuum analyze audit.audit_logs, audit.seal_entries, audit.seals`;
}

const WITHOUT_INDEXES = `
drop index audit.audit_logs_resource, audit.audit_logs_actor;
alter table audit.audit_logs drop constraint audit_logs_pkey;
alter table audit.seal_entries drop constraint seal_entries_pkey, drop constraint a_row_is_sealed_once;
create temporary table fresh (seal integer, index integer, id uuid, at timestamptz, payload text)`;

const ROWS = `
with numbered as (
  select s as seal, i as index, gen_random_uuid() as id,
    date_trunc('hour', now()) - interval '1 hour' + (s * 1000 + i) * interval '10 microseconds' as at
  from generate_series($1::integer, $2::integer) as s, generate_series(0, 999) as i
), added as (
  insert into audit.audit_logs (id, occurred_at, actor_type, action, outcome, resource_type, resource_id, payload)
  select n.id, n.at, 'system', 'purge.finished', 'success', 'purge', 'row ' || n.index, json_build_object(
    'v', 1, 'id', n.id, 'occurred_at', to_char(n.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'actor_type', 'system', 'actor_id', null, 'action', 'purge.finished', 'outcome', 'success',
    'resource_type', 'purge', 'resource_id', 'row ' || n.index, 'request_id', null, 'key_fingerprint', null,
    'reason', null, 'client_commitment', null, 'detail', '{}'::jsonb)::text
  from numbered as n
  returning id, occurred_at, payload
)
insert into fresh (seal, index, id, at, payload)
select n.seal, n.index, a.id, a.occurred_at, a.payload from added as a join numbered as n on n.id = a.id`;

const ENTRIES = `
insert into audit.seal_entries (seal_number, leaf_index, log_id, occurred_at, leaf_hash)
select f.seal, f.index, f.id, f.at, sha256('\\x00'::bytea || convert_to(f.payload, 'UTF8')) from fresh as f
where f.seal between $1::integer and $2::integer
order by f.seal, f.index`;

const PAYLOADS = `
select f.seal, to_char(min(f.at) at time zone 'UTC', 'YYYY-MM') as month,
  array_agg(f.payload order by f.index) as payloads
from fresh as f group by f.seal order by f.seal`;

const SEALS = `
insert into audit.seals (epoch, number, month, leaf_count, root, sealed_at, key_id, statement, signature)
select s.epoch, s.number, to_date(s.month, 'YYYY-MM'), s.count, decode(s.root, 'hex'), s.sealed_at, s.key_id,
  s.statement, s.signature
from jsonb_to_recordset(($1::text)::jsonb) as s (
  epoch integer, number bigint, month text, count integer, root text, sealed_at timestamptz, key_id text,
  statement text, signature text)`;

const INDEXES = `
set maintenance_work_mem = '1GB';
alter table audit.audit_logs add constraint audit_logs_pkey primary key (id, occurred_at);
alter table audit.seal_entries add constraint seal_entries_pkey primary key (seal_number, leaf_index),
  add constraint a_row_is_sealed_once unique (log_id);
create index audit_logs_resource on audit.audit_logs (resource_type, resource_id, occurred_at);
create index audit_logs_actor on audit.audit_logs (actor_id, occurred_at)`;
