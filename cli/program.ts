import { Command, CommanderError } from "commander";
import { alertsCommand } from "./alerts/command.ts";
import { auditCommand } from "./audit/command.ts";
import { type CommandIo, type Done, type ExitCode, UsageError } from "./command-io.ts";
import { cardScanCommand } from "./card-scan/command.ts";
import { complianceCommand } from "./compliance/command.ts";
import { deadLettersCommand } from "./dead-letters/command.ts";
import { doctorCommand } from "./doctor/command.ts";
import { encryptionCommand } from "./encryption/command.ts";
import { evidenceCommand } from "./evidence/command.ts";
import { eventsCommand } from "./events/command.ts";
import { holdCommand, releaseCommand } from "./holds/command.ts";
import { keysCommand } from "./keys/command.ts";
import { incidentCommand } from "./incident/command.ts";
import { killSwitchCommand } from "./kill-switch/command.ts";
import { settingsCommand } from "./settings/command.ts";
import { staffCommand } from "./staff/command.ts";
import { legalHoldCommand } from "./legal-hold/command.ts";
import { retentionCommand } from "./retention/command.ts";
import { statusCommand } from "./status/command.ts";
import { webhookCommand } from "./webhook/command.ts";

const COMMANDS = [
  statusCommand,
  alertsCommand,
  deadLettersCommand,
  eventsCommand,
  legalHoldCommand,
  retentionCommand,
  encryptionCommand,
  keysCommand,
  cardScanCommand,
  doctorCommand,
  auditCommand,
  evidenceCommand,
  webhookCommand,
  staffCommand,
  settingsCommand,
  holdCommand,
  releaseCommand,
  killSwitchCommand,
  incidentCommand,
  complianceCommand,
];

/**
 * Runs the operator's command line.
 * @param argv the words after `payments`
 * @returns the exit code; errors are printed, never thrown
 */
export async function runProgram(argv: readonly string[], io: CommandIo): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const program = buildProgram(io, (code) => exitCode = code);
  try {
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    io.error(`${describeError(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

/** The whole command line, ready to parse. */
export function buildProgram(io: CommandIo, done: Done): Command {
  const program = new Command("payments").description("Operate the payments of a Supabase project");
  for (const make of COMMANDS) program.addCommand(make(io, done));
  prepare(program, io);
  return program;
}

/** Output and exit belong to the caller, at every level of the command line. */
function prepare(command: Command, io: CommandIo): void {
  command.exitOverride().configureOutput({ writeOut: io.out, writeErr: io.error });
  for (const inner of command.commands) prepare(inner, io);
}

// The causes matter to an operator; the stack does not.
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined
    ? error.message
    : `${error.message}: ${describeError(error.cause)}`;
}
