import { Command } from "commander";
import type { CommandIo, Done, ExitCode } from "../command-io.ts";
import { DATABASE_HELP, databaseOptions } from "../connect/database-options.ts";
import { type DatabaseOptions, withDatabase } from "../connect/with-database.ts";
import { createProgressBar } from "../progress-bar.ts";
import { renderAge, renderColumns } from "../render-columns.ts";
import { type EncryptionKeys, judgeKeys, readKeys } from "./read-keys.ts";

interface StatusOptions extends DatabaseOptions {
  readonly json?: boolean;
  readonly watch?: boolean;
}

const POLL_MS = 500;

/** The command `payments encryption`. */
export function encryptionCommand(io: CommandIo, done: Done): Command {
  const status = databaseOptions(new Command("status"))
    .description("Which encryption keys there are and how many values lie under each")
    .option("--watch", "wait until no value lies under an older key")
    .addHelpText(
      "after",
      `${DATABASE_HELP}

To change the key: put the new one first in PAYMENTS_ENCRYPTION_KEYS and keep the old one
behind it, in all functions. The worker encrypts anew what is there, some at each run. When
\`--watch\` comes back, the old key may go.

Exit codes: 0 everything is under the current key, 1 something is not, 2 wrong usage.`,
    )
    .action(async (options: StatusOptions) => done(await runStatus(options, io)));
  return new Command("encryption").description("Keys of the encrypted columns").addCommand(status);
}

async function runStatus(options: StatusOptions, io: CommandIo): Promise<ExitCode> {
  const keys = await withDatabase(io, options, async (database) => {
    let now = await database.read(readKeys);
    if (options.watch !== true) return now;
    const bar = createProgressBar(io);
    try {
      const before = judgeKeys(now).outdated;
      for (let left = before; left > 0; left = judgeKeys(now).outdated) {
        bar.update(Math.max(0, before - left), before, `${left} left`);
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        now = await database.read(readKeys);
      }
    } finally {
      bar.clear();
    }
    return now;
  });
  const { outdated, unreadable } = judgeKeys(keys);
  io.out(
    options.json === true
      ? `${
        JSON.stringify({ ok: outdated + unreadable === 0, outdated, unreadable, ...keys }, null, 2)
      }\n`
      : render(keys, outdated, unreadable),
  );
  return outdated + unreadable === 0 ? 0 : 1;
}

function render({ keys, values }: EncryptionKeys, outdated: number, unreadable: number): string {
  const stateOf = (id: string) => {
    const key = keys.find(({ key_id }) => key_id === id);
    if (key === undefined || !key.in_ring) return "nobody can read it";
    return `${key.is_current ? "current" : "older"}, ${renderAge(key.age)} old`;
  };
  const unused = keys.filter(({ key_id, in_ring }) =>
    in_ring && !values.some((value) => value.key_id === key_id)
  );
  const table = renderColumns(["KEY", "STATE", "COLUMN", "VALUES"], [
    ...values.map(({ key_id, table_name, column_name, count }) => [
      key_id,
      stateOf(key_id),
      `${table_name}.${column_name}`,
      String(count),
    ]),
    ...unused.map(({ key_id }) => [key_id, stateOf(key_id), "", "0"]),
  ]);
  if (unreadable > 0) {
    return `${table}\n${unreadable} lie under a key the worker does not have: put it back into PAYMENTS_ENCRYPTION_KEYS.\n`;
  }
  return outdated > 0
    ? `${table}\n${outdated} wait for the current key; the worker goes on with them at each run.\n`
    : `${table}\nEverything is under the current key.\n`;
}
