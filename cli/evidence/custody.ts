import type { KeyOptions } from "../audit/public-keys.ts";
import { type CommandIo, type ExitCode, UsageError } from "../command-io.ts";
import { type DatabaseOptions, withDatabase } from "../connect/with-database.ts";
import { type OperateOptions, readOperator } from "../operate/operate.ts";
import { createProgressBar } from "../progress-bar.ts";
import { renderColumns } from "../render-columns.ts";
import { renderArchiveFinding } from "./archive-findings.ts";
import { withArchive } from "./archive-reader.ts";
import {
  type CustodyAction,
  type CustodyRecord,
  readCustody,
  recordCustody,
} from "./custody-records.ts";
import { checkFile } from "./verify.ts";

const RECORDS_A_PAGE = 500;

export interface ListCustodyOptions extends DatabaseOptions {
  readonly json?: boolean;
  readonly evidence?: string;
}

export interface NoteCustodyOptions extends OperateOptions, KeyOptions {
  readonly to?: string;
}

/** The command `payments evidence custody list`. */
export async function listCustody(options: ListCustodyOptions, io: CommandIo): Promise<ExitCode> {
  const { evidence = null } = options;
  const records = await withDatabase(io, options, async (database) => {
    const all: CustodyRecord[] = [];
    for (;;) {
      const page = await readCustody(database, all.at(-1)?.number ?? 0, RECORDS_A_PAGE, evidence);
      all.push(...page);
      if (page.length < RECORDS_A_PAGE) return all;
    }
  });
  io.out(options.json === true ? renderJson(records) : renderRecords(records));
  return 0;
}

function renderRecords(records: readonly CustodyRecord[]): string {
  if (records.length === 0) return "No evidence was ever exported.\n";
  return renderColumns(
    ["NO", "EVIDENCE", "WHEN", "WHAT", "WHO", "TO", "SHA-256", "WHY"],
    records.map((record) => [
      String(record.number),
      record.evidence_id,
      `${record.at.slice(0, 19)}Z`,
      record.action,
      record.actor,
      record.handed_to ?? "–",
      record.digest ?? "–",
      record.reason,
    ]),
  );
}

function renderJson(records: readonly CustodyRecord[]): string {
  const custody = records.map((record) => ({
    number: record.number,
    evidence: record.evidence_id,
    at: record.at,
    action: record.action,
    who: record.actor,
    why: record.reason,
    to: record.handed_to,
    sha256: record.digest,
    previous: record.previous,
    record_sha256: record.record_sha256,
  }));
  return `${JSON.stringify({ custody }, null, 2)}\n`;
}

/**
 * The commands `payments evidence custody accessed|hand-over|verified`. The archive itself is asked for:
 * its SHA-256 is what the record says was looked at, handed over or verified.
 */
export async function noteCustody(
  path: string,
  action: Exclude<CustodyAction, "export_begun" | "exported">,
  options: NoteCustodyOptions,
  io: CommandIo,
): Promise<ExitCode> {
  const operator = readOperator(io, options);
  const handedTo = options.to?.trim();
  if (handedTo !== undefined && (handedTo === "" || handedTo.length > 255)) {
    throw new UsageError("--to takes a name");
  }
  const bar = createProgressBar(io);
  const { id, digest } = await withArchive(path, async (archive) => {
    let read = 0;
    const onBytes = (bytes: number) => bar.update(read += bytes, archive.size, "hashing");
    return { id: archive.id, digest: await archive.digest(onBytes) };
  }).finally(bar.clear);
  if (action === "verified") {
    const { findings } = await checkFile(path, { ...options, digest }, io);
    for (const finding of findings) io.error(`${renderArchiveFinding(finding)}\n`);
    if (findings.length > 0) return 1;
  }
  const noted = await withDatabase(io, options, (database) =>
    recordCustody(database, operator, {
      evidence: id,
      action,
      digest,
      ...(handedTo === undefined ? {} : { handedTo }),
    }));
  io.out(
    options.json === true
      ? `${JSON.stringify({ ok: true, evidence: id, sha256: digest, ...noted }, null, 2)}\n`
      : `Record ${noted.number} of the chain of custody: ${action}, evidence ${id}.\n`,
  );
  return 0;
}
