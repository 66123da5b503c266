import { Buffer } from "node:buffer";
import { type AuditPublicKey, faultOfSignature } from "./key-ring.ts";
import { leafHash, merkleRoot } from "./merkle-tree.ts";
import { NO_STATEMENT, readStatement, type SealStatement, statementHash } from "./statements.ts";
import type { Finding, Head, SealEntry, StoredSeal } from "./trail.ts";
import type { DeclaredEpoch } from "./declared-records.ts";

/** What seals are judged by. */
export interface Trust {
  readonly keys: readonly AuditPublicKey[];
  readonly epochs: readonly DeclaredEpoch[];
  /** Months that a signed record says were purged. */
  readonly purgedMonths: ReadonlySet<string>;
}

/** How far a chain has been followed. */
export interface ChainPlace {
  /** The newest seal so far; number 0 before the first. */
  readonly head: Head;
  /** What the next seal must be chained to. */
  readonly previous: string;
  /** The newest `occurred_at` of all rows so far; empty before the first. */
  readonly newestRow: string;
}

export const CHAIN_START: ChainPlace = {
  head: { epoch: 1, number: 0, hash: NO_STATEMENT },
  previous: NO_STATEMENT,
  newestRow: "",
};

/** Transactions commit late and clocks differ, but not by this much. */
const TOLERANCE_MS = 15 * 60_000;

/** Judges the next stored seal and goes on to it, whatever is wrong: each fault is told once. */
export function checkSeal(
  place: ChainPlace,
  seal: StoredSeal,
  trust: Trust,
): { place: ChainPlace; findings: Finding[] } {
  const statement = readStatement("seal", seal.statement);
  const hash = statementHash(seal.statement);
  const epoch = statement?.epoch ?? seal.epoch;
  const findings = [
    ...checkNumber(place, seal.number),
    ...(statement === null
      ? [{ kind: "seal_unreadable" as const, seal: seal.number }]
      : [...checkStatement(seal, statement, trust), ...checkChain(place, statement, trust)]),
    ...checkEntries(seal, statement, trust, place.newestRow),
  ];
  // a row from the future must not make all later ones look old
  const newestRow = seal.entries.reduce(
    (newest, { occurred_at: at }) => at > newest && at <= seal.sealed_at ? at : newest,
    place.newestRow,
  );
  return {
    place: {
      head: { epoch, number: seal.number, hash },
      previous: hash,
      newestRow,
    },
    findings,
  };
}

/** Whether a seal's number follows the one before. */
export function checkNumber({ head }: ChainPlace, number: number): Finding[] {
  if (number === head.number + 1) return [];
  if (number <= head.number) return [{ kind: "seal_repeated", seal: number }];
  return [{ kind: "seals_missing", seal: head.number + 1, until: number - 1 }];
}

function checkStatement(
  seal: StoredSeal,
  statement: SealStatement,
  { keys }: Trust,
): Finding[] {
  const columns: [unknown, unknown][] = [
    [seal.epoch, statement.epoch],
    [seal.number, statement.number],
    [seal.month, statement.month],
    [seal.count, statement.count],
    [seal.root, statement.root],
    [seal.key_id, statement.key],
    [seal.sealed_at, statement.sealed_at],
  ];
  const fault = faultOfSignature(keys, {
    text: seal.statement,
    keyId: statement.key,
    at: statement.sealed_at,
    signature: seal.signature,
  });
  return [
    ...(columns.every(([stored, signed]) => stored === signed)
      ? []
      : [{ kind: "seal_changed" as const, seal: seal.number }]),
    ...(fault === null
      ? []
      : [{ kind: "seal_signature" as const, seal: seal.number, detail: fault }]),
  ];
}

/** Whether a seal is chained to what stands before it: a seal, or declared restores. */
export function checkChain(
  place: ChainPlace,
  statement: SealStatement,
  { epochs }: Pick<Trust, "epochs">,
): Finding[] {
  const { number } = statement;
  let previous = place.previous;
  const opened = epochs.filter(({ epoch }) => epoch > place.head.epoch && epoch <= statement.epoch);
  if (statement.epoch !== (opened.at(-1)?.epoch ?? place.head.epoch)) {
    return [{ kind: "epoch_undeclared", seal: number, detail: `epoch ${statement.epoch}` }];
  }
  const findings: Finding[] = [];
  for (const declared of opened) {
    if (declared.previous !== previous) {
      findings.push({ kind: "epoch_invalid", seal: number, detail: `epoch ${declared.epoch}` });
    }
    previous = declared.hash;
  }
  if (statement.previous !== previous) findings.push({ kind: "chain_broken", seal: number });
  return findings;
}

function checkEntries(
  seal: StoredSeal,
  statement: SealStatement | null,
  trust: Trust,
  newestBefore: string,
): Finding[] {
  const isPurged = trust.purgedMonths.has(seal.month);
  const findings = seal.entries.flatMap((entry) => {
    const fault = faultOfRow(seal, entry, isPurged, newestBefore);
    return fault === null
      ? []
      : [{ ...fault, seal: seal.number, index: entry.index, id: entry.id }];
  });
  if (statement === null) return findings;
  const isWhole = seal.entries.length === statement.count &&
    seal.entries.every(({ index }, position) => index === position);
  if (isWhole && rootOf(seal.entries) === statement.root) return findings;
  const detail = isWhole ? "another root" : `${seal.entries.length} of ${statement.count}`;
  return [...findings, { kind: "entries_changed", seal: seal.number, detail }];
}

function rootOf(entries: readonly SealEntry[]): string {
  const leaves = entries.map(({ leaf }) => Buffer.from(leaf, "hex"));
  return leaves.length === 0 ? "" : Buffer.from(merkleRoot(leaves)).toString("hex");
}

function faultOfRow(
  seal: StoredSeal,
  { payload, leaf, columns_match: columnsMatch, occurred_at: at }: SealEntry,
  isPurged: boolean,
  newestBefore: string,
): Finding | null {
  if (payload === null) return isPurged ? null : { kind: "row_missing" };
  if (Buffer.from(leafHash(payload)).toString("hex") !== leaf) {
    return { kind: "row_changed", detail: "payload" };
  }
  if (columnsMatch !== true) return { kind: "row_changed", detail: "columns" };
  if (!at.startsWith(seal.month)) return { kind: "row_changed", detail: "month" };
  const moment = Date.parse(at);
  const isOld = newestBefore !== "" && moment < Date.parse(newestBefore) - TOLERANCE_MS;
  if (isOld) return { kind: "row_misdated", detail: "older than rows sealed before" };
  return moment > Date.parse(seal.sealed_at) + TOLERANCE_MS
    ? { kind: "row_misdated", detail: "newer than its seal" }
    : null;
}
