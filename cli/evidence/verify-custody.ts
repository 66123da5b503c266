import { createHash } from "node:crypto";
import { readPurges } from "../../supabase/functions/_shared/audit/declared-records.ts";
import { NO_STATEMENT } from "../../supabase/functions/_shared/audit/statements.ts";
import { followTrail } from "../audit/follow-trail.ts";
import { headMemory, readAnchorFiles } from "../audit/known-heads-file.ts";
import { findPublicKeys } from "../audit/public-keys.ts";
import { readRecords } from "../audit/sql-trail.ts";
import { renderFinding, type VerifyOptions } from "../audit/verify.ts";
import type { CommandIo, ExitCode } from "../command-io.ts";
import { type Database, withDatabase } from "../connect/with-database.ts";
import { type CustodyRecord, findLostCustody, readCustody } from "./custody-records.ts";

const RECORDS_A_PAGE = 500;

/** What can be wrong with the chain of custody; docs/evidence.md explains each. */
export const CUSTODY_FINDING_KINDS = {
  custody_changed: "the record's columns are not its text, or its text is not what was hashed",
  custody_broken: "the record is not linked to the one before it",
  custody_missing: "records are gone",
  custody_untold: "no row of the audit trail tells of the record",
  custody_lost: "the audit trail tells of a record that is not there",
} as const;

export interface CustodyFinding {
  readonly kind: keyof typeof CUSTODY_FINDING_KINDS;
  readonly number: number;
  readonly detail?: string;
}

/** The command `payments evidence custody verify`. */
export async function verifyCustody(options: VerifyOptions, io: CommandIo): Promise<ExitCode> {
  const keys = await findPublicKeys(options, io);
  const anchored = await readAnchorFiles(options.anchor ?? [], keys);
  const { custody, trail } = await withDatabase(io, options, async (database) => {
    const { months } = readPurges((await readRecords(database)).purges, keys);
    const known = [...await headMemory(database.name, keys, io).recall(), ...anchored];
    return {
      custody: await checkCustody(database, months),
      // the records lean on their audit rows, so these have to stand
      trail: (await followTrail(database, { keys, known }, io)).progress,
    };
  });
  const isGood = custody.findings.length === 0 && trail.finding_count === 0;
  if (options.json === true) {
    const { records, findings } = custody;
    const text = JSON.stringify({ ok: isGood, records, findings, trail: trail.findings }, null, 2);
    io.out(`${text}\n`);
    return isGood ? 0 : 1;
  }
  for (const finding of custody.findings) io.out(`${renderCustodyFinding(finding)}\n`);
  for (const finding of trail.findings) io.out(`${renderFinding(finding)}\n`);
  const count = custody.findings.length + trail.finding_count;
  io.out(
    `${custody.records} records of custody over ${trail.seals} seals looked at.\n` +
      (count === 0 ? "Nothing is wrong.\n" : `${count} findings.\n`),
  );
  return isGood ? 0 : 1;
}

async function checkCustody(
  database: Database,
  purgedMonths: ReadonlySet<string>,
): Promise<{ records: number; findings: CustodyFinding[] }> {
  const findings: CustodyFinding[] = [];
  let last = { number: 0, record_sha256: NO_STATEMENT, at: new Date(0).toISOString() };
  let records = 0;
  for (;;) {
    const page = await readCustody(database, last.number, RECORDS_A_PAGE);
    for (const record of page) {
      findings.push(...checkRecord(last, record, purgedMonths));
      last = record;
    }
    records += page.length;
    if (page.length < RECORDS_A_PAGE) break;
  }
  for (const { number, id } of await findLostCustody(database)) {
    findings.push({ kind: "custody_lost", number, detail: `audit row ${id}` });
  }
  return { records, findings };
}

/** How far a server's clock may be set back between two records. */
const CLOCK_STEP_MS = 60_000;

function checkRecord(
  last: Pick<CustodyRecord, "number" | "record_sha256" | "at">,
  record: CustodyRecord,
  purgedMonths: ReadonlySet<string>,
): CustodyFinding[] {
  const { number } = record;
  const hash = createHash("sha256").update(record.record).digest("hex");
  const isGap = number !== last.number + 1;
  const isPurged = record.purged_month !== null && purgedMonths.has(record.purged_month);
  return [
    ...(isGap
      ? [{
        kind: "custody_missing" as const,
        number: last.number + 1,
        detail: `to ${number - 1}`,
      }]
      : []),
    ...(record.columns_match && hash === record.record_sha256
      ? []
      : [{ kind: "custody_changed" as const, number }]),
    // records are made one after the other: one that is older than the one before it was put there
    ...((isGap || record.previous === last.record_sha256) &&
        Date.parse(record.at) >= Date.parse(last.at) - CLOCK_STEP_MS
      ? []
      : [{ kind: "custody_broken" as const, number }]),
    ...(record.told || isPurged ? [] : [{ kind: "custody_untold" as const, number }]),
  ];
}

function renderCustodyFinding({ kind, number, detail }: CustodyFinding): string {
  const extra = detail === undefined ? "" : ` (${detail})`;
  return `${kind}  record ${number}: ${CUSTODY_FINDING_KINDS[kind]}${extra}`;
}
