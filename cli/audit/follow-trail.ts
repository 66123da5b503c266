import { readEpochs, readPurges } from "../../supabase/functions/_shared/audit/declared-records.ts";
import type { AuditPublicKey } from "../../supabase/functions/_shared/audit/key-ring.ts";
import { type HeadWatch, watchHeads } from "../../supabase/functions/_shared/audit/known-heads.ts";
import type { Finding, FindingKind, Head } from "../../supabase/functions/_shared/audit/trail.ts";
import {
  type Progress,
  startProgress,
  verifyNextPage,
  withFindings,
} from "../../supabase/functions/_shared/audit/verify-trail.ts";
import type { CommandIo } from "../command-io.ts";
import type { Database } from "../connect/with-database.ts";
import { createProgressBar } from "../progress-bar.ts";
import { readRecords, sqlTrail } from "./sql-trail.ts";

export interface Followed {
  readonly progress: Progress;
  /** Kinds of all findings, also of those that were not kept. */
  readonly kinds: ReadonlySet<FindingKind>;
  /** Heads that were known before, and are gone with a declared restore. */
  readonly lost: readonly Head[];
  /** Heads that were known before, and are in the chain. */
  readonly confirmed: readonly Head[];
}

export interface FollowOptions {
  readonly keys: readonly AuditPublicKey[];
  readonly known: readonly Head[];
  /** The chain of seals alone, without the search for rows and events that no seal has. */
  readonly onlySeals?: boolean;
  readonly onFinding?: (finding: Finding) => void;
}

/** Follows the trail from its first seal to its end, page by page. */
export async function followTrail(
  database: Database,
  { keys, known, onlySeals, onFinding }: FollowOptions,
  io: CommandIo,
): Promise<Followed> {
  const records = await readRecords(database);
  const { epochs, findings: badEpochs } = readEpochs(records.epochs, keys);
  const { months, findings: badPurges } = readPurges(records.purges, keys);
  const heads = watchHeads(known, epochs);
  const confirmed: Head[] = [];
  const bar = createProgressBar(io);
  const atStart: Finding[] = [
    ...badEpochs,
    ...badPurges,
    ...records.lost.map(({ id, occurred_at: detail }) => ({
      kind: "row_lost" as const,
      id,
      detail,
    })),
  ];
  const kinds = new Set<FindingKind>();
  const note = (finding: Finding) => {
    kinds.add(finding.kind);
    onFinding?.(finding);
  };
  atStart.forEach(note);
  let progress = withFindings(startProgress(io.now().getTime()), atStart);
  const options = {
    source: sqlTrail(database),
    trust: { keys, epochs, purgedMonths: months },
    heads: noting(heads, known, confirmed),
    onFinding: note,
  };
  try {
    while (progress.phase !== "done" && !(onlySeals === true && progress.phase !== "seals")) {
      progress = await verifyNextPage(progress, options);
      const done = progress.sealed_rows + progress.rows;
      bar.update(done, 2 * records.sealed_rows, `${progress.phase}: ${done} rows`);
    }
  } finally {
    bar.clear();
  }
  return { progress, kinds, lost: heads.lost(), confirmed };
}

function noting(heads: HeadWatch, known: readonly Head[], confirmed: Head[]): HeadWatch {
  const names = new Set(known.map(({ number, hash }) => `${number} ${hash}`));
  return {
    ...heads,
    pass(head) {
      if (names.has(`${head.number} ${head.hash}`)) confirmed.push(head);
      return heads.pass(head);
    },
  };
}
