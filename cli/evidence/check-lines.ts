import { Buffer } from "node:buffer";
import {
  CHAIN_START,
  type ChainPlace,
  checkChain,
  checkNumber,
} from "../../supabase/functions/_shared/audit/check-seal.ts";
import {
  type DeclaredEpoch,
  readEpochs,
  readPurges,
} from "../../supabase/functions/_shared/audit/declared-records.ts";
import {
  type AuditPublicKey,
  faultOfSignature,
} from "../../supabase/functions/_shared/audit/key-ring.ts";
import { leafHash, rootFromPath } from "../../supabase/functions/_shared/audit/merkle-tree.ts";
import { readStatement, statementHash } from "../../supabase/functions/_shared/audit/statements.ts";
import type { Head } from "../../supabase/functions/_shared/audit/trail.ts";
import { type ArchiveFinding, inArchive } from "./archive-findings.ts";
import {
  eventLineSchema,
  payloadSchema,
  readLine,
  type RowLine,
  rowLineSchema,
  signedLineSchema,
} from "./line-schemas.ts";
import type { Manifest, Part } from "./manifest.ts";

/** What lines are judged by, and what was learnt from those before. */
export interface Judging {
  readonly keys: readonly AuditPublicKey[];
  readonly scope: Pick<Manifest["scope"], "from" | "until">;
  /** Heads from elsewhere. */
  readonly anchored: readonly Head[];
  readonly epochs: DeclaredEpoch[];
  /** By number: what a row has to lead to. */
  readonly seals: Map<number, { readonly root: string; readonly count: number }>;
  chain: ChainPlace | null;
  /** The row before: seal and index, or nothing once they are unsealed. */
  lastRow: { readonly seal: number; readonly index: number };
  /** Text of the row or event before, where nothing else orders them. */
  lastId: string;
  unsealed: number;
  /** When the newest signed seal was made, in milliseconds. */
  sealedAt: number;
}

/** How long a row may wait for its seal while others get theirs: transactions are shorter than that. */
export const OVERDUE_MS = 5 * 60_000;

type CheckLine = (judging: Judging, text: string, line: number) => ArchiveFinding[];

/** What is wrong with a line, for each file of an archive. */
export const CHECKS: Readonly<Record<Part, CheckLine>> = {
  "epochs.ndjson": checkEpoch,
  "purges.ndjson": checkPurge,
  "seals.ndjson": checkSealLine,
  "rows.ndjson": checkRow,
  "events.ndjson": checkEvent,
};

export function startJudging(
  known: Pick<Judging, "keys" | "scope" | "anchored">,
): Judging {
  return {
    ...known,
    epochs: [],
    seals: new Map(),
    chain: null,
    lastRow: { seal: 0, index: -1 },
    lastId: "",
    unsealed: 0,
    sealedAt: Number.NEGATIVE_INFINITY,
  };
}

function checkEpoch({ keys, epochs: known }: Judging, text: string, line: number) {
  const file = "epochs.ndjson";
  const signed = readLine(signedLineSchema, text);
  if (signed === null) return [unreadable(file, line)];
  const { epochs, findings } = readEpochs([signed], keys);
  known.push(...epochs);
  known.sort((one, other) => one.epoch - other.epoch);
  return findings.map((finding) => inArchive(finding, file, line));
}

function checkPurge({ keys }: Judging, text: string, line: number) {
  const file = "purges.ndjson";
  const signed = readLine(signedLineSchema, text);
  if (signed === null) return [unreadable(file, line)];
  return readPurges([signed], keys).findings.map((finding) => inArchive(finding, file, line));
}

function checkSealLine(judging: Judging, text: string, line: number): ArchiveFinding[] {
  const file = "seals.ndjson";
  const signed = readLine(signedLineSchema, text);
  const seal = signed === null ? null : readStatement("seal", signed.statement);
  if (signed === null || seal === null) return [unreadable(file, line)];
  // the first one that is needed stands on seals that are not in the archive
  const place = judging.chain ?? (seal.number === 1 ? CHAIN_START : {
    ...CHAIN_START,
    head: { epoch: seal.epoch, number: seal.number - 1, hash: seal.previous },
    previous: seal.previous,
  });
  const fault = faultOfSignature(judging.keys, {
    text: signed.statement,
    keyId: seal.key,
    at: seal.sealed_at,
    signature: signed.signature,
  });
  const hash = statementHash(signed.statement);
  const forked = judging.anchored.some((head) =>
    head.epoch === seal.epoch && head.number === seal.number && head.hash !== hash
  );
  judging.chain = {
    ...place,
    head: { epoch: seal.epoch, number: seal.number, hash },
    previous: hash,
  };
  // what is not signed proves nothing
  if (fault === null) {
    judging.seals.set(seal.number, { root: seal.root, count: seal.count });
    judging.sealedAt = Math.max(judging.sealedAt, Date.parse(seal.sealed_at));
  }
  return [
    ...checkNumber(place, seal.number),
    ...checkChain(place, seal, judging),
    ...(fault === null
      ? []
      : [{ kind: "seal_signature" as const, seal: seal.number, detail: fault }]),
    ...(forked ? [{ kind: "head_forked" as const, seal: seal.number }] : []),
  ].map((finding) => inArchive(finding, file, line));
}

function checkRow(judging: Judging, text: string, line: number): ArchiveFinding[] {
  const file = "rows.ndjson";
  const row = readLine(rowLineSchema, text);
  const payload = row === null ? null : readLine(payloadSchema, row.payload);
  if (row === null || payload === null) return [unreadable(file, line)];
  const { scope: { from, until } } = judging;
  const at = Date.parse(payload.occurred_at);
  const isOutside = from !== null && at < Date.parse(from) || at > Date.parse(until);
  const kinds = [
    ...(payload.id === row.id ? [] : ["row_other_id" as const]),
    ...(isOutside ? ["row_out_of_scope" as const] : []),
    ...("unsealed" in row && at < judging.sealedAt - OVERDUE_MS ? ["row_overdue" as const] : []),
    ...checkOrder(judging, row, `${payload.occurred_at} ${row.id}`),
    ...checkPlace(judging, row),
  ];
  return kinds.map((kind) => ({ kind, file, line, detail: row.id }));
}

function checkOrder(judging: Judging, row: RowLine, place: string) {
  const { lastRow, lastId } = judging;
  if ("unsealed" in row) {
    judging.unsealed++;
    judging.lastRow = { seal: Number.MAX_SAFE_INTEGER, index: 0 };
    judging.lastId = place;
    return place > lastId ? [] : ["row_order" as const];
  }
  judging.lastRow = { seal: row.seal, index: row.index };
  const follows = row.seal > lastRow.seal ||
    row.seal === lastRow.seal && row.index > lastRow.index;
  return follows ? [] : ["row_order" as const];
}

function checkPlace({ seals }: Judging, row: RowLine) {
  if ("unsealed" in row) return [];
  const seal = seals.get(row.seal);
  if (seal === undefined) return ["row_without_seal" as const];
  const path = row.path.map((hash) => Buffer.from(hash, "hex"));
  const root = rootFromPath(leafHash(row.payload), row.index, seal.count, path);
  const isThere = root !== null && Buffer.from(root).toString("hex") === seal.root;
  return isThere ? [] : ["row_not_in_seal" as const];
}

function checkEvent(_judging: Judging, text: string, line: number): ArchiveFinding[] {
  return readLine(eventLineSchema, text) === null ? [unreadable("events.ndjson", line)] : [];
}

function unreadable(file: Part, line: number): ArchiveFinding {
  return { kind: "line_unreadable", file, line };
}
