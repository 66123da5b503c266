import { Command, CommanderError } from "commander";
import type { CommandIo, ExitCode } from "./command-io.ts";
import { complianceCommand } from "./compliance/command.ts";

/**
 * Runs the operator's command line.
 * @param argv the words after `payments`
 * @returns the exit code; errors are printed, never thrown
 */
export async function runProgram(argv: readonly string[], io: CommandIo): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const program = new Command("payments")
    .description("Operate the payments of a Supabase project")
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: io.error });
  program.addCommand(
    complianceCommand(io, (code) => exitCode = code).copyInheritedSettings(program),
  );

  try {
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    io.error(`${describeError(error)}\n`);
    return 1;
  }
}

// The causes matter to an operator; the stack does not.
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined
    ? error.message
    : `${error.message}: ${describeError(error.cause)}`;
}
