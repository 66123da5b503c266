import { z } from "zod";
import { UsageError } from "../command-io.ts";
import type { Database } from "../connect/with-database.ts";
import type { Operator } from "../operate/operate.ts";

/** What happens to evidence, in the order in which it can. */
export type CustodyAction = "export_begun" | "exported" | "accessed" | "handed_over" | "verified";

export interface NewCustody {
  readonly evidence: string;
  readonly action: CustodyAction;
  readonly digest?: string;
  readonly handedTo?: string;
  readonly scope?: unknown;
}

const answerSchema = z.object({
  ok: z.boolean(),
  code: z.string().optional(),
  number: z.number().optional(),
  record_sha256: z.string().optional(),
});

const REFUSALS: Readonly<Record<string, string>> = {
  another_archive: "That is not the archive that was exported: its SHA-256 is another one",
  exported_already: "This evidence was exported before",
  not_exported: "The export of this evidence was never finished",
  not_found: "This database has exported no such evidence",
};

/**
 * Appends a record to the chain of custody, with its audit row.
 *
 * @throws Error when it makes no sense after the records before; that is audited, too
 */
export async function recordCustody(
  database: Database,
  { name, reason }: Operator,
  { evidence, action, digest, handedTo, scope }: NewCustody,
): Promise<{ number: number; record_sha256: string }> {
  const answer = await database.changeAudit(async (sql) => {
    const [row] = await sql`
      select audit.record_custody(${evidence}, ${action}, ${name}, ${reason}, ${digest ?? null},
        ${handedTo ?? null}, ${
      scope === undefined ? null : JSON.stringify(scope)
    }::text::jsonb) as answer`;
    return answerSchema.parse(row?.["answer"]);
  });
  const { number, record_sha256 } = answer;
  if (number === undefined || record_sha256 === undefined) {
    throw new Error(REFUSALS[answer.code ?? ""] ?? `Refused: ${answer.code}`);
  }
  return { number, record_sha256 };
}

const recordSchema = z.object({
  number: z.number(),
  evidence_id: z.string(),
  action: z.string(),
  actor: z.string(),
  reason: z.string(),
  at: z.string(),
  digest: z.string().nullable(),
  handed_to: z.string().nullable(),
  previous: z.string(),
  record: z.string(),
  record_sha256: z.string(),
  /** Whether the columns are what the text says. */
  columns_match: z.boolean(),
  /** Whether a row of the trail tells of this record, by its hash. */
  told: z.boolean(),
  /** The month of its row, where that was sealed and is gone. */
  purged_month: z.string().nullable(),
});
export type CustodyRecord = z.infer<typeof recordSchema>;

/** The next records of the chain, as the table has them, asked in SQL of our own. */
export async function readCustody(
  database: Database,
  after: number,
  limit: number,
  evidence: string | null = null,
): Promise<CustodyRecord[]> {
  if (evidence !== null && !z.uuid().safeParse(evidence).success) {
    throw new UsageError("--evidence takes the evidence's id, a UUID");
  }
  return await database.readAudit(async (sql) => {
    const rows = await sql`
      select c.number::int as number, c.evidence_id, c.action, c.actor, c.reason, c.digest, c.handed_to, c.previous,
        c.record, c.record_sha256,
        to_char(c.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at,
        c.record = json_build_object(
          'v', 1, 'number', c.number, 'evidence', c.evidence_id, 'action', c.action, 'who', c.actor,
          'why', c.reason, 'at', to_char(c.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
          'digest', c.digest, 'to', c.handed_to, 'scope', c.scope, 'previous', c.previous)::text as columns_match,
        exists (
          select from audit.audit_logs as l
          where l.resource_type = 'evidence' and l.resource_id = c.evidence_id::text and l.actor_id = c.actor
            and l.id = c.audit_id and l.action = 'evidence.' || c.action
            and l.detail ->> 'record_sha256' = c.record_sha256) as told,
        (select to_char(s.month, 'YYYY-MM') from audit.seal_entries as e join audit.seals as s on s.number = e.seal_number
          where e.log_id = c.audit_id
            -- the row was written with the record: another row's seal speaks for nothing
            and e.occurred_at between c.at - interval '1 minute' and c.at + interval '1 minute'
            and s.month = date_trunc('month', c.at at time zone 'UTC')::date
            and not exists (select from audit.audit_logs as l where l.id = c.audit_id)) as purged_month
      from audit.custody as c
      where c.number > ${after} and (${evidence}::uuid is null or c.evidence_id = ${evidence}::uuid)
      order by c.number limit ${limit}`;
    return z.array(recordSchema).parse(rows);
  });
}

const untoldSchema = z.object({ id: z.string(), number: z.number(), record_sha256: z.string() });

/** Rows of the trail that tell of a record which is not there, or is another one. */
export async function findLostCustody(
  database: Database,
): Promise<z.infer<typeof untoldSchema>[]> {
  return await database.readAudit(async (sql) => {
    const rows = await sql`
      select l.id, (l.detail ->> 'number')::int as number, l.detail ->> 'record_sha256' as record_sha256
      from audit.audit_logs as l
      where l.resource_type = 'evidence' and l.detail ? 'record_sha256' and not exists (
        select from audit.custody as c where c.record_sha256 = l.detail ->> 'record_sha256')
      order by l.occurred_at limit 100`;
    return z.array(untoldSchema).parse(rows);
  });
}
