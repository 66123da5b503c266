import { Command, InvalidArgumentError } from "commander";
import type { CommandIo, Done } from "../command-io.ts";
import { DATABASE_HELP, databaseOptions } from "../connect/database-options.ts";
import type { DatabaseOptions } from "../connect/with-database.ts";
import { type AnchorOptions, anchorTo } from "./anchor.ts";
import { type DeclareOptions, declareRestore } from "./declare-restore.ts";
import { type KeysOptions, listKeys, makeKey, type NewKeyOptions } from "./keys.ts";
import { prove } from "./prove.ts";
import { KEYS_HELP } from "./public-keys.ts";
import { verify, type VerifyOptions } from "./verify.ts";

/** The command `payments audit`. */
export function auditCommand(io: CommandIo, done: Done): Command {
  return new Command("audit")
    .description("The audit trail: verify it, prove a row, hand on its keys")
    .addCommand(verifyCommand(io, done))
    .addCommand(proveCommand(io, done))
    .addCommand(anchorCommand(io, done))
    .addCommand(declareCommand(io, done))
    .addCommand(keysCommand(io, done))
    .addCommand(newKeyCommand(io, done));
}

function verifyCommand(io: CommandIo, done: Done): Command {
  return keyOption(databaseOptions(new Command("verify")))
    .description("Follow every seal to its rows, and look for rows that no seal has")
    .option("--anchor <file>", "heads from outside of the database, one a line", collect, [])
    .addHelpText(
      "after",
      `${DATABASE_HELP}
${KEYS_HELP}

It remembers the newest head in $XDG_STATE_HOME (~/.local/state) and refuses to go back behind it.

Exit codes: 0 nothing is wrong, 1 a finding or a failure, 2 wrong usage.`,
    )
    .action(async (options: VerifyOptions) => done(await verify(options, io)));
}

function proveCommand(io: CommandIo, done: Done): Command {
  return databaseOptions(new Command("prove"))
    .description("Print a proof, as JSON, that a row was sealed as it is")
    .argument("<id>", "the audit row's id")
    .addHelpText(
      "after",
      `${DATABASE_HELP}

Check it where there is no database: node docs/verify-proof.mjs keys.json proof.json

Exit codes: 0 printed, 1 the row is in no seal, 2 wrong usage.`,
    )
    .action(async (id: string, options: DatabaseOptions) => done(await prove(id, options, io)));
}

function anchorCommand(io: CommandIo, done: Done): Command {
  return keyOption(databaseOptions(new Command("anchor")))
    .description("Append the newest head to a file, once the chain was found good")
    .argument("<file>", "where heads are collected; keep it off this database's machine")
    .addHelpText("after", `${DATABASE_HELP}\n${KEYS_HELP}`)
    .action(async (file: string, options: AnchorOptions) =>
      done(await anchorTo(file, options, io))
    );
}

function declareCommand(io: CommandIo, done: Done): Command {
  return keyOption(databaseOptions(new Command("declare-restore")))
    .description("Say, signed, that this database was restored from a backup: opens a new epoch")
    .requiredOption("--reason <text>", "why, for the declaration and the audit trail")
    .option("--as <name>", "who (default: the operating system's user)")
    .option("--anchor <file>", "heads from outside of the database, one a line", collect, [])
    .option(
      "--last-common <seal>",
      "the last seal that both histories have (default: the newest known head that is here)",
      readNumber,
    )
    .addHelpText(
      "after",
      `${DATABASE_HELP}
${KEYS_HELP}

Signs with PAYMENTS_AUDIT_SIGNING_KEY, else with the running local stack's key.

Exit codes: 0 declared, 1 nothing is missing or it failed, 2 wrong usage.`,
    )
    .action(async (options: DeclareOptions) => done(await declareRestore(options, io)));
}

function keysCommand(io: CommandIo, done: Done): Command {
  return keyOption(new Command("keys"))
    .description("List the public keys, when each is valid, and who signed it")
    .option("--json", "print JSON")
    .addHelpText("after", KEYS_HELP)
    .action(async (options: KeysOptions) => done(await listKeys(options, io)));
}

function newKeyCommand(io: CommandIo, done: Done): Command {
  return keyOption(new Command("new-key"))
    .description("Make the next signing key, signed by the present one, and print the new list")
    .requiredOption("--id <id>", "the new key's id, like k2")
    .requiredOption("--out <file>", "where the private key goes; it must not exist")
    .option("--first", "the very first key: nobody signs it")
    .option("--into-git", "write it though git would take the file in")
    .option("--overlap-hours <hours>", "how long the present key stays valid", readNumber, 24)
    .addHelpText("after", `${KEYS_HELP}\n\nSigns with PAYMENTS_AUDIT_SIGNING_KEY.`)
    .action(async (options: NewKeyOptions) => done(await makeKey(options, io)));
}

function keyOption(command: Command): Command {
  return command.option("--keys <file>", "the public keys");
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

function readNumber(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) {
    throw new InvalidArgumentError("It is a whole number.");
  }
  return number;
}
