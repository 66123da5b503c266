import { z } from "zod";
import type { AuditSigner } from "../../supabase/functions/_shared/audit/key-ring.ts";
import {
  type EpochStatement,
  NO_STATEMENT,
  statementHash,
  writeStatement,
} from "../../supabase/functions/_shared/audit/statements.ts";
import type { Head } from "../../supabase/functions/_shared/audit/trail.ts";
import { type CommandIo, type ExitCode, UsageError } from "../command-io.ts";
import { type Database, type DatabaseOptions, withDatabase } from "../connect/with-database.ts";
import { type Followed, followTrail } from "./follow-trail.ts";
import { headMemory, readAnchorFiles } from "./known-heads-file.ts";
import { findPublicKeys, findSigner, type KeyOptions } from "./public-keys.ts";

export interface DeclareOptions extends DatabaseOptions, KeyOptions {
  readonly json?: boolean;
  readonly anchor?: string[];
  readonly lastCommon?: number;
  readonly reason: string;
  readonly as?: string;
}

/** The command `payments audit declare-restore`. */
export async function declareRestore(options: DeclareOptions, io: CommandIo): Promise<ExitCode> {
  if (options.reason.trim() === "") throw new UsageError("--reason must say why");
  const keys = await findPublicKeys(options, io);
  const signer = await findSigner(keys, io);
  const anchored = await readAnchorFiles(options.anchor ?? [], keys);
  const operator = options.as ?? io.operator;
  const declared = await withDatabase(io, options, async (database) => {
    const memory = headMemory(database.name, keys, io);
    const known = [...await memory.recall(), ...anchored];
    const followed = await followTrail(database, { keys, known, onlySeals: true }, io);
    const common = await findCommon(database, followed, known, options.lastCommon);
    if (common === null) return null;
    const end = await readEnd(database);
    const statement: EpochStatement = {
      epoch: Math.max(end.epoch, ...known.map(({ epoch }) => epoch)) + 1,
      common_number: common.number,
      common_hash: common.hash,
      last_number: end.number,
      previous: end.statement === null ? NO_STATEMENT : statementHash(end.statement),
      declared_at: io.now().toISOString(),
      operator,
      reason: options.reason.slice(0, 300),
      key: signer.keyId,
    };
    await declare(database, statement, signer);
    return statement;
  });
  if (declared === null) {
    io.error("No head that was seen before is missing: there is no restore to declare\n");
    return 1;
  }
  io.out(
    options.json === true
      ? `${JSON.stringify(declared, null, 2)}\n`
      : `Epoch ${declared.epoch} is open. The last common seal is ${declared.common_number}; ` +
        `the next one here will be ${declared.last_number + 1}.\n`,
  );
  return 0;
}

/**
 * The last seal that the history before and this database have in common: the newest known head that
 * is in the chain, or what the operator says. Null when nothing is missing.
 */
async function findCommon(
  database: Database,
  { confirmed, kinds }: Followed,
  known: readonly Head[],
  given: number | undefined,
): Promise<{ number: number; hash: string } | null> {
  const isMissing = kinds.has("head_missing") || kinds.has("head_forked");
  if (given === 0) return { number: 0, hash: NO_STATEMENT };
  if (given !== undefined) {
    const hash = await hashOfSeal(database, given);
    const other = known.find((head) => head.number === given && head.hash !== hash);
    if (hash === null || other !== undefined) {
      throw new UsageError(`Seal ${given} is not common: it is not here, or another one was seen`);
    }
    return { number: given, hash };
  }
  if (!isMissing) return null;
  const newest = confirmed.toSorted((one, other) => other.number - one.number)[0];
  if (newest === undefined) {
    throw new UsageError("No head that was seen before is in this chain: say --last-common <seal>");
  }
  return newest;
}

async function hashOfSeal(database: Database, number: number): Promise<string | null> {
  const [row] = await database.readAudit((sql) =>
    sql<{ statement: string }[]>`select statement from audit.seals where number = ${number}`
  );
  return row === undefined ? null : statementHash(row.statement);
}

const endSchema = z.object({
  epoch: z.number(),
  number: z.coerce.number(),
  statement: z.string().nullable(),
});

/** The newest statement of the chain: a seal, or a declaration that no seal has followed yet. */
async function readEnd(database: Database): Promise<z.infer<typeof endSchema>> {
  const [row] = await database.readAudit((sql) =>
    sql`
      select greatest(1, s.epoch, e.epoch) as epoch, coalesce(s.number, 0) as number,
        case when e.epoch > coalesce(s.epoch, 1) then e.statement else s.statement end as statement
      from (select) as one
      left join (select * from audit.seals order by number desc limit 1) as s on true
      left join (select * from audit.epochs order by epoch desc limit 1) as e on true`
  );
  return endSchema.parse(row);
}

async function declare(
  database: Database,
  declared: EpochStatement,
  signer: AuditSigner,
): Promise<void> {
  const statement = writeStatement("epoch", declared);
  const { epoch, declared_at, common_number, last_number } = declared;
  const stored = {
    epoch,
    declared_at,
    common_number,
    last_number,
    key_id: signer.keyId,
    statement,
    signature: signer.sign(statement),
  };
  await database.changeAudit((sql) =>
    sql`select audit.declare_epoch(${sql.json(stored)}, ${declared.operator}, ${declared.reason})`
  );
}
