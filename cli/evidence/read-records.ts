import { z } from "zod";
import { readStatement, statementHash } from "../../supabase/functions/_shared/audit/statements.ts";
import { type Head, signedSchema } from "../../supabase/functions/_shared/audit/trail.ts";
import type { Database } from "../connect/with-database.ts";
import type { LineFile } from "./line-file.ts";
import { matchValues } from "./read-rows.ts";
import type { ResolvedScope } from "./scope.ts";

const SEALS_A_PAGE = 1_000;
const EVENTS_A_PAGE = 1_000;

/**
 * Writes the seals from the first that a row is in to the newest: the chain between them shows that the
 * first belongs to the head, which others may know.
 */
export async function writeSeals(
  database: Database,
  firstSeal: number | null,
  file: LineFile,
): Promise<{ seals: number; head: Head | null }> {
  return await database.readAudit(async (sql) => {
    const [newest] = await sql`select coalesce(max(number), 0)::int as number from audit.seals`;
    const last = z.number().parse(newest?.["number"]);
    let [after, seals] = [(firstSeal ?? last) - 1, 0];
    let head: Head | null = null;
    for (;;) {
      const page = await sql`
        select s.number::int as number, s.statement, s.signature from audit.seals as s
        where s.number > ${after} and s.number <= ${last} order by s.number limit ${SEALS_A_PAGE}`;
      for (const row of page) {
        const { statement, signature } = signedSchema.parse(row);
        await file.write(JSON.stringify({ statement, signature }));
        after = z.number().parse(row["number"]);
        seals++;
        head = headOf(statement) ?? head;
      }
      if (page.length < SEALS_A_PAGE) return { seals, head };
    }
  });
}

function headOf(statement: string): Head | null {
  const seal = readStatement("seal", statement);
  return seal === null
    ? null
    : { epoch: seal.epoch, number: seal.number, hash: statementHash(statement) };
}

/** Writes all declared restores, or the purge records of the months that the scope overlaps. */
export async function writeDeclared(
  database: Database,
  what: "epochs" | "purges",
  { scope }: ResolvedScope,
  file: LineFile,
): Promise<number> {
  return await database.readAudit(async (sql) => {
    const records = what === "epochs"
      ? await sql`select statement, signature from audit.epochs order by epoch`
      : await sql`
        select p.statement, p.signature from audit.purge_records as p
        where p.month + interval '1 month' > coalesce(${scope.from}::text::timestamp, '-infinity')
          and p.month <= ${scope.until}::text::timestamp order by p.month`;
    for (const record of records) await file.write(JSON.stringify(signedSchema.parse(record)));
    return records.length;
  });
}

const EVENTS = `
declare events no scroll cursor for
select json_build_object(
  'event_id', l.event_id, 'created', l.created, 'event_type', l.event_type, 'object_kind', l.object_kind,
  'object_id', l.object_id, 'livemode', l.livemode, 'api_version', l.api_version, 'status', l.status,
  'attempts', l.attempts, 'received_at', l.received_at, 'processed_at', l.processed_at,
  'body_sha256', l.body_sha256, 'secret_fingerprint', l.secret_fingerprint, 'request_id', l.request_id)::text as line
from payments_private.processed_events as l
where l.received_at >= coalesce($1::text::timestamptz, '-infinity') and l.received_at <= $2::text::timestamptz
  and ($3::text::boolean
    or l.object_id in (select jsonb_array_elements_text($4::text::jsonb))
    or l.event_id in (select jsonb_array_elements_text($4::text::jsonb))
    or l.object_id in (select r.id from jsonb_to_recordset($5::text::jsonb) as r (type text, id text)))
order by l.received_at, l.event_id`;

/** Writes what is known of the events in scope: never a body or a projection. */
export async function writeEvents(
  database: Database,
  resolved: ResolvedScope,
  file: LineFile,
): Promise<number> {
  return await database.read(async (sql) => {
    await sql`select set_config('statement_timeout', '0', true)`;
    await sql.unsafe(EVENTS, matchValues(resolved));
    for (let events = 0;;) {
      const page = await sql.unsafe<{ line: string }[]>(`fetch ${EVENTS_A_PAGE} from events`);
      for (const { line } of page) await file.write(line);
      events += page.length;
      if (page.length < EVENTS_A_PAGE) return events;
    }
  });
}
