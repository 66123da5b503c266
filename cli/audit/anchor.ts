import { appendFile } from "node:fs/promises";
import type { CommandIo, ExitCode } from "../command-io.ts";
import { type DatabaseOptions, withDatabase } from "../connect/with-database.ts";
import { followTrail } from "./follow-trail.ts";
import { headMemory } from "./known-heads-file.ts";
import { findPublicKeys, type KeyOptions } from "./public-keys.ts";
import { renderFinding } from "./verify.ts";

export interface AnchorOptions extends DatabaseOptions, KeyOptions {}

/**
 * The command `payments audit anchor`: follows the chain to its newest seal and appends that head to a
 * file. A chain with a fault is not anchored: the file would vouch for it.
 */
export async function anchorTo(
  file: string,
  options: AnchorOptions,
  io: CommandIo,
): Promise<ExitCode> {
  const keys = await findPublicKeys(options, io);
  return await withDatabase(io, options, async (database) => {
    const memory = headMemory(database.name, keys, io);
    const known = await memory.recall();
    const { progress, lost } = await followTrail(database, { keys, known, onlySeals: true }, io);
    if (progress.finding_count > 0) {
      for (const finding of progress.findings) io.error(`${renderFinding(finding)}\n`);
      return 1;
    }
    const { head } = progress.chain;
    const [row] = await database.readAudit((sql) =>
      sql`select statement, signature from audit.seals where number = ${head.number}`
    );
    if (row === undefined) {
      io.error("There is no seal yet\n");
      return 1;
    }
    await appendFile(
      file,
      `${JSON.stringify({ statement: row["statement"], signature: row["signature"] })}\n`,
    );
    await memory.remember([head], lost);
    io.out(`Seal ${head.number} is in ${file}.\n`);
    return 0;
  });
}
