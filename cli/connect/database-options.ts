import type { Command } from "commander";

/** The options that every command on a database has. */
export function databaseOptions(command: Command): Command {
  return command
    .option("--json", "print JSON")
    .option(
      "--db-url <url>",
      "the database; better in PAYMENTS_DB_URL, where no process list shows it",
    );
}

export const DATABASE_HELP = `
Uses the running local stack, unless PAYMENTS_DB_URL or --db-url names a database.
One that is not on this machine needs sslmode=verify-full in its URL.`;
