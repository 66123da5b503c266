// A trail with something to export, and archives that are taken apart and put together again.
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type postgres from "postgres";
import { writeArchive } from "../../cli/evidence/archive-writer.ts";
import { withArchive } from "../../cli/evidence/archive-reader.ts";
import {
  MANIFEST,
  type Manifest,
  manifestSchema,
  PARTS,
  SIGNATURE,
} from "../../cli/evidence/manifest.ts";
import type { AuditSigner } from "../../supabase/functions/_shared/audit/key-ring.ts";
import { writeStatement } from "../../supabase/functions/_shared/audit/statements.ts";
import { type Ended, payments } from "../integration/cli/support.ts";
import type { ScratchDatabase } from "../property/support/scratch-database.ts";
import { runTask, sealer, type TestKey } from "./audit-trail.ts";

export interface EvidenceBench {
  readonly admin: postgres.Sql;
  /** Runs `payments evidence …` against this trail. */
  evidence(...argv: string[]): Promise<Ended>;
  /** Runs `payments incident …` against it. */
  incident(...argv: string[]): Promise<Ended>;
  /** Verifies without a database. */
  verify(file: string, ...argv: string[]): Promise<Ended>;
  seal(): Promise<void>;
  file(name: string): string;
}

export function openEvidenceBench(
  database: ScratchDatabase,
  key: TestKey,
  folder: string,
): EvidenceBench {
  const task = sealer({ rpc: database.as("payments_worker"), key });
  const PAYMENTS_AUDIT_PUBLIC_KEYS = JSON.stringify(key.keys);
  const env = {
    PAYMENTS_DB_URL: database.url,
    PAYMENTS_AUDIT_PUBLIC_KEYS,
    PAYMENTS_AUDIT_SIGNING_KEY: key.secret,
    XDG_STATE_HOME: folder,
  };
  return {
    admin: database.admin,
    evidence: (...argv) => payments(["evidence", ...argv], env),
    incident: (...argv) => payments(["incident", ...argv], env),
    verify: (file, ...argv) =>
      payments(["evidence", "verify", file, ...argv], { PAYMENTS_AUDIT_PUBLIC_KEYS }),
    seal: async () => void await runTask(task),
    file: (name) => join(folder, name),
  };
}

/** Rows of a user: what they did, what happened to what is theirs, and the event that told of it. */
export async function appendUser(sql: postgres.ISql, user: string, name: string): Promise<void> {
  await sql`insert into auth.users (id) values (${user}) on conflict do nothing`;
  await sql`insert into payments.customers (id, user_id, created_at)
    values (${`cus_${name}`}, ${user}, now())`;
  await sql`
    select audit.append('user', ${user}, 'checkout.authorized', 'success', 'reservation', gen_random_uuid()::text),
      audit.append('user', ${user}, 'billing.read', 'success', 'user', ${user}),
      audit.append('stripe', ${`evt_${name}`}, 'event.applied', 'success', 'customer', ${`cus_${name}`}),
      audit.append('system', null, 'user.held', 'success', 'user', ${user}, p_reason => 'velocity')`;
  await sql`
    insert into payments_private.processed_events (event_id, created, event_type, object_kind, object_id, livemode,
      status, body_sha256, secret_fingerprint, request_id)
    values (${`evt_${name}`}, now(), 'customer.updated', 'customer', ${`cus_${name}`}, false, 'applied',
      ${"ab".repeat(32)}, 'fp', 'req')`;
}

/** What is in an archive, by name, as it would be unpacked. */
export type Contents = Map<string, Buffer>;

export async function unpack(file: string): Promise<{ id: string; contents: Contents }> {
  return await withArchive(file, async (archive) => {
    const contents: Contents = new Map();
    for (const [name, entry] of archive.entries) {
      contents.set(name, await archive.readAll(entry, 1e9));
    }
    return { id: archive.id, contents };
  });
}

export function linesOf(contents: Contents, name: string): Record<string, unknown>[] {
  return textsOf(contents, name).map((line) => JSON.parse(line));
}

export function textsOf(contents: Contents, name: string): string[] {
  return String(contents.get(name)).split("\n").slice(0, -1);
}

export function setLines(contents: Contents, name: string, lines: readonly unknown[]): void {
  const texts = lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`);
  contents.set(name, Buffer.from(texts.join("")));
}

export function manifestOf(contents: Contents): Manifest {
  return manifestSchema.parse(JSON.parse(String(contents.get(MANIFEST))));
}

/** Puts an archive together again. */
export async function pack(file: string, id: string, contents: Contents): Promise<string> {
  await rm(file, { force: true });
  return await writeArchive(
    file,
    [...contents].map(([name, bytes]) => ({ name: `evidence-${id}/${name}`, bytes })),
    new Date(),
  );
}

/** Makes the manifest say what is in the files now, as a careful forger would. */
export function fixManifest(contents: Contents, change: (manifest: Manifest) => object = (m) => m) {
  const manifest = manifestOf(contents);
  const files = PARTS.map((name) => {
    const bytes = contents.get(name) ?? Buffer.alloc(0);
    return { name, bytes: bytes.length, sha256: sha256(bytes) };
  });
  const fixed = { ...change(manifest), files };
  contents.set(MANIFEST, Buffer.from(`${JSON.stringify(fixed, null, 2)}\n`));
}

/** Signs the manifest as it is now. */
export function signManifest(contents: Contents, signer: AuditSigner): void {
  const { id, generated_at } = manifestOf(contents);
  const manifest = sha256(contents.get(MANIFEST) ?? Buffer.alloc(0));
  const statement = writeStatement("evidence", { id, generated_at, manifest, key: signer.keyId });
  const signature = signer.sign(statement);
  contents.set(SIGNATURE, Buffer.from(`${JSON.stringify({ statement, signature })}\n`));
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
