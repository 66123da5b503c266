import type { AuditSigner } from "../../_shared/audit/key-ring.ts";
import { writeStatement } from "../../_shared/audit/statements.ts";
import type { AuditStore } from "../audit-store.ts";
import type { Task } from "../task.ts";

const INTERVAL_MS = 3_600_000;

export interface AuditPurgeDependencies {
  readonly store: Pick<AuditStore, "listPurgeableMonths" | "purgeMonth">;
  readonly signer: AuditSigner;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Drops months of the audit log whose time is over. The signed record says that it was us, so that the
 * verification does not take the missing rows for a deletion; their hashes stay. Looked for once an
 * hour, or when it is named.
 */
export function auditPurgeTask({ store, signer, now }: AuditPurgeDependencies): Task {
  let lookedAt = -Infinity;
  return async ({ forced, log }) => {
    const startedAt = now();
    let done = 0;
    let failed = 0;
    if (!forced && startedAt - lookedAt < INTERVAL_MS) return { done, failed, ms: 0 };
    for (const { month, rows } of await store.listPurgeableMonths()) {
      const purgedAt = new Date(now()).toISOString();
      const statement = writeStatement("purge", {
        month,
        rows,
        purged_at: purgedAt,
        key: signer.keyId,
      });
      const answer = await store.purgeMonth(month, {
        rows,
        purged_at: purgedAt,
        key_id: signer.keyId,
        statement,
        signature: signer.sign(statement),
      });
      if (answer === "purged") done++;
      else if (answer === "refused") failed++;
      log("info", "audit month", { object_id: month, outcome: answer });
    }
    lookedAt = startedAt;
    return { done, failed, ms: now() - startedAt };
  };
}
