import { Command } from "commander";
import type { CommandIo, Done, ExitCode } from "../command-io.ts";
import { DATABASE_HELP, databaseOptions } from "../connect/database-options.ts";
import { type DatabaseOptions, withDatabase } from "../connect/with-database.ts";
import { listDeadLetters } from "./dead-letter.ts";
import { explain } from "./explain.ts";
import { type FilterOptions, readEventId, readFilter } from "./read-filter.ts";
import { renderDeadLetter, renderDeadLetters } from "./render.ts";
import { replay, type ReplayOptions } from "./replay.ts";

interface ListOptions extends DatabaseOptions, FilterOptions {
  readonly json?: boolean;
}

/** The command `payments dead-letters`. */
export function deadLettersCommand(io: CommandIo, done: Done): Command {
  const list = filterOptions(databaseOptions(new Command("list")))
    .description("List events that were recorded and have not had their effect")
    .addHelpText(
      "after",
      `${DATABASE_HELP}\n\nExit codes: 0 none is dead, 1 one is, 2 wrong usage.`,
    )
    .action(async (options: ListOptions) => done(await runList(options, io)));
  const show = databaseOptions(new Command("show"))
    .description("Explain one of them: what failed, how it would be replayed, what happens next")
    .argument("<event>", "the event's id")
    .action(async (event: string, options: ListOptions) => done(await runShow(event, options, io)));
  const replayCommand = filterOptions(databaseOptions(new Command("replay")))
    .description("Put one event, or all that match a filter, back in line")
    .argument("[event]", "the event's id")
    .requiredOption("--reason <text>", "why, for the audit trail")
    .option("--as <name>", "who, for the audit trail (default: the operating system's user)")
    .option("--dry-run", "show what would be replayed, and change nothing")
    .option("--yes", "let a filter act; without it a filter is a dry run")
    .addHelpText(
      "after",
      `${DATABASE_HELP}

Exit codes: 0 done (or shown), 1 the event is not there or cannot be replayed, 2 wrong usage.`,
    )
    .action(async (event: string | undefined, options: ReplayOptions) =>
      done(await replay(event, options, io))
    );
  return new Command("dead-letters")
    .description("Events that could not be applied: list, explain, replay")
    .addCommand(list).addCommand(show).addCommand(replayCommand);
}

function filterOptions(command: Command): Command {
  return command
    .option("--type <type>", "only events of this type")
    .option("--object <id>", "only events about this object")
    .option("--status <status>", "only retry (the worker is at it) or dead (given up)")
    .option("--since <when>", "only those received since: 30m, 12h, 7d or a date");
}

async function runList(options: ListOptions, io: CommandIo): Promise<ExitCode> {
  const filter = readFilter(options, io.now());
  const letters = await withDatabase(
    io,
    options,
    (database) => database.read((sql) => listDeadLetters(sql, filter)),
  );
  if (options.json === true) {
    const events = letters.map((letter) => ({ ...letter, explanation: explain(letter) }));
    io.out(`${JSON.stringify({ events }, null, 2)}\n`);
  } else {
    io.out(
      letters.length === 0
        ? "No event is in retry or dead.\n"
        : `${renderDeadLetters(letters)}\nExplain one: payments dead-letters show <event>\n`,
    );
  }
  return letters.some(({ status }) => status === "dead") ? 1 : 0;
}

async function runShow(event: string, options: ListOptions, io: CommandIo): Promise<ExitCode> {
  const filter = { event_id: readEventId(event) };
  const [letter] = await withDatabase(
    io,
    options,
    (database) => database.read((sql) => listDeadLetters(sql, filter)),
  );
  if (letter === undefined) {
    io.error(`${event} is not in retry or dead: see payments events show ${event}\n`);
    return 1;
  }
  io.out(
    options.json === true
      ? `${JSON.stringify({ ...letter, explanation: explain(letter) }, null, 2)}\n`
      : renderDeadLetter(letter),
  );
  return 0;
}
