import { createHash } from "node:crypto";
import { z } from "zod";

/**
 * Everything that is signed is a short text: a first line that says what it is, then `name value` lines
 * in a fixed order, each ended by a line feed. There is one way to write a statement, so comparing texts
 * compares statements. docs/audit.md shows one of each.
 */

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const whole = z.string().regex(/^(?:0|[1-9]\d{0,14})$/).transform(Number);
const moment = z.iso.datetime({ precision: 3 });
const month = z.string().regex(/^\d{4}-(?:0[1-9]|1[0-2])$/);
const keyId = z.string().regex(/^[a-z][a-z0-9_]{0,39}$/);
/** Free text on one line: as a JSON string. */
const quoted = z.string().transform((text, context) => {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "string") return value;
  } catch {
    // said below
  }
  context.addIssue({ code: "custom", message: "must be a JSON string" });
  return z.NEVER;
});

const SCHEMAS = {
  /** One Merkle root. `previous`: hash of the statement before it in the chain; zeros for the first. */
  seal: z.strictObject({
    epoch: whole,
    number: whole,
    month,
    count: whole,
    root: hash,
    previous: hash,
    sealed_at: moment,
    key: keyId,
  }),
  /** A declared restore. `common`: the last seal of both histories; `last`: the newest seal here. */
  epoch: z.strictObject({
    epoch: whole,
    common_number: whole,
    common_hash: hash,
    last_number: whole,
    previous: hash,
    declared_at: moment,
    operator: quoted,
    reason: quoted,
    key: keyId,
  }),
  /** A month whose rows were dropped on purpose. */
  purge: z.strictObject({ month, rows: whole, purged_at: moment, key: keyId }),
  /** A daily verification. `digest`: SHA-256 of the findings' JSON. */
  report: z.strictObject({
    began_at: moment,
    finished_at: moment,
    epoch: whole,
    number: whole,
    head: hash,
    seals: whole,
    rows: whole,
    events: whole,
    findings: whole,
    digest: hash,
    key: keyId,
  }),
  /** An archive of evidence. `manifest`: SHA-256 of its manifest, which has one of every file. */
  evidence: z.strictObject({ id: z.uuid(), generated_at: moment, manifest: hash, key: keyId }),
  /** A public key, signed by the one before it. `previous_until`: when that one ends. */
  key: z.strictObject({ id: keyId, public_key: z.string(), from: moment, previous_until: moment }),
} as const;

export type StatementKind = keyof typeof SCHEMAS;
export type Statement<K extends StatementKind> = z.infer<(typeof SCHEMAS)[K]>;
export type SealStatement = Statement<"seal">;
export type EpochStatement = Statement<"epoch">;
export type PurgeStatement = Statement<"purge">;
export type ReportStatement = Statement<"report">;
export type EvidenceStatement = Statement<"evidence">;

/** `previous` of the very first seal. */
export const NO_STATEMENT = "0".repeat(64);

/** The text of a statement, to be signed or compared. */
export function writeStatement<K extends StatementKind>(kind: K, fields: Statement<K>): string {
  const values: Readonly<Record<string, unknown>> = fields;
  const lines = Object.keys(SCHEMAS[kind].shape).map((name) =>
    `${name} ${isQuoted(kind, name) ? JSON.stringify(values[name]) : String(values[name])}\n`
  );
  return `payments audit ${kind} v1\n${lines.join("")}`;
}

/** Reads a statement; null for a text that `writeStatement` would not have written. */
export function readStatement<K extends StatementKind>(kind: K, text: string): Statement<K> | null {
  const [title, ...lines] = text.split("\n");
  if (title !== `payments audit ${kind} v1`) return null;
  const pairs = lines.filter((line) => line !== "").map((line): [string, string] => {
    const space = line.indexOf(" ");
    return [line.slice(0, space), line.slice(space + 1)];
  });
  const schema: z.ZodType<Statement<K>> = schemaOf(kind);
  const parsed = schema.safeParse(Object.fromEntries(pairs));
  if (!parsed.success) return null;
  return writeStatement(kind, parsed.data) === text ? parsed.data : null;
}

/** SHA-256 of a statement, lower-case hex: how the next one in the chain names it. */
export function statementHash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function schemaOf<K extends StatementKind>(kind: K): z.ZodType<Statement<K>>;
function schemaOf(kind: StatementKind): z.ZodType<Statement<StatementKind>> {
  return SCHEMAS[kind];
}

function isQuoted(kind: StatementKind, name: string): boolean {
  return kind === "epoch" && (name === "operator" || name === "reason");
}
