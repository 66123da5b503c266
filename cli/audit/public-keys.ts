import { readFile } from "node:fs/promises";
import {
  type AuditPublicKey,
  type AuditSigner,
  createAuditSigner,
  keyRingSchema,
} from "../../supabase/functions/_shared/audit/key-ring.ts";
import { type CommandIo, UsageError } from "../command-io.ts";
import { readRunningStack } from "../connect/stack-state.ts";

/** Where a command finds the public keys. */
export interface KeyOptions {
  readonly keys?: string;
}

export const KEYS_HELP = `
Public keys: --keys <file>, else PAYMENTS_AUDIT_PUBLIC_KEYS, else the running local stack's. Keep your
copy outside of the database and of the project: it is what everything else is judged by.`;

/** @throws UsageError for a list that is missing, malformed, or not handed on from key to key */
export async function findPublicKeys(
  { keys }: KeyOptions,
  io: CommandIo,
): Promise<readonly AuditPublicKey[]> {
  if (keys !== undefined) return parseKeys(await readFile(keys, "utf8"), keys);
  const fromEnvironment = io.env["PAYMENTS_AUDIT_PUBLIC_KEYS"] ?? "";
  if (fromEnvironment !== "") return parseKeys(fromEnvironment, "PAYMENTS_AUDIT_PUBLIC_KEYS");
  const stack = await readRunningStack(io.root);
  if (stack !== null) return parseKeys(stack.auditPublicKeys, ".local/stack.json");
  throw new UsageError("No public keys: set PAYMENTS_AUDIT_PUBLIC_KEYS or --keys");
}

/**
 * The signing key in `PAYMENTS_AUDIT_SIGNING_KEY`, else the running local stack's. There is no option
 * for it: every user of a machine reads the arguments of every process.
 */
export async function findSigner(
  keys: readonly AuditPublicKey[],
  io: CommandIo,
): Promise<AuditSigner> {
  const key = await findSigningKey(io);
  try {
    return createAuditSigner(key, keys);
  } catch {
    throw new UsageError("The signing key is not among the public keys");
  }
}

/** @throws UsageError when there is none */
export async function findSigningKey(io: CommandIo): Promise<string> {
  const key = io.env["PAYMENTS_AUDIT_SIGNING_KEY"] ?? "";
  if (key !== "") return key;
  const stack = await readRunningStack(io.root);
  if (stack !== null) return stack.auditSigningKey;
  throw new UsageError("No signing key: set PAYMENTS_AUDIT_SIGNING_KEY");
}

function parseKeys(text: string, from: string): readonly AuditPublicKey[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UsageError(`${from} is no JSON list`);
  }
  const parsed = keyRingSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new UsageError(`${from} ${parsed.error.issues[0]?.message ?? "is malformed"}`);
}
