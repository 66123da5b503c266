// `npm run drill`: each runbook against a stack of its own, which is gone afterwards.
import { fileURLToPath } from "node:url";
import { Command, CommanderError } from "commander";
import { renderColumns } from "../../cli/render-columns.ts";
import { startStack } from "../stack/start-stack.ts";
import { type DrillResult, runDrill } from "./run-drill.ts";
import { SCENARIOS } from "./scenarios.ts";
import { openWorld, type World } from "./world.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const SCHEDULER_MS = 500;
const BOUND_MS = 5 * 60_000;

/** Everybody of a drill comes from this machine: what is counted by address must not stop them all. */
const ONE_ADDRESS = [
  "users_per_address_per_hour=100000",
  "customers_per_address_per_hour=100000",
  "declines_per_address_per_hour=100000",
];

/** Takes the notices, as a mailer would. */
function startSink() {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response(null, { status: 204 }),
  );
  return { url: `http://127.0.0.1:${server.addr.port}/notices`, close: () => server.shutdown() };
}

async function runAll(names: readonly string[]): Promise<DrillResult[]> {
  const sink = startSink();
  try {
    const stack = await startStack({
      stateFile: null,
      schedulerIntervalMs: SCHEDULER_MS,
      functionsEnv: {
        PAYMENTS_NOTIFY_URL: sink.url,
        PAYMENTS_NOTIFY_SECRET: `whsec_${crypto.getRandomValues(new Uint8Array(32)).toBase64()}`,
      },
    });
    const world = openWorld(stack.state, ROOT);
    try {
      await world.operator(["settings", "set", ...ONE_ADDRESS, "--reason", "a drill"]);
      return await runEach(world, names);
    } finally {
      await world.close();
      await stack.stop();
    }
  } finally {
    await sink.close();
  }
}

async function runEach(world: World, names: readonly string[]): Promise<DrillResult[]> {
  const results: DrillResult[] = [];
  for (const scenario of SCENARIOS.filter(({ name }) => names.includes(name))) {
    Deno.stderr.writeSync(new TextEncoder().encode(`${scenario.name} …\n`));
    results.push(await runDrill(world, scenario));
  }
  return results;
}

function renderResults(results: readonly DrillResult[]): string {
  const seconds = (ms: number | null) => ms === null ? "-" : `${(ms / 1000).toFixed(1)} s`;
  return renderColumns(
    ["RUNBOOK", "DETECTED", "CONTAINED", "OVER", "COMMANDS", "RESULT"],
    results.map((one) => [
      one.name,
      seconds(one.detected_ms),
      seconds(one.contained_ms),
      seconds(one.over_ms),
      String(one.commands),
      one.passed ? "passed" : `failed: ${one.error}`,
    ]),
  );
}

interface Options {
  readonly only?: string;
  readonly json?: boolean;
}

async function main({ only, json }: Options): Promise<void> {
  const known = SCENARIOS.map(({ name }) => name);
  const names = only?.split(",") ?? known;
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new CommanderError(2, "drill.only", `There is no drill ${unknown}: ${known.join(", ")}`);
  }
  const results = await runAll(names);
  console.log(
    json === true ? JSON.stringify({ drills: results }, null, 2) : renderResults(results),
  );
  Deno.exitCode = results.every(({ passed }) => passed) ? 0 : 1;
}

// A drill that hangs is a drill that failed; the stack's watchdog clears up what it started.
const bound = setTimeout(() => Deno.exit(1), BOUND_MS);
try {
  await new Command("drill")
    .description("Cause what each runbook is about, run its commands, and time the containment")
    .option("--only <names>", "only these, separated by commas")
    .option("--json", "print JSON")
    .exitOverride()
    .action(main)
    .parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  if (error.code === "drill.only") console.error(error.message);
  Deno.exitCode = error.exitCode === 0 ? 0 : 2;
} finally {
  clearTimeout(bound);
}
