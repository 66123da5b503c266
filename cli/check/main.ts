import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Command, CommanderError } from "commander";
import { auditEventsStep } from "./audit-events.ts";
import type { CheckStep } from "./check-step.ts";
import { databaseSteps } from "./database.ts";
import { commandsStep, linksStep } from "./documents.ts";
import { fileLeaksStep } from "./file-leaks.ts";
import { historyLeaksStep } from "./history-leaks.ts";
import { importPinsStep } from "./import-pins.ts";
import { paymentsCommandsStep } from "./payments-commands.ts";
import { denoTypesStep, formatStep, lintStep, webTypesStep } from "./toolchain.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const RESULTS_FILE = ".local/check-results.json";

interface StepResult {
  readonly name: string;
  readonly findings: readonly string[];
  readonly ms: number;
}

async function runStep(step: CheckStep): Promise<StepResult> {
  const start = performance.now();
  let findings: readonly string[];
  try {
    findings = await step.run(ROOT);
  } catch (error) {
    findings = [`could not look: ${error instanceof Error ? error.stack : String(error)}`];
  }
  return { name: step.name, findings, ms: Math.round(performance.now() - start) };
}

function report({ name, findings, ms }: StepResult): void {
  const mark = findings.length === 0 ? "✓" : "✗";
  process.stdout.write(`${mark} ${name} (${(ms / 1000).toFixed(1)} s)\n`);
  for (const finding of findings) process.stdout.write(`    ${finding}\n`);
}

interface Options {
  readonly json?: boolean;
  readonly only?: string;
  readonly database: boolean;
  readonly writeTypes?: boolean;
}

async function main({ json, only, database, writeTypes }: Options): Promise<void> {
  const shared = databaseSteps(writeTypes === true);
  const all: CheckStep[] = [
    formatStep,
    lintStep,
    denoTypesStep,
    webTypesStep,
    importPinsStep,
    fileLeaksStep,
    historyLeaksStep,
    linksStep,
    commandsStep,
    paymentsCommandsStep,
    auditEventsStep(writeTypes === true),
    ...(database ? shared.steps : []),
  ];
  const steps = all.filter(({ name }) => only === undefined || name.includes(only));
  if (steps.length === 0) throw new CommanderError(2, "check.only", `No check is named ${only}`);

  const results: StepResult[] = [];
  try {
    for (const step of steps) {
      const result = await runStep(step);
      if (json !== true) report(result);
      results.push(result);
    }
  } finally {
    await shared.stop();
  }
  await summarise(results, json === true);
}

async function summarise(results: readonly StepResult[], json: boolean): Promise<void> {
  const failed = results.filter(({ findings }) => findings.length > 0).length;
  const summary = { passed: results.length - failed, failed, steps: results };
  const text = `${JSON.stringify(summary, null, 2)}\n`;
  await mkdir(dirname(join(ROOT, RESULTS_FILE)), { recursive: true });
  await writeFile(join(ROOT, RESULTS_FILE), text);
  process.stdout.write(json ? text : `${summary.passed} checks passed, ${failed} failed\n`);
  process.exitCode = failed === 0 ? 0 : 1;
}

const command = new Command("check")
  .description("Format, lint, types, pins, leaks, documents and the database's advisors")
  .option("--only <name>", "only the checks whose name contains this")
  .option("--no-database", "leave out the two checks that start the local stack")
  .option(
    "--write-types",
    "write what is generated (database types, audit events) instead of comparing it",
  )
  .option("--json", "print JSON")
  .exitOverride()
  .action(main);

try {
  await command.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  if (error.code === "check.only") process.stderr.write(`${error.message}\n`);
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
