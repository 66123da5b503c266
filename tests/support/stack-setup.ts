// Starts one stack for all test files that need one, and stops it at the end.
import "./contain-immediates.ts";
import type { TestProject } from "vitest/node";
import postgres from "postgres";
import { projectRoot } from "../../dev/stack/paths.ts";
import { type StackState, startStack } from "../../dev/stack/start-stack.ts";
import { keepPristine } from "../property/support/scratch-database.ts";
import { startStackControl } from "./stack-control.ts";

/** What a test knows of the running stack: its state, and what the state file leaves out. */
export interface ProvidedStack extends StackState {
  /** Secret keys by name; the name is the database role, except "default". */
  secretKeys: Record<string, string>;
  projectRoot: string;
  /** Where tests ask the stack's own process for what it alone knows; see stack.ts. */
  controlUrl: string;
}

declare module "vitest" {
  export interface ProvidedContext {
    stack: ProvidedStack;
  }
}

// half of the stack's own two seconds: tests wait for the worker, and a turn of it takes processor time from them
const schedulerIntervalMs = 1000;

/** Every test file's users come from this machine: what is counted by address must not stop them all. */
async function unboundOneAddress(dbUrl: string): Promise<void> {
  const sql = postgres(dbUrl, { max: 1, ssl: false, onnotice: () => {} });
  const numbers = [
    "users_per_address_per_hour",
    "customers_per_address_per_hour",
    "declines_per_address_per_hour",
  ];
  for (const number of numbers) {
    await sql`alter table payments_private.settings alter column ${sql(number)} set default 100000`;
    await sql`update payments_private.settings set ${sql(number)} = default`;
  }
  await sql.end();
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const lines: string[] = [];
  const stack = await startStack({
    stateFile: null,
    schedulerIntervalMs,
    onMigrated: keepPristine,
    log: (line) => lines.push(line),
  })
    .catch((error: unknown) => {
      throw new Error(`The stack did not start:\n${lines.join("\n")}`, { cause: error });
    });
  await unboundOneAddress(stack.state.dbUrl);
  const control = startStackControl(stack);
  project.provide("stack", {
    ...stack.state,
    secretKeys: { ...stack.secretKeys },
    projectRoot,
    controlUrl: control.url,
  });
  return async () => {
    await control.close();
    await stack.stop();
  };
}
