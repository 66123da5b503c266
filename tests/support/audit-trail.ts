// A trail of its own in a scratch database, what seals it, and what the operator's command finds in it.
import { generateKeyPairSync } from "node:crypto";
import type postgres from "postgres";
import { type Followed, followTrail } from "../../cli/audit/follow-trail.ts";
import type { Database } from "../../cli/connect/with-database.ts";
import {
  type AuditPublicKey,
  type AuditSigner,
  createAuditSigner,
} from "../../supabase/functions/_shared/audit/key-ring.ts";
import type { Finding, Head } from "../../supabase/functions/_shared/audit/trail.ts";
import type { CallRpc } from "../../supabase/functions/_shared/database.ts";
import type { Anchor } from "../../supabase/functions/payments-worker/anchor.ts";
import { createAuditStore } from "../../supabase/functions/payments-worker/audit-store.ts";
import type { Task, TaskResult } from "../../supabase/functions/payments-worker/task.ts";
import { sealTask } from "../../supabase/functions/payments-worker/tasks/seal.ts";
import { verifyTask } from "../../supabase/functions/payments-worker/tasks/verify.ts";

export interface TestKey {
  readonly keys: readonly AuditPublicKey[];
  /** PKCS#8, base64. */
  readonly secret: string;
  readonly signer: AuditSigner;
}

/** A key ring of one fresh key. */
export function makeTestKey(id = "k1"): TestKey {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const secret = privateKey.export({ format: "der", type: "pkcs8" }).toString("base64");
  const keys = [{
    id,
    public_key: publicKey.export({ format: "der", type: "spki" }).toString("base64"),
    from: "2026-01-01T00:00:00.000Z",
  }];
  return { keys, secret, signer: createAuditSigner(secret, keys) };
}

/** Runs a worker's task once, as the worker does when it is asked for it. */
export async function runTask(task: Task, forced = true): Promise<TaskResult> {
  return await task({ requestId: crypto.randomUUID(), log: () => {}, forced });
}

export interface SealerParts {
  readonly rpc: CallRpc;
  readonly key: TestKey;
  readonly anchor?: Anchor | null;
  readonly now?: () => number;
}

export function sealer({ rpc, key, anchor = null, now = Date.now }: SealerParts): Task {
  return sealTask({ store: createAuditStore(rpc), signer: key.signer, anchor, now });
}

export function verifier({ rpc, key, now = Date.now }: SealerParts): Task {
  return verifyTask({ store: createAuditStore(rpc), signer: key.signer, keys: key.keys, now });
}

/** Appends rows in transactions of their own. @returns their ids, in order */
export async function appendRows(sql: postgres.ISql, count: number, note = "x"): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    select audit.append('system', null, 'purge.finished', 'success', 'purge', ${note} || n,
      p_detail => jsonb_build_object('raw_bodies', n)) as id
    from generate_series(1, ${count}) as n`;
  return rows.map(({ id }) => id);
}

/** What `payments audit verify` finds, as seen from inside a transaction. */
export async function findingsIn(
  sql: postgres.TransactionSql,
  key: Pick<TestKey, "keys">,
  { known = [], at = new Date() }: { known?: readonly Head[]; at?: Date } = {},
): Promise<{ followed: Followed; findings: Finding[] }> {
  const findings: Finding[] = [];
  const ask: Database["read"] = (run) => run(sql);
  const database = {
    name: "scratch",
    read: ask,
    readAudit: ask,
    readAsSelf: ask,
    change: ask,
    changeAudit: ask,
  };
  const followed = await followTrail(database, {
    keys: key.keys,
    known,
    onFinding: (finding) => findings.push(finding),
  }, {
    root: "",
    now: () => at,
    colour: false,
    env: {},
    operator: "somebody",
    out: () => {},
    error: () => {},
  });
  return { followed, findings };
}

/** Lets the superuser do as they like, with triggers off, looks, and takes everything back. */
export async function tamper<T>(
  admin: postgres.Sql,
  change: (sql: postgres.TransactionSql) => Promise<unknown>,
  look: (sql: postgres.TransactionSql) => Promise<T>,
): Promise<T> {
  let seen: { value: T } | undefined;
  await admin.begin(async (sql) => {
    await sql`set local session_replication_role = replica`;
    await change(sql);
    seen = { value: await look(sql) };
    throw new TakenBack();
  }).catch((error: unknown) => {
    if (!(error instanceof TakenBack)) throw error;
  });
  if (seen === undefined) throw new Error("nothing was seen");
  return seen.value;
}

class TakenBack extends Error {}
