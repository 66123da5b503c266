import { Command } from "commander";
import type { TransactionSql } from "postgres";
import { z } from "zod";
import { type CommandIo, type Done, type ExitCode, UsageError } from "../command-io.ts";
import { DATABASE_HELP, databaseOptions } from "../connect/database-options.ts";
import { type DatabaseOptions, withDatabase } from "../connect/with-database.ts";
import { entrySchema, incidentSchema, listedSchema } from "./incident.ts";
import { renderIncident, renderList, renderTimeline } from "./render.ts";
import { readIncidentId } from "./step.ts";

interface ReadOptions extends DatabaseOptions {
  readonly json?: boolean;
  readonly all?: boolean;
}

function reading(name: string, done: string): Command {
  return databaseOptions(new Command(name))
    .addHelpText("after", `${DATABASE_HELP}\n\nExit codes: 0 ${done}, 2 wrong usage.`);
}

/** The command `payments incident list`: exit code 1 while a clock has run out. */
export function listCommand(io: CommandIo, done: Done): Command {
  return databaseOptions(new Command("list"))
    .description("List open incidents and how long their clocks still run")
    .option("--all", "those that are closed, too")
    .addHelpText(
      "after",
      `${DATABASE_HELP}\n\nExit codes: 0 listed, 1 an authority should have been told by now, 2 wrong usage.`,
    )
    .action(async (options: ReadOptions) => {
      const incidents = z.array(listedSchema).parse(
        await ask(
          io,
          options,
          (sql) => sql`select payments_private.list_incidents(${options.all === true}) as answer`,
        ),
      );
      const now = io.now();
      io.out(
        options.json === true
          ? `${JSON.stringify({ incidents }, null, 2)}\n`
          : renderList(incidents, now),
      );
      const late = incidents.some((one) => one.clock_runs && new Date(one.notify_due_at) < now);
      done(late ? 1 : 0);
    });
}

/** The command `payments incident show`. */
export function showCommand(io: CommandIo, done: Done): Command {
  return reading("show", "shown").description("Show all there is of an incident")
    .argument("<incident>", "the incident's id")
    .action(async (id: string, options: ReadOptions) => {
      const incident = await readIncident(io, options, id);
      io.out(
        options.json === true
          ? `${JSON.stringify(incident, null, 2)}\n`
          : renderIncident(incident, io.now()),
      );
      done(0);
    });
}

/** The command `payments incident scope`. */
export function scopeCommand(io: CommandIo, done: Done): Command {
  return reading("scope", "shown")
    .description("Print, as JSON, the time, users and things an incident is about")
    .argument("<incident>", "the incident's id")
    .action(async (incident: string, options: ReadOptions) => {
      const id = readIncidentId(incident);
      const scope = await ask(
        io,
        options,
        (sql) => sql`select payments_private.incident_scope(${id}) as answer`,
      );
      if (scope === null) throw new UsageError("There is no such incident");
      io.out(`${JSON.stringify(scope, null, 2)}\n`);
      done(0);
    });
}

/** The command `payments incident timeline`. */
export function timelineCommand(io: CommandIo, done: Done): Command {
  return reading("timeline", "printed")
    .description("Print what happened when, from the audit trail: Markdown, or JSON with --json")
    .argument("<incident>", "the incident's id")
    .action(async (id: string, options: ReadOptions): Promise<void> => {
      const incident = await readIncident(io, options, id);
      const entries = z.array(entrySchema).parse(
        await ask(
          io,
          options,
          (sql) => sql`select payments_private.incident_timeline(${incident.id}) as answer`,
        ),
      );
      io.out(
        options.json === true
          ? `${JSON.stringify({ incident, entries }, null, 2)}\n`
          : renderTimeline(incident, entries),
      );
      const code: ExitCode = 0;
      done(code);
    });
}

/** @throws UsageError for one that there is not */
async function readIncident(io: CommandIo, options: ReadOptions, text: string) {
  const id = readIncidentId(text);
  const found = await ask(
    io,
    options,
    (sql) => sql`select payments_private.show_incident(${id}) as answer`,
  );
  if (found === null || found === undefined) throw new UsageError("There is no such incident");
  return incidentSchema.parse(found);
}

async function ask(
  io: CommandIo,
  options: ReadOptions,
  query: (sql: TransactionSql) => Promise<readonly Record<string, unknown>[]>,
): Promise<unknown> {
  return await withDatabase(
    io,
    options,
    (database) => database.read(async (sql) => (await query(sql))[0]?.["answer"]),
  );
}
