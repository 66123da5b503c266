import type postgres from "postgres";
import { z } from "zod";
import {
  signedSchema,
  storedSealSchema,
  strayPageSchema,
  type TrailSource,
  untoldPageSchema,
} from "../../supabase/functions/_shared/audit/trail.ts";
import type { Database } from "../connect/with-database.ts";

/**
 * The trail as the tables have it, asked in SQL of our own: whoever can change a table can change a
 * stored procedure, too.
 */
export function sqlTrail(database: Database): TrailSource {
  const ask = async (text: string, values: postgres.ParameterOrJSON<never>[]): Promise<unknown> => {
    const [row] = await database.readAudit((sql) => sql.unsafe(text, values));
    return row?.["answer"];
  };
  return {
    readSeals: async (after, maxRows) =>
      z.array(storedSealSchema).parse(await ask(SEALS, [after, maxRows])),
    findStrayRows: async ({ id, occurred_at }, limit, now) =>
      strayPageSchema.parse(await ask(STRAYS, [id, occurred_at, limit, now])),
    findUntoldEvents: async ({ id, created }, limit, now) =>
      untoldPageSchema.parse(await ask(UNTOLD, [id, created, limit, now])),
  };
}

const recordsSchema = z.object({
  epochs: z.array(signedSchema),
  purges: z.array(signedSchema),
  lost: z.array(z.object({ id: z.string(), occurred_at: z.string() })),
  sealed_rows: z.number(),
});
export type TrailRecords = z.infer<typeof recordsSchema>;

/** What explains gaps, what is known to be lost, and how much there is to do. */
export async function readRecords(database: Database): Promise<TrailRecords> {
  const [row] = await database.readAudit((sql) => sql.unsafe(RECORDS));
  return recordsSchema.parse(row?.["answer"]);
}

const RECORDS = `
select jsonb_build_object(
  'epochs', (
    select coalesce(jsonb_agg(jsonb_build_object('statement', e.statement, 'signature', e.signature)
      order by e.epoch), '[]') from audit.epochs as e),
  'purges', (
    select coalesce(jsonb_agg(jsonb_build_object('statement', p.statement, 'signature', p.signature)
      order by p.month), '[]') from audit.purge_records as p),
  'lost', (
    select coalesce(jsonb_agg(jsonb_build_object('id', l.log_id, 'occurred_at', l.occurred_at)), '[]')
    from audit.lost_rows as l),
  'sealed_rows', (select coalesce(sum(s.leaf_count), 0) from audit.seals as s)) as answer`;

const SEALS = `
select coalesce(jsonb_agg(page.seal order by page.number), '[]') as answer
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
        'payload', l.payload,
        'columns_match', l.payload = json_build_object(
          'v', 1, 'id', l.id,
          'occurred_at', to_char(l.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
          'actor_type', l.actor_type, 'actor_id', l.actor_id, 'action', l.action, 'outcome', l.outcome,
          'resource_type', l.resource_type, 'resource_id', l.resource_id, 'request_id', l.request_id,
          'key_fingerprint', l.key_fingerprint, 'reason', l.reason, 'client_commitment', l.client_commitment,
          'detail', l.detail)::text) order by e.leaf_index), '[]')
      from audit.seal_entries as e
      left join lateral (
        select r.* from audit.audit_logs as r where r.id = e.log_id and r.occurred_at = e.occurred_at limit 1
      ) as l on true
      where e.seal_number = s.number)) as seal
  from (
    select n.*, sum(n.leaf_count) over (order by n.number) - n.leaf_count as rows_before
    from (select t.* from audit.seals as t where t.number > $1 order by t.number limit 500) as n
  ) as s
  where s.rows_before < $2
) as page`;

const STRAYS = `
with page as materialized (
  select l.id, l.occurred_at from audit.audit_logs as l
  where (l.id, l.occurred_at) > ($1::text::uuid, $2::text::timestamptz)
  order by l.id, l.occurred_at limit $3
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
    where sealed.n > 1 or sealed.n = 0 and p.occurred_at not between
      $4::text::timestamptz - interval '5 minutes' and $4::text::timestamptz + interval '1 minute'
  ), '[]')) as answer`;

const UNTOLD = `
with page as materialized (
  select e.event_id, e.created, e.received_at from payments_private.processed_events as e
  where (e.event_id, e.created) > ($1::text, $2::text::timestamptz)
  order by e.event_id, e.created limit $3
)
select jsonb_build_object(
  'rows', (select count(*) from page),
  'last', (select jsonb_build_object('id', p.event_id, 'created', p.created)
    from page as p order by p.event_id desc, p.created desc limit 1),
  'untold', coalesce((
    select jsonb_agg(jsonb_build_object('id', p.event_id, 'occurred_at', p.received_at) order by p.event_id)
    from page as p
    where p.received_at < $4::text::timestamptz and (
      select true from audit.audit_logs as l
      where l.actor_id = p.event_id and l.action like 'event.%' limit 1) is null
  ), '[]')) as answer`;
