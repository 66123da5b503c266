import { Buffer } from "node:buffer";
import { z } from "zod";
import { inclusionPath } from "../../supabase/functions/_shared/audit/merkle-tree.ts";
import { type CommandIo, type ExitCode, UsageError } from "../command-io.ts";
import { type Database, type DatabaseOptions, withDatabase } from "../connect/with-database.ts";

const placeSchema = z.object({
  seal_number: z.string(),
  leaf_index: z.number(),
  payload: z.string().nullable(),
  statement: z.string(),
  signature: z.string(),
});

/** What docs/verify-proof.mjs reads. */
interface Proof {
  readonly version: 1;
  readonly id: string;
  /** The row as it was sealed. */
  readonly payload: string;
  readonly index: number;
  /** Hex, from the leaf upwards. */
  readonly path: readonly string[];
  readonly seal: { readonly statement: string; readonly signature: string };
}

/** The command `payments audit prove`. */
export async function prove(
  id: string,
  options: DatabaseOptions,
  io: CommandIo,
): Promise<ExitCode> {
  if (!z.uuid().safeParse(id).success) throw new UsageError("An audit row's id is a UUID");
  const proof = await withDatabase(io, options, (database) => makeProof(database, id));
  if (typeof proof === "string") {
    io.error(`${proof}\n`);
    return 1;
  }
  io.out(`${JSON.stringify(proof, null, 2)}\n`);
  return 0;
}

async function makeProof(database: Database, id: string): Promise<Proof | string> {
  return await database.readAudit(async (sql) => {
    const [place] = await sql`
      select e.seal_number::text, e.leaf_index, l.payload, s.statement, s.signature
      from audit.seal_entries as e
      join audit.seals as s on s.number = e.seal_number
      left join audit.audit_logs as l on l.id = e.log_id and l.occurred_at = e.occurred_at
      where e.log_id = ${id} limit 1`;
    if (place === undefined) return `${id} is in no seal: it is not there, or a few seconds old`;
    const { seal_number, leaf_index: index, payload, ...seal } = placeSchema.parse(place);
    if (payload === null) return `${id} was sealed, and is not in the log any more`;
    const leaves = await sql<{ leaf: string }[]>`
      select encode(e.leaf_hash, 'hex') as leaf from audit.seal_entries as e
      where e.seal_number = ${seal_number} order by e.leaf_index`;
    const path = inclusionPath(leaves.map(({ leaf }) => Buffer.from(leaf, "hex")), index);
    return {
      version: 1,
      id,
      payload,
      index,
      path: path.map((hash) => Buffer.from(hash).toString("hex")),
      seal,
    };
  });
}
