import { z } from "zod";
import type { TransactionSql } from "postgres";
import type { Database } from "../connect/with-database.ts";

const eventSchema = z.object({
  event_id: z.string(),
  event_type: z.string(),
  object_kind: z.string().nullable(),
  object_id: z.string().nullable(),
  livemode: z.boolean(),
  api_version: z.string().nullable(),
  status: z.string(),
  attempts: z.number(),
  created: z.string(),
  received_at: z.string(),
  processed_at: z.string().nullable(),
  next_attempt_at: z.string().nullable(),
  last_error: z.string().nullable(),
  body_sha256: z.string(),
  secret_fingerprint: z.string(),
  request_id: z.string(),
  /** What is kept for a retry, never its content. */
  keeps: z.enum(["nothing", "projection", "encrypted body"]),
});

const objectSchema = z.object({
  as_of: z.string(),
  ticket: z.number(),
  moved_by: z.string(),
  deleted_at: z.string().nullable(),
});

const markSchema = z.object({
  marked_at: z.string(),
  ticket: z.number(),
  attempts: z.number(),
  next_attempt_at: z.string(),
  leased_until: z.string().nullable(),
  last_error: z.string().nullable(),
});

const conflictSchema = z.object({
  received_at: z.string(),
  event_type: z.string(),
  object_id: z.string().nullable(),
  secret_fingerprint: z.string(),
  request_id: z.string(),
});

const auditSchema = z.object({
  occurred_at: z.string(),
  actor_type: z.string(),
  actor_id: z.string().nullable(),
  action: z.string(),
  outcome: z.string(),
  reason: z.string().nullable(),
  request_id: z.string().nullable(),
});

const recordedSchema = z.object({
  event: eventSchema,
  /** How far the object is known; null for an event about none that is mirrored. */
  object: objectSchema.nullable(),
  /** Whether the object waits for a fetch. */
  mark: markSchema.nullable(),
  /** Deliveries that used this id for another event. */
  conflicts: z.array(conflictSchema),
});

/** Everything that is known of one event. No payload. */
export type EventRecord = z.infer<typeof recordedSchema> & {
  audit: z.infer<typeof auditSchema>[];
};

/** Looks an event up; null when its id was never received, or is purged. */
export async function readEvent(database: Database, eventId: string): Promise<EventRecord | null> {
  const recorded = await database.read((sql) => readRecorded(sql, eventId));
  if (recorded === null) return null;
  const { object_kind: kind, object_id: object } = recorded.event;
  const audit = await database.readAudit((sql) => readAuditRows(sql, { eventId, kind, object }));
  return { ...recorded, audit };
}

async function readRecorded(sql: TransactionSql, eventId: string) {
  const [row] = await sql`
    select jsonb_build_object(
      'event', to_jsonb(e) - 'projection' - 'encrypted_body' - 'lease' - 'leased_until'
        || jsonb_build_object('keeps', case
          when e.projection is not null then 'projection'
          when e.encrypted_body is not null then 'encrypted body'
          else 'nothing' end),
      'object', (select to_jsonb(o) from payments_private.mirrored_objects as o
        where o.kind = e.object_kind and o.object_id = e.object_id),
      'mark', (select to_jsonb(m) from payments_private.refresh_marks as m
        where m.kind = e.object_kind and m.object_id = e.object_id),
      'conflicts', coalesce((select jsonb_agg(to_jsonb(c) order by c.received_at)
        from payments_private.event_conflicts as c where c.event_id = e.event_id), '[]')
    ) as recorded
    from payments_private.processed_events as e where e.event_id = ${eventId}`;
  return row === undefined ? null : recordedSchema.parse(row["recorded"]);
}

async function readAuditRows(
  sql: TransactionSql,
  { eventId, kind, object }: { eventId: string; kind: string | null; object: string | null },
) {
  const rows = await sql`
    select to_jsonb(l) as entry from (
      select l.occurred_at, l.actor_type, l.actor_id, l.action, l.outcome, l.reason, l.request_id
      from audit.audit_logs as l
      where l.actor_id = ${eventId}
        or (l.resource_type = ${kind} and l.resource_id = ${object} and l.detail ->> 'event' = ${eventId})
      order by l.occurred_at limit 200
    ) as l`;
  return rows.map((row) => auditSchema.parse(row["entry"]));
}
