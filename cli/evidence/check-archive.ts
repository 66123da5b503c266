import { createHash } from "node:crypto";
import { z } from "zod";
import {
  type AuditPublicKey,
  faultOfSignature,
} from "../../supabase/functions/_shared/audit/key-ring.ts";
import { readStatement } from "../../supabase/functions/_shared/audit/statements.ts";
import type { Head } from "../../supabase/functions/_shared/audit/trail.ts";
import { ArchiveFault, type ArchiveFinding } from "./archive-findings.ts";
import { type ArchiveEntry, type OpenArchive, withArchive } from "./archive-reader.ts";
import { CHECKS, type Judging, startJudging } from "./check-lines.ts";
import { signedLineSchema } from "./line-schemas.ts";
import {
  MANIFEST,
  type Manifest,
  manifestSchema,
  type Part,
  PARTS,
  SIGNATURE,
} from "./manifest.ts";

const KEPT_FINDINGS = 100;
const LARGEST_MANIFEST = 16 * 1024 * 1024;
const LARGEST_SIGNATURE = 4096;

export interface CheckOptions {
  readonly keys: readonly AuditPublicKey[];
  /** Heads from outside of the database and of the archive. */
  readonly anchored: readonly Head[];
  /** What the chain of custody says is the archive's SHA-256; null: nobody said. */
  readonly expectedDigest: string | null;
  /** Told how many bytes of how many were read. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface CheckedArchive {
  readonly digest: string | null;
  readonly manifest: Manifest | null;
  /** Whose key signed the manifest; null where that is not proven. */
  readonly signedBy: string | null;
  readonly findingCount: number;
  /** The first hundred. */
  readonly findings: readonly ArchiveFinding[];
}

/** Checks an archive with nothing but public keys: no database, and nothing that the archive says unproven. */
export async function checkArchive(path: string, options: CheckOptions): Promise<CheckedArchive> {
  const notes = takeNotes();
  const state: { manifest: Manifest | null; digest: string | null; signedBy: string | null } = {
    manifest: null,
    digest: null,
    signedBy: null,
  };
  try {
    await withArchive(path, async (archive) => {
      let read = 0;
      // each byte is read twice: for the archive's digest and for its content
      const onBytes = (bytes: number) =>
        options.onProgress?.(Math.min(read += bytes, 2 * archive.size), 2 * archive.size);
      state.digest = await archive.digest(onBytes);
      if (options.expectedDigest !== null && options.expectedDigest !== state.digest) {
        notes.add([{ kind: "archive_digest", detail: state.digest }]);
      }
      const { manifest, signedBy, findings } = await readManifest(archive, options.keys);
      Object.assign(state, { manifest, signedBy });
      notes.add(findings);
      await checkParts(archive, manifest, options, notes, onBytes);
    });
  } catch (error) {
    if (!(error instanceof ArchiveFault)) throw error;
    notes.add([error.finding]);
  }
  return { ...state, findingCount: notes.count(), findings: notes.kept };
}

interface Notes {
  readonly kept: ArchiveFinding[];
  add(findings: readonly ArchiveFinding[]): void;
  count(): number;
}

function takeNotes(): Notes {
  const kept: ArchiveFinding[] = [];
  let count = 0;
  return {
    kept,
    add(findings) {
      count += findings.length;
      kept.push(...findings.slice(0, KEPT_FINDINGS - kept.length));
    },
    count: () => count,
  };
}

async function readManifest(archive: OpenArchive, keys: readonly AuditPublicKey[]) {
  const bytes = await archive.readAll(entryOf(archive, MANIFEST), LARGEST_MANIFEST);
  const signature = await archive.readAll(entryOf(archive, SIGNATURE), LARGEST_SIGNATURE);
  const manifest = parse(manifestSchema, bytes);
  if (manifest === null || manifest.id !== archive.id) {
    throw new ArchiveFault("manifest_unreadable", MANIFEST);
  }
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const fault = faultOfManifest(manifest, sha256, parse(signedLineSchema, signature), keys);
  const findings: ArchiveFinding[] = typeof fault === "string"
    ? [{ kind: "manifest_signature", file: SIGNATURE, detail: fault }]
    : [];
  return { manifest, signedBy: typeof fault === "string" ? null : fault.keyId, findings };
}

function faultOfManifest(
  manifest: Manifest,
  sha256: string,
  signed: z.infer<typeof signedLineSchema> | null,
  keys: readonly AuditPublicKey[],
): string | { readonly keyId: string } {
  const statement = signed === null ? null : readStatement("evidence", signed.statement);
  if (signed === null || statement === null) return "unreadable";
  const fault = faultOfSignature(keys, {
    text: signed.statement,
    keyId: statement.key,
    at: statement.generated_at,
    signature: signed.signature,
  });
  if (fault !== null) return fault;
  const isSame = statement.manifest === sha256 && statement.id === manifest.id &&
    statement.generated_at === manifest.generated_at;
  return isSame ? { keyId: statement.key } : "another manifest was signed";
}

async function checkParts(
  archive: OpenArchive,
  manifest: Manifest,
  { keys, anchored }: CheckOptions,
  notes: Notes,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const judging = startJudging({ keys, anchored, scope: manifest.scope });
  const lines: Record<Part, number> = {
    "epochs.ndjson": 0,
    "purges.ndjson": 0,
    "seals.ndjson": 0,
    "rows.ndjson": 0,
    "events.ndjson": 0,
  };
  for (const [index, name] of PARTS.entries()) {
    const hash = createHash("sha256");
    const entry = entryOf(archive, name);
    try {
      for await (const text of archive.readLines(entry, hash)) {
        notes.add(CHECKS[name](judging, text, ++lines[name]));
        onBytes(text.length + 1);
      }
    } catch (error) {
      // the rest of this file cannot be read; the others can
      if (!(error instanceof ArchiveFault)) throw error;
      notes.add([error.finding]);
    }
    const record = manifest.files[index];
    const isSame = record?.name === name && record.bytes === entry.size &&
      record.sha256 === hash.digest("hex");
    if (!isSame) notes.add([{ kind: "file_changed", file: name }]);
  }
  notes.add(checkCounts(manifest, judging, lines));
}

function checkCounts(
  { counts, head }: Manifest,
  { unsealed, chain }: Judging,
  lines: Readonly<Record<Part, number>>,
): ArchiveFinding[] {
  const pairs: [string, number, number][] = [
    ["epochs.ndjson", counts.epochs, lines["epochs.ndjson"]],
    ["purges.ndjson", counts.purges, lines["purges.ndjson"]],
    ["seals.ndjson", counts.seals, lines["seals.ndjson"]],
    ["rows.ndjson", counts.rows, lines["rows.ndjson"]],
    ["rows.ndjson, unsealed", counts.unsealed, unsealed],
    ["events.ndjson", counts.events, lines["events.ndjson"]],
  ];
  const last = chain?.head ?? null;
  const isHead = last?.number === head?.number && last?.hash === head?.hash;
  return [
    ...pairs.filter(([, said, found]) => said !== found).map(([file, said, found]) => ({
      kind: "count_differs" as const,
      file,
      detail: `${found}, not ${said}`,
    })),
    ...(isHead ? [] : [{ kind: "head_differs" as const, file: "seals.ndjson" }]),
  ];
}

function entryOf(archive: OpenArchive, name: string): ArchiveEntry {
  const entry = archive.entries.get(name);
  if (entry === undefined) throw new ArchiveFault("entry_missing", name);
  return entry;
}

function parse<T>(schema: z.ZodType<T>, bytes: Uint8Array): T | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
