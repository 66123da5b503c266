import { Command } from "commander";
import { KEYS_HELP } from "../audit/public-keys.ts";
import type { VerifyOptions } from "../audit/verify.ts";
import type { CommandIo, Done } from "../command-io.ts";
import { DATABASE_HELP, databaseOptions } from "../connect/database-options.ts";
import { operateOptions } from "../operate/operate.ts";
import {
  listCustody,
  type ListCustodyOptions,
  noteCustody,
  type NoteCustodyOptions,
} from "./custody.ts";
import { exportEvidence, type ExportOptions } from "./export.ts";
import { verifyArchive, type VerifyArchiveOptions } from "./verify.ts";
import { verifyCustody } from "./verify-custody.ts";

/** The command `payments evidence`. */
export function evidenceCommand(io: CommandIo, done: Done): Command {
  return new Command("evidence")
    .description(
      "Take what the audit trail knows out of the database, so that others can verify it",
    )
    .addCommand(exportCommand(io, done))
    .addCommand(verifyCommand(io, done))
    .addCommand(
      new Command("custody").description("Who exported, saw, verified and got which evidence")
        .addCommand(listCommand(io, done))
        .addCommand(noteCommand("accessed", io, done))
        .addCommand(noteCommand("hand-over", io, done))
        .addCommand(noteCommand("verified", io, done))
        .addCommand(verifyCustodyCommand(io, done)),
    );
}

function exportCommand(io: CommandIo, done: Done): Command {
  return keyOption(operateOptions(new Command("export")))
    .description("Write one archive: rows with proofs, events, seals, a signed manifest")
    .requiredOption("--out <file>", "the archive; it must not exist")
    .option("--incident <id>", "the times, users and objects of an incident")
    .option("--user <uuid>", "what a user did, and what happened to what is theirs", collect, [])
    .option(
      "--resource <type:id>",
      "what happened to an object; without a type, to any of that id",
      collect,
      [],
    )
    .option("--from <when>", "what happened from then on (a date or time)")
    .option("--until <when>", "what happened until then")
    .option("--hold", "place a legal hold on all of it first")
    .addHelpText(
      "after",
      `${KEYS_HELP}
Signs with PAYMENTS_AUDIT_SIGNING_KEY, else with the running local stack's key.

Users and resources add up; times narrow. The archive exists only after the chain of custody says so.
A row that is no longer what was sealed is exported all the same: exit code 1.`,
    )
    .action(async (options: ExportOptions) => done(await exportEvidence(options, io)));
}

function verifyCommand(io: CommandIo, done: Done): Command {
  return keyOption(new Command("verify"))
    .description("Check an archive where there is no database, with the public keys alone")
    .argument("<archive>", "what payments evidence export wrote")
    .option("--json", "print JSON")
    .option("--anchor <file>", "heads from outside of the database, one a line", collect, [])
    .option("--digest <sha256>", "what the archive's SHA-256 has to be")
    .addHelpText(
      "after",
      `${KEYS_HELP}\n\nExit codes: 0 nothing is wrong, 1 a finding or a failure, 2 wrong usage.`,
    )
    .action(async (archive: string, options: VerifyArchiveOptions) =>
      done(await verifyArchive(archive, options, io))
    );
}

function listCommand(io: CommandIo, done: Done): Command {
  return databaseOptions(new Command("list"))
    .description("List the records, oldest first")
    .option("--evidence <id>", "of this evidence alone")
    .addHelpText("after", `${DATABASE_HELP}\n\nExit codes: 0 listed, 2 wrong usage.`)
    .action(async (options: ListCustodyOptions) => done(await listCustody(options, io)));
}

const NOTES = {
  accessed: ["accessed", "Record that somebody looked at an archive"],
  "hand-over": ["handed_over", "Record that an archive was given to somebody"],
  verified: ["verified", "Verify an archive, and record that nothing was wrong"],
} as const;

function noteCommand(name: keyof typeof NOTES, io: CommandIo, done: Done): Command {
  const [action, description] = NOTES[name];
  const command = operateOptions(new Command(name))
    .description(description)
    .argument("<archive>", "the archive itself: its SHA-256 is recorded");
  if (name === "hand-over") command.requiredOption("--to <whom>", "who gets it");
  if (name === "verified") keyOption(command).addHelpText("after", KEYS_HELP);
  return command.action(async (archive: string, options: NoteCustodyOptions) =>
    done(await noteCustody(archive, action, options, io))
  );
}

function verifyCustodyCommand(io: CommandIo, done: Done): Command {
  return keyOption(databaseOptions(new Command("verify")))
    .description("Follow the chain of custody, and the audit trail that tells of it")
    .option("--anchor <file>", "heads from outside of the database, one a line", collect, [])
    .addHelpText(
      "after",
      `${DATABASE_HELP}\n${KEYS_HELP}

Exit codes: 0 nothing is wrong, 1 a finding or a failure, 2 wrong usage.`,
    )
    .action(async (options: VerifyOptions) => done(await verifyCustody(options, io)));
}

function keyOption(command: Command): Command {
  return command.option("--keys <file>", "the public keys");
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}
