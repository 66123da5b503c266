import { type AuditPublicKey, faultOfSignature } from "./key-ring.ts";
import { readStatement, statementHash } from "./statements.ts";
import type { Finding, Signed } from "./trail.ts";

/** A declared restore whose signature is good. */
export interface DeclaredEpoch {
  readonly epoch: number;
  readonly commonNumber: number;
  readonly commonHash: string;
  readonly previous: string;
  /** Of the declaration itself. */
  readonly hash: string;
}

/** Reads declared restores; one that is not signed counts as none, and is a finding. */
export function readEpochs(
  stored: readonly Signed[],
  keys: readonly AuditPublicKey[],
): { epochs: DeclaredEpoch[]; findings: Finding[] } {
  const epochs: DeclaredEpoch[] = [];
  const findings: Finding[] = [];
  for (const { statement: text, signature } of stored) {
    const declared = readStatement("epoch", text);
    const isGood = declared !== null &&
      faultOfSignature(keys, { text, keyId: declared.key, at: declared.declared_at, signature }) ===
        null;
    if (!isGood) {
      findings.push({ kind: "epoch_invalid", detail: declared?.key ?? "unreadable" });
      continue;
    }
    epochs.push({
      epoch: declared.epoch,
      commonNumber: declared.common_number,
      commonHash: declared.common_hash,
      previous: declared.previous,
      hash: statementHash(text),
    });
  }
  return { epochs: epochs.toSorted((one, other) => one.epoch - other.epoch), findings };
}

/** Months that were purged, by records whose signature is good. */
export function readPurges(
  stored: readonly Signed[],
  keys: readonly AuditPublicKey[],
): { months: Set<string>; findings: Finding[] } {
  const months = new Set<string>();
  const findings: Finding[] = [];
  for (const { statement: text, signature } of stored) {
    const purge = readStatement("purge", text);
    const isGood = purge !== null &&
      faultOfSignature(keys, { text, keyId: purge.key, at: purge.purged_at, signature }) === null;
    if (isGood) months.add(purge.month);
    else findings.push({ kind: "purge_invalid", detail: purge?.month ?? "unreadable" });
  }
  return { months, findings };
}
