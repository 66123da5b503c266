import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { z } from "zod";
import {
  type AuditPublicKey,
  faultOfSignature,
} from "../../supabase/functions/_shared/audit/key-ring.ts";
import { readStatement, statementHash } from "../../supabase/functions/_shared/audit/statements.ts";
import {
  type Head,
  headSchema,
  type Signed,
  signedSchema,
} from "../../supabase/functions/_shared/audit/trail.ts";
import { type CommandIo, UsageError } from "../command-io.ts";

/** Heads that are remembered of one trail; the newest are kept. */
const REMEMBERED = 500;

const fileSchema = z.record(z.string(), z.array(headSchema));

/** What this machine remembers of a trail: a database that goes back does not take it along. */
export interface HeadMemory {
  readonly file: string;
  recall(): Promise<Head[]>;
  /** Notes heads that were seen and forgets those that are given as gone. */
  remember(seen: readonly Head[], gone: readonly Head[]): Promise<void>;
}

/**
 * A trail is known by its database's address and its first public key: a new local stack on an old
 * port is another trail.
 */
export function headMemory(
  database: string,
  keys: readonly AuditPublicKey[],
  io: CommandIo,
): HeadMemory {
  const file = join(stateFolder(io), "supabase-stripe-payments", "audit-heads.json");
  const fingerprint = createHash("sha256").update(keys[0]?.public_key ?? "").digest("hex");
  const trail = `${database} ${fingerprint.slice(0, 16)}`;
  const read = async () => {
    if (!existsSync(file)) return {};
    const value: unknown = JSON.parse(await readFile(file, "utf8"));
    return fileSchema.parse(value);
  };
  return {
    file,
    recall: async () => (await read())[trail] ?? [],
    async remember(seen, gone) {
      const all = await read();
      const names = new Set(gone.map(nameOf));
      const heads = new Map([...all[trail] ?? [], ...seen].map((head) => [nameOf(head), head]));
      const kept = [...heads.values()].filter((head) => !names.has(nameOf(head)))
        .toSorted((one, other) => one.number - other.number).slice(-REMEMBERED);
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      // whole or not at all: half a memory would be worse than none
      const draft = `${file}.${process.pid}`;
      await writeFile(draft, `${JSON.stringify({ ...all, [trail]: kept }, null, 2)}\n`);
      await chmod(draft, 0o600);
      await rename(draft, file);
    },
  };
}

/** Reads files of heads: lines of `{statement, signature}`, as anchors hold them. */
export async function readAnchorFiles(
  files: readonly string[],
  keys: readonly AuditPublicKey[],
): Promise<Head[]> {
  const heads: Head[] = [];
  for (const file of files) {
    const lines = (await readFile(file, "utf8")).split("\n").filter((line) => line.trim() !== "");
    for (const [index, line] of lines.entries()) {
      const head = readHead(line, keys);
      if (head === null) {
        throw new UsageError(`${file}, line ${index + 1}: not a head signed by a listed key`);
      }
      heads.push(head);
    }
  }
  return heads;
}

function readHead(line: string, keys: readonly AuditPublicKey[]): Head | null {
  let signed: Signed;
  try {
    signed = signedSchema.parse(JSON.parse(line));
  } catch {
    return null;
  }
  const seal = readStatement("seal", signed.statement);
  if (seal === null) return null;
  const fault = faultOfSignature(keys, {
    text: signed.statement,
    keyId: seal.key,
    at: seal.sealed_at,
    signature: signed.signature,
  });
  if (fault !== null) return null;
  return { epoch: seal.epoch, number: seal.number, hash: statementHash(signed.statement) };
}

function nameOf({ epoch, number, hash }: Head): string {
  return `${epoch} ${number} ${hash}`;
}

/** @see https://specifications.freedesktop.org/basedir-spec/latest/ */
function stateFolder({ env }: CommandIo): string {
  const given = env["XDG_STATE_HOME"] ?? "";
  if (given !== "") return given;
  const home = env["HOME"] ?? env["USERPROFILE"] ?? "";
  if (home === "") throw new UsageError("No home folder: set XDG_STATE_HOME");
  return join(home, ".local", "state");
}
