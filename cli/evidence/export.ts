import { Buffer } from "node:buffer";
import { createHash, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type {
  AuditPublicKey,
  AuditSigner,
} from "../../supabase/functions/_shared/audit/key-ring.ts";
import { writeStatement } from "../../supabase/functions/_shared/audit/statements.ts";
import { findPublicKeys, findSigner, type KeyOptions } from "../audit/public-keys.ts";
import { type CommandIo, type ExitCode, UsageError } from "../command-io.ts";
import { type Database, type DatabaseOptions, withDatabase } from "../connect/with-database.ts";
import { type Operator, readOperator } from "../operate/operate.ts";
import { createProgressBar, type ProgressBar } from "../progress-bar.ts";
import { writeArchive } from "./archive-writer.ts";
import { collect, type Collected } from "./collect.ts";
import { recordCustody } from "./custody-records.ts";
import { type Draft, openDraft } from "./draft.ts";
import { MANIFEST, type Manifest, SIGNATURE, writeManifest } from "./manifest.ts";
import { placeHolds } from "./place-holds.ts";
import {
  type AskedScope,
  readScope,
  type ResolvedScope,
  resolveScope,
  type ScopeOptions,
} from "./scope.ts";

export interface ExportOptions extends DatabaseOptions, KeyOptions, ScopeOptions {
  readonly json?: boolean;
  readonly out: string;
  readonly reason: string;
  readonly as?: string;
  readonly hold?: boolean;
}

/** What an export needs, whatever it is about. */
interface Exporter {
  readonly keys: readonly AuditPublicKey[];
  readonly signer: AuditSigner;
  readonly operator: Operator;
  readonly io: CommandIo;
}

interface Exported {
  readonly manifest: Manifest;
  readonly digest: string;
  /** Rows that are not what was sealed. */
  readonly changed: number;
  /** Rows that are in no seal although rows after them are. */
  readonly overdue: number;
}

/** The command `payments evidence export`. */
export async function exportEvidence(options: ExportOptions, io: CommandIo): Promise<ExitCode> {
  const asked = readScope(options);
  const operator = readOperator(io, options);
  const keys = await findPublicKeys(options, io);
  const signer = await findSigner(keys, io);
  if (!signer.isValidAt(io.now().toISOString())) {
    throw new UsageError(`The signing key ${signer.keyId} may not sign any more, or not yet`);
  }
  const exported = await withDatabase(io, options, async (database) => {
    const draft = await openDraft(options.out);
    try {
      return await makeEvidence(database, draft, asked, options.hold === true, {
        keys,
        signer,
        operator,
        io,
      });
    } finally {
      await draft.discard();
    }
  });
  if (options.json === true) io.out(renderJson(options.out, exported));
  else io.out(renderSummary(options.out, exported));
  return exported.changed + exported.overdue === 0 ? 0 : 1;
}

/** Says first that evidence is being taken, takes it, says what it is, and only then gives it out. */
async function makeEvidence(
  database: Database,
  draft: Draft,
  asked: AskedScope,
  hold: boolean,
  exporter: Exporter,
): Promise<Exported> {
  const { operator, io } = exporter;
  const id = randomUUID();
  const resolved = await resolveScope(database, asked, io.now());
  const holds = hold ? await placeHolds(database, resolved.scope, asked, operator) : [];
  const custody = await recordCustody(database, operator, {
    evidence: id,
    action: "export_begun",
    scope: resolved.scope,
  });
  const bar = createProgressBar(io);
  const collected = await collect(database, resolved, draft.folder, bar.update)
    .finally(bar.clear);
  const generatedAt = io.now();
  const manifest: Manifest = {
    format: "payments evidence v1",
    id,
    generated_at: generatedAt.toISOString(),
    ...aboutExport(exporter, resolved, collected),
    holds,
    custody,
    software: await readSoftware(),
  };
  const digest = await pack(draft, manifest, exporter.signer, generatedAt, bar)
    .finally(bar.clear);
  await recordCustody(database, operator, { evidence: id, action: "exported", digest });
  await draft.publish();
  return { manifest, digest, changed: collected.changed, overdue: collected.overdue };
}

function aboutExport(
  { keys, operator }: Exporter,
  { scope }: ResolvedScope,
  { counts, head, files }: Collected,
) {
  return {
    by: operator.name,
    reason: operator.reason,
    scope,
    counts,
    head,
    keys: keys.map((key) => ({
      id: key.id,
      sha256: createHash("sha256").update(Buffer.from(key.public_key, "base64")).digest("hex"),
    })),
    files: [...files],
  };
}

async function pack(
  draft: Draft,
  manifest: Manifest,
  signer: AuditSigner,
  at: Date,
  bar: ProgressBar,
): Promise<string> {
  const text = writeManifest(manifest);
  const statement = writeStatement("evidence", {
    id: manifest.id,
    generated_at: manifest.generated_at,
    manifest: createHash("sha256").update(text).digest("hex"),
    key: signer.keyId,
  });
  const signature = `${JSON.stringify({ statement, signature: signer.sign(statement) })}\n`;
  const total = manifest.files.reduce((sum, { bytes }) => sum + bytes, 0);
  let packed = 0;
  const named = (name: string) => `evidence-${manifest.id}/${name}`;
  return await writeArchive(
    draft.archive,
    [
      { name: named(MANIFEST), bytes: Buffer.from(text) },
      { name: named(SIGNATURE), bytes: Buffer.from(signature) },
      ...manifest.files.map(({ name, bytes }) => ({
        name: named(name),
        path: join(draft.folder, name),
        size: bytes,
      })),
    ],
    at,
    (bytes) => bar.update(packed += bytes, total, "packing"),
  );
}

async function readSoftware(): Promise<Manifest["software"]> {
  const text = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  return z.object({ name: z.string(), version: z.string() }).parse(JSON.parse(text));
}

function renderJson(file: string, { manifest, digest, changed, overdue }: Exported): string {
  const { id, counts, head, holds, custody, scope } = manifest;
  return `${
    JSON.stringify(
      {
        ok: changed + overdue === 0,
        file,
        id,
        sha256: digest,
        counts,
        changed,
        overdue,
        head,
        holds,
        custody,
        scope,
      },
      null,
      2,
    )
  }\n`;
}

function renderSummary(file: string, { manifest, digest, changed, overdue }: Exported): string {
  const { id, counts: { rows, unsealed, events, seals }, holds } = manifest;
  return [
    `Evidence ${id} is in ${file}.`,
    `${rows} rows, ${events} events, ${seals} seals. SHA-256 ${digest}`,
    ...(unsealed === 0
      ? []
      : [`${unsealed} rows are in no seal yet: only the manifest's signature speaks for them.`]),
    ...(changed === 0
      ? []
      : [`${changed} rows are not what was sealed and will not verify: payments audit verify`]),
    ...(overdue === 0
      ? []
      : [`${overdue} rows are in no seal although rows after them are: payments audit verify`]),
    ...holds.map((hold) => `Hold ${hold} is in force.`),
    "",
  ].join("\n");
}
