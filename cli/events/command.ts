import { Command } from "commander";
import type { CommandIo, Done, ExitCode } from "../command-io.ts";
import { DATABASE_HELP, databaseOptions } from "../connect/database-options.ts";
import { type DatabaseOptions, withDatabase } from "../connect/with-database.ts";
import { readEventId } from "../dead-letters/read-filter.ts";
import { readEvent } from "./read-event.ts";
import { renderEvent } from "./render.ts";

interface ShowOptions extends DatabaseOptions {
  readonly json?: boolean;
}

/** The command `payments events`. */
export function eventsCommand(io: CommandIo, done: Done): Command {
  const show = databaseOptions(new Command("show"))
    .description("Show what became of one event: status, object, mark, audit rows; no payload")
    .argument("<event>", "the event's id")
    .addHelpText("after", `${DATABASE_HELP}\n\nExit codes: 0 shown, 1 not here, 2 wrong usage.`)
    .action(async (event: string, options: ShowOptions) => done(await runShow(event, options, io)));
  return new Command("events").description("Look up events that were received").addCommand(show);
}

async function runShow(event: string, options: ShowOptions, io: CommandIo): Promise<ExitCode> {
  const eventId = readEventId(event);
  const record = await withDatabase(io, options, (database) => readEvent(database, eventId));
  if (record === null) {
    io.error(`${eventId} is not here: never delivered, or received more than 90 days ago\n`);
    return 1;
  }
  io.out(options.json === true ? `${JSON.stringify(record, null, 2)}\n` : renderEvent(record));
  return 0;
}
