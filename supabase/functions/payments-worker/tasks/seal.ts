import { Buffer } from "node:buffer";
import type { AuditSigner } from "../../_shared/audit/key-ring.ts";
import { leafHash, merkleRoot } from "../../_shared/audit/merkle-tree.ts";
import { NO_STATEMENT, statementHash, writeStatement } from "../../_shared/audit/statements.ts";
import type { Anchor } from "../anchor.ts";
import type { AuditStore, SealClaim, SignedSeal } from "../audit-store.ts";
import { errorCode } from "../error-code.ts";
import type { Task } from "../task.ts";

const LEASE_SECONDS = 30;
const BUDGET_MS = 10_000;
/** A call may use two seconds of CPU when hosted; a seal of a thousand rows takes a twentieth of one. */
const SEALS_A_CALL = 30;

export interface SealDependencies {
  readonly store: AuditStore;
  readonly signer: AuditSigner;
  /** Null where heads stay in the database: development and staging only. */
  readonly anchor: Anchor | null;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Seals what is in no seal yet, a thousand rows at a time, and takes the newest head out of the database. */
export function sealTask(deps: SealDependencies): Task {
  return async (run) => {
    const startedAt = deps.now();
    let done = 0;
    let failed = 0;
    for (let made = 0; made < SEALS_A_CALL && deps.now() - startedAt < BUDGET_MS; made++) {
      const claim = await deps.store.claimSeal(LEASE_SECONDS);
      if (!claim.due) break;
      const sealed = await sealOne(deps, claim).catch(async (error: unknown) => {
        run.log("error", "seal_failed", { detail: errorCode(error) });
        await deps.store.failSeal(claim.lease, errorCode(error));
        return "failed" as const;
      });
      if (sealed === "stored") done += claim.rows.length;
      else if (sealed === "failed") failed++;
      if (sealed !== "stored") break; // another sealer is at it, or the next one tries again
    }
    if (!await anchorHead(deps, run.log)) failed++;
    return { done, failed, ms: deps.now() - startedAt };
  };
}

async function sealOne(
  { store, signer, now }: SealDependencies,
  claim: SealClaim,
): Promise<"stored" | "fenced"> {
  const { seal, leaves } = makeSeal(claim, signer, now());
  return await store.storeSeal(claim.lease, seal, leaves);
}

/** The signed root of the claimed rows, and their leaves in the order of the tree. */
export function makeSeal(
  claim: SealClaim,
  signer: AuditSigner,
  now: number,
): { seal: SignedSeal; leaves: [number, string][] } {
  const sealedAt = new Date(now).toISOString();
  if (!signer.isValidAt(sealedAt)) throw new SigningKeyExpired();
  const hashes = claim.rows.map(({ payload }) => leafHash(payload));
  const root = hex(merkleRoot(hashes));
  const { epoch, number, month } = claim;
  const count = hashes.length;
  const statement = writeStatement("seal", {
    epoch,
    number,
    month,
    count,
    root,
    previous: claim.previous === null ? NO_STATEMENT : statementHash(claim.previous),
    sealed_at: sealedAt,
    key: signer.keyId,
  });
  return {
    seal: {
      epoch,
      number,
      month,
      count,
      root,
      sealed_at: sealedAt,
      key_id: signer.keyId,
      statement,
      signature: signer.sign(statement),
    },
    leaves: claim.rows.map(({ mark }, index) => [mark, hex(hashes[index] ?? new Uint8Array())]),
  };
}

/** False when there is a head that could not be taken out. */
async function anchorHead(
  { store, anchor }: SealDependencies,
  log: Parameters<Task>[0]["log"],
): Promise<boolean> {
  if (anchor === null) return true;
  const head = await store.unanchoredHead();
  if (head === null) return true;
  const error = await anchor.write(head);
  if (error === null) {
    await store.recordAnchor(head.number, anchor.target);
    return true;
  }
  log("error", "anchor_failed", { detail: error });
  await store.failAnchor(head.number, error);
  return false;
}

class SigningKeyExpired extends Error {
  override readonly name = "SigningKeyExpired";
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
