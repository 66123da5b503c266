import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { Command } from "commander";
import { z } from "zod";
import { type CommandIo, type Done, UsageError } from "../command-io.ts";
import { DATABASE_HELP, databaseOptions } from "../connect/database-options.ts";
import { type DatabaseOptions, withDatabase } from "../connect/with-database.ts";
import type { OperateOptions } from "../operate/operate.ts";
import { PLACEHOLDERS, readIncidentId, readMoment, runStep, stepCommand } from "./step.ts";

interface NotifyOptions extends OperateOptions {
  readonly subject: string;
  readonly template: string;
}

/** The command `payments incident notify`. */
export function notifyCommand(io: CommandIo, done: Done): Command {
  return stepCommand("notify")
    .description("Tell every affected user, each once: the worker posts the notices to the sink")
    .requiredOption("--subject <text>", "the notice's subject; may name placeholders")
    .requiredOption("--template <file>", "its text")
    .addHelpText("after", `\nPlaceholders: ${PLACEHOLDERS.map((name) => `{{${name}}}`).join(" ")}`)
    .action(async (incident: string, options: NotifyOptions) => {
      const id = readIncidentId(incident);
      const template = await readTemplate(options.template);
      done(
        await runStep(io, {
          options,
          ask: async (sql, { name, reason }) =>
            (await sql`
            select payments_private.notify_affected(${name}, ${id}, ${options.subject}, ${template},
              ${reason}) as answer`)[0]?.["answer"],
          done: (answer) =>
            `${answer["queued"]} notices queued; ${answer["pending"]} wait, ` +
            `${answer["delivered"]} are delivered, ${answer["gone"]} users have left.`,
        }),
      );
    });
}

async function readTemplate(file: string): Promise<string> {
  try {
    return await readFile(resolve(file), "utf8");
  } catch {
    throw new UsageError(`${file} cannot be read`);
  }
}

interface ReadOptions extends DatabaseOptions {
  readonly json?: boolean;
}

const progressSchema = z.looseObject({
  affected: z.number(),
  pending: z.number(),
  delivered: z.number(),
  dead: z.number(),
  not_queued: z.number(),
  gone: z.number(),
  last_error: z.string().nullable(),
});

/** The command `payments incident notices`. */
export function noticesCommand(io: CommandIo, done: Done): Command {
  return databaseOptions(new Command("notices"))
    .description("Show how far the notices are")
    .argument("<incident>", "the incident's id")
    .addHelpText(
      "after",
      `${DATABASE_HELP}\n\nExit codes: 0 nobody is left to tell, 1 somebody is, 2 wrong usage.`,
    )
    .action(async (incident: string, options: ReadOptions) => {
      const id = readIncidentId(incident);
      const progress = await withDatabase(
        io,
        options,
        (database) =>
          database.read(async (sql) =>
            progressSchema.parse(
              (await sql`
            select payments_private.notice_progress(${id}) as progress`)[0]?.["progress"],
            )
          ),
      );
      const { affected, pending, delivered, dead, not_queued: left, gone } = progress;
      io.out(
        options.json === true
          ? `${JSON.stringify(progress, null, 2)}\n`
          : `${delivered} of ${affected} told, ${pending} waiting, ${dead} given up, ` +
            `${left - gone} not queued, ${gone} have left.` +
            `${progress.last_error === null ? "" : ` Last error: ${progress.last_error}`}\n`,
      );
      done(pending + dead + left - gone === 0 ? 0 : 1);
    });
}

interface AuthorityOptions extends OperateOptions {
  readonly at?: string;
  readonly reference?: string;
  readonly reasonIfLate?: string;
}

/** The command `payments incident authority-notified`. */
export function authorityCommand(io: CommandIo, done: Done): Command {
  return stepCommand("authority-notified")
    .description("Record, once, that the supervisory authority was told")
    .option("--at <when>", "when (default: now)")
    .option("--reference <text>", "the authority's file number")
    .option("--reason-if-late <text>", "why it took more than 72 hours")
    .action(async (incident: string, options: AuthorityOptions) => {
      const id = readIncidentId(incident);
      const { reference = null, reasonIfLate = null } = options;
      const at = readMoment(options.at, "--at");
      done(
        await runStep(io, {
          options,
          ask: async (sql, { name, reason }) =>
            (await sql`
            select payments_private.record_authority_notice(${name}, ${id}, ${at}, ${reference},
              ${reasonIfLate}, ${reason}) as answer`)[0]?.["answer"],
          done: (answer) => answer["late"] === true ? "Recorded, with the delay." : "Recorded.",
        }),
      );
    });
}
