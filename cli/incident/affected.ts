import type { Command } from "commander";
import { type CommandIo, type Done, UsageError } from "../command-io.ts";
import type { OperateOptions } from "../operate/operate.ts";
import { readIncidentId, readMoment, runStep, stepCommand } from "./step.ts";

interface AffectedOptions extends OperateOptions {
  readonly from: string;
  readonly until?: string;
  readonly keyFingerprint?: string;
  readonly actor?: string;
  readonly action?: string;
  readonly resource?: string;
}

/** The command `payments incident affected`. */
export function affectedCommand(io: CommandIo, done: Done): Command {
  return stepCommand("affected")
    .description(
      "Search the audit trail for the users an incident touches, and add them to it",
    )
    .requiredOption("--from <when>", "from then on")
    .option("--until <when>", "until then (default: now)")
    .option("--key-fingerprint <hex>", "what was done with this key or webhook secret")
    .option("--actor <id>", "what this user, member of staff or function did")
    .option("--action <name>", "rows of this action: docs/audit-events.md")
    .option("--resource <id>", "what was done to this thing")
    .action(async (incident: string, options: AffectedOptions) => {
      const id = readIncidentId(incident);
      const search = searchOf(options);
      done(
        await runStep(io, {
          options,
          ask: async (sql, { name, reason }) =>
            (await sql`
            select payments_private.find_affected(${name}, ${id}, ${sql.json(search)}, ${reason})
              as answer`)[0]?.["answer"],
          done: (answer) =>
            `${answer["found"]} found; ${answer["affected"]} affected in all. ` +
            `payments incident scope ${id} lists them.`,
        }),
      );
    });
}

/** @throws UsageError for a time or a fingerprint that is none */
function searchOf(options: AffectedOptions): Record<string, string> {
  const { keyFingerprint, actor, action, resource } = options;
  if (keyFingerprint !== undefined && !/^[0-9a-f]{16}$/.test(keyFingerprint)) {
    throw new UsageError("--key-fingerprint is 16 hex digits: the first of the key's SHA-256");
  }
  const given = {
    from: readMoment(options.from, "--from"),
    until: readMoment(options.until, "--until"),
    key_fingerprint: keyFingerprint,
    actor,
    action,
    resource,
  };
  const search: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined && value !== null) search[name] = value;
  }
  return search;
}
