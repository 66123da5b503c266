import { createHash } from "node:crypto";
import { readEpochs, readPurges } from "../../_shared/audit/declared-records.ts";
import {
  type AuditPublicKey,
  type AuditSigner,
  faultOfSignature,
} from "../../_shared/audit/key-ring.ts";
import { watchHeads } from "../../_shared/audit/known-heads.ts";
import { readStatement, writeStatement } from "../../_shared/audit/statements.ts";
import type { Finding, Head, Signed } from "../../_shared/audit/trail.ts";
import {
  type Progress,
  startProgress,
  verifyNextPage,
  type VerifyOptions,
  withFindings,
} from "../../_shared/audit/verify-trail.ts";
import type { AuditStore, VerificationRun } from "../audit-store.ts";
import { errorCode } from "../error-code.ts";
import type { Task } from "../task.ts";

const LEASE_SECONDS = 60;
const BUDGET_MS = 10_000;
/** A call may use two seconds of CPU when hosted; a page takes about a tenth of one. */
const PAGES_A_CALL = 10;

export interface VerifyDependencies {
  readonly store: AuditStore;
  readonly signer: AuditSigner;
  readonly keys: readonly AuditPublicKey[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Verifies the whole trail once a day, over as many calls as it takes, and stores a signed report. Its
 * memory of the newest head is the report before; the operator's command has one of its own.
 */
export function verifyTask(deps: VerifyDependencies): Task {
  return async (run) => {
    const startedAt = deps.now();
    const ended = (done: number, failed: number) => ({ done, failed, ms: deps.now() - startedAt });
    const begun = await deps.store.beginVerification(run.forced, LEASE_SECONDS);
    if (!begun.due) return ended(0, 0);
    try {
      const { progress, options } = prepare(begun, deps);
      const reached = await goOn(progress, options, () => deps.now() - startedAt < BUDGET_MS);
      if (reached.phase !== "done") {
        await deps.store.pauseVerification(begun.lease, reached);
        return ended(0, 0);
      }
      await deps.store.finishVerification(begun.lease, makeReport(reached, deps));
      if (reached.finding_count === 0) return ended(reached.sealed_rows, 0);
      run.log("error", "audit_tampered", { detail: reached.findings[0]?.kind ?? null });
      return ended(reached.sealed_rows, reached.finding_count);
    } catch (error) {
      run.log("error", "verification_failed", { detail: errorCode(error) });
      await deps.store.failVerification(begun.lease, errorCode(error));
      return ended(0, 1);
    }
  };
}

async function goOn(
  progress: Progress,
  options: VerifyOptions,
  hasTime: () => boolean,
): Promise<Progress> {
  let reached = progress;
  for (let page = 0; page < PAGES_A_CALL && reached.phase !== "done"; page++) {
    if (page > 0 && !hasTime()) break;
    reached = await verifyNextPage(reached, options);
  }
  return reached;
}

function prepare(
  run: VerificationRun,
  { store, keys, now }: VerifyDependencies,
): { progress: Progress; options: VerifyOptions } {
  const { epochs, findings: badEpochs } = readEpochs(run.epochs, keys);
  const { months, findings: badPurges } = readPurges(run.purges, keys);
  const report = readReport(run.last_report, keys);
  const options: VerifyOptions = {
    source: store,
    trust: { keys, epochs, purgedMonths: months },
    heads: watchHeads(report.head === null ? [] : [report.head], epochs),
  };
  if (run.progress !== null) return { progress: run.progress, options };
  const atStart: Finding[] = [
    ...badEpochs,
    ...badPurges,
    ...report.findings,
    ...run.lost.map(({ id, occurred_at }): Finding => ({
      kind: "row_lost",
      id,
      detail: occurred_at,
    })),
  ];
  return { progress: withFindings(startProgress(now()), atStart), options };
}

/** The head that the last report saw. */
function readReport(
  stored: Signed | null,
  keys: readonly AuditPublicKey[],
): { head: Head | null; findings: Finding[] } {
  if (stored === null) return { head: null, findings: [] };
  const report = readStatement("report", stored.statement);
  const fault = report === null ? "unreadable" : faultOfSignature(keys, {
    text: stored.statement,
    keyId: report.key,
    at: report.finished_at,
    signature: stored.signature,
  });
  if (report === null || fault !== null) {
    return { head: null, findings: [{ kind: "report_invalid", detail: fault ?? "unreadable" }] };
  }
  const { epoch, number, head: hash } = report;
  return { head: number === 0 ? null : { epoch, number, hash }, findings: [] };
}

function makeReport(progress: Progress, { signer, now }: VerifyDependencies) {
  const { head } = progress.chain;
  const statement = writeStatement("report", {
    began_at: progress.began_at,
    finished_at: new Date(now()).toISOString(),
    epoch: head.epoch,
    number: head.number,
    head: head.hash,
    seals: progress.seals,
    rows: progress.sealed_rows,
    events: progress.events,
    findings: progress.finding_count,
    digest: createHash("sha256").update(JSON.stringify(progress.findings)).digest("hex"),
    key: signer.keyId,
  });
  return {
    finding_count: progress.finding_count,
    findings: progress.findings,
    seals: progress.seals,
    rows: progress.sealed_rows,
    key_id: signer.keyId,
    statement,
    signature: signer.sign(statement),
  };
}
