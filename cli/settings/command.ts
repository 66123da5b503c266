import { Command } from "commander";
import { z } from "zod";
import { type CommandIo, type Done, type ExitCode, UsageError } from "../command-io.ts";
import { DATABASE_HELP, databaseOptions } from "../connect/database-options.ts";
import { type DatabaseOptions, withDatabase } from "../connect/with-database.ts";
import { operate, type OperateOptions, operateOptions } from "../operate/operate.ts";
import { renderColumns } from "../render-columns.ts";

interface ShowOptions extends DatabaseOptions {
  readonly json?: boolean;
}

const settingsSchema = z.record(z.string(), z.json());

/** The command `payments settings`. */
export function settingsCommand(io: CommandIo, done: Done): Command {
  const show = databaseOptions(new Command("show"))
    .description("Show every limit, cap, rule and kill switch")
    .addHelpText("after", `${DATABASE_HELP}\n\nExit codes: 0 shown, 2 wrong usage.`)
    .action(async (options: ShowOptions) => done(await runShow(options, io)));
  const set = operateOptions(new Command("set"))
    .description("Change settings, all of them or none")
    .argument("<name=value...>", 'values are JSON: user_burst=50 country_deny=["KP"]; else text')
    .action(async (words: string[], options: OperateOptions) => {
      const changes = readChanges(words);
      done(
        await operate(
          io,
          options,
          `Changed: ${Object.keys(changes).join(", ")}.`,
          async (sql, { name, reason }) =>
            (await sql`
              select payments_private.update_settings(${name}, ${
              sql.json(changes)
            }, ${reason}) as answer`)[
              0
            ]?.["answer"],
        ),
      );
    });
  return new Command("settings").description("Limits, caps and rules: docs/limits.md")
    .addCommand(show).addCommand(set);
}

/** @throws UsageError for what is no `name=value`, or a name that comes twice */
function readChanges(words: readonly string[]): Record<string, z.core.util.JSONType> {
  const pairs = words.map((word): [string, z.core.util.JSONType] => {
    const [, name, value] = /^([a-z_]{1,63})=([^]*)$/.exec(word) ?? [];
    if (name === undefined || value === undefined) {
      throw new UsageError("Settings are changed as name=value");
    }
    return [name, readValue(value)];
  });
  if (new Set(pairs.map(([name]) => name)).size < pairs.length) {
    throw new UsageError("A setting is named twice");
  }
  return Object.fromEntries(pairs);
}

function readValue(text: string): z.core.util.JSONType {
  try {
    return z.json().parse(JSON.parse(text));
  } catch {
    return text;
  }
}

async function runShow(options: ShowOptions, io: CommandIo): Promise<ExitCode> {
  const row = await withDatabase(io, options, (database) =>
    database.read(async (sql) =>
      (await sql`
        select to_jsonb(s) - 'only_row' as settings from payments_private.settings as s`)[0]
    ));
  const settings = settingsSchema.parse(row?.["settings"]);
  const names = Object.keys(settings).toSorted();
  io.out(
    options.json === true ? `${JSON.stringify(settings, null, 2)}\n` : renderColumns(
      ["setting", "value"],
      names.map((name) => [name, JSON.stringify(settings[name])]),
    ),
  );
  return 0;
}
