import { z } from "zod";
import type { TransactionSql } from "postgres";

const seconds = z.number().nullable();

const statusSchema = z.object({
  /** Objects that wait for a fetch. Ages are in seconds. */
  marks: z.object({ waiting: z.number(), failing: z.number(), oldest: seconds }),
  events: z.object({
    queued: z.number(),
    retry: z.number(),
    dead: z.number(),
    oldest_unfinished: seconds,
    /** Verified deliveries of the last seven days that reused an id or disagreed with their type. */
    quarantined: z.number(),
    conflicts: z.number(),
  }),
  outbox: z.object({
    pending: z.number(),
    never_tried: z.number(),
    dead: z.number(),
    oldest_pending: seconds,
  }),
  deletions: z.object({ open: z.number(), stuck: z.number(), oldest: seconds }),
  reconcile: z.array(z.object({
    mode: z.string(),
    finished: seconds,
    state: z.enum(["idle", "running", "paused"]),
  })),
  /** Since the purge last ran. */
  purged: seconds,
  alerts: z.array(z.object({
    rule: z.string(),
    subject: z.string(),
    severity: z.enum(["info", "warning", "critical"]),
    occurrences: z.number(),
    age: z.number(),
  })),
});

/** How far behind the pipeline is, and what it could not do. */
export type PipelineStatus = z.infer<typeof statusSchema>;

/** Asks for all of it in one statement, so that the figures belong together. */
export async function readStatus(sql: TransactionSql): Promise<PipelineStatus> {
  const [row] = await sql`
    select jsonb_build_object(
      'marks', (
        select jsonb_build_object('waiting', count(*), 'failing', count(*) filter (where m.attempts > 3),
          'oldest', extract(epoch from now() - min(m.marked_at)))
        from payments_private.refresh_marks as m),
      'events', (
        select jsonb_build_object(
          'queued', count(*) filter (where e.status = 'queued'),
          'retry', count(*) filter (where e.status = 'retry'),
          'dead', count(*) filter (where e.status = 'dead'),
          'oldest_unfinished', extract(epoch from now() - min(e.received_at) filter (where e.status <> 'quarantined')),
          'quarantined', count(*) filter (
            where e.status = 'quarantined' and e.received_at > now() - interval '7 days'),
          'conflicts', (select count(*) from payments_private.event_conflicts as c
            where c.received_at > now() - interval '7 days'))
        from payments_private.processed_events as e
        where e.status in ('queued', 'retry', 'dead', 'quarantined')),
      'outbox', (
        select jsonb_build_object(
          'pending', count(*) filter (where o.state = 'pending'),
          'never_tried', count(*) filter (where o.state = 'pending' and o.attempts = 0),
          'dead', count(*) filter (where o.state = 'dead'),
          'oldest_pending', extract(epoch from now() - min(o.created_at) filter (where o.state = 'pending')))
        from payments.outbox as o where o.state <> 'delivered'),
      'deletions', (
        select jsonb_build_object('open', count(*), 'stuck', count(*) filter (where d.attempts >= 15),
          'oldest', extract(epoch from now() - min(d.requested_at)))
        from payments_private.customer_deletions as d where d.finished_at is null),
      'reconcile', (
        select jsonb_agg(jsonb_build_object('mode', r.mode,
          'finished', extract(epoch from now() - r.finished_at),
          'state', case when r.lease is not null and r.leased_until > now() then 'running'
            when r.progress is not null then 'paused' else 'idle' end) order by r.mode)
        from payments_private.reconcile_runs as r),
      'purged', (select extract(epoch from now() - r.finished_at) from payments_private.purge_runs as r),
      'alerts', (
        select coalesce(jsonb_agg(jsonb_build_object('rule', a.rule, 'subject', a.subject,
          'severity', a.severity, 'occurrences', a.occurrences,
          'age', extract(epoch from now() - a.first_seen_at)) order by a.first_seen_at), '[]')
        from payments_private.alerts as a where a.resolved_at is null)
    ) as status`;
  return statusSchema.parse(row?.["status"]);
}
