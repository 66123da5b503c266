import { readFile, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Stack } from "../../dev/stack/start-stack.ts";
import type { CheckStep } from "./check-step.ts";
import { failureLines, runCommand } from "./run-command.ts";

const TYPES_FILE = "supabase/functions/_shared/database.types.ts";
const EXPOSED_SCHEMA = "payments";

/** The steps that need a database with the migrations applied, and the end of it. */
export interface DatabaseSteps {
  readonly steps: readonly CheckStep[];
  stop(): Promise<void>;
}

/**
 * Both steps share one stack, which starts when the first of them runs.
 * @param write put the generated types into the tree instead of comparing them
 */
export function databaseSteps(write: boolean): DatabaseSteps {
  let started: Promise<Stack> | null = null;
  const dbUrl = async () => {
    started ??= startForChecks();
    return `${(await started).state.dbUrl}?sslmode=disable`;
  };
  return {
    steps: [
      {
        name: "generated types",
        run: async (root) => await compareTypes(root, await dbUrl(), write),
      },
      { name: "database advisors", run: async (root) => await runAdvisors(root, await dbUrl()) },
    ],
    stop: async () => await (await started)?.stop(),
  };
}

// Loaded when needed: a stack that does not even load fails its two checks, not all of them.
async function startForChecks(): Promise<Stack> {
  const { startStack } = await import("../../dev/stack/start-stack.ts");
  return await startStack({ stateFile: null, withFunctions: false, schedulerIntervalMs: null });
}

async function compareTypes(root: string, dbUrl: string, write: boolean): Promise<string[]> {
  const generated = await runCommand(root, "supabase", [
    "gen",
    "types",
    "typescript",
    `--remote=${dbUrl}`,
    "--schema",
    EXPOSED_SCHEMA,
  ]);
  if (generated.code !== 0) return failureLines(generated);
  const formatted = await runCommand(root, "deno", ["fmt", "--ext=ts", "-"], generated.stdout);
  if (formatted.code !== 0) return failureLines(formatted);

  const file = join(root, TYPES_FILE);
  if (write) await writeFile(file, formatted.stdout);
  if (!existsSync(file)) return [`${TYPES_FILE} is missing: run npm run check -- --write-types`];
  return await readFile(file, "utf8") === formatted.stdout
    ? []
    : [`${TYPES_FILE} differs from the migrations: run npm run check -- --write-types`];
}

async function runAdvisors(root: string, dbUrl: string): Promise<string[]> {
  const argv = ["db", "advisors", "--type", "all", "--level", "warn", "--fail-on", "warn"];
  return failureLines(await runCommand(root, "supabase", [...argv, `--remote=${dbUrl}`]));
}
