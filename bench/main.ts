import { cpus, loadavg } from "node:os";
import process from "node:process";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { anomaliesCase } from "./cases/anomalies.ts";
import { apiCallsCase } from "./cases/api-calls.ts";
import { auditCase } from "./cases/audit.ts";
import { verifyCase } from "./cases/verify.ts";
import { authorizeCase } from "./cases/authorize.ts";
import { httpCase } from "./cases/http.ts";
import { ingestCase } from "./cases/ingest.ts";
import { memoryCase } from "./cases/memory.ts";
import type { Result } from "./support/bench-case.ts";
import { seededRandom } from "./support/random.ts";

const CASES = [
  ingestCase,
  authorizeCase,
  auditCase,
  verifyCase,
  httpCase,
  apiCallsCase,
  memoryCase,
  anomaliesCase,
];

interface Options {
  readonly seed: number;
  readonly only?: string;
  readonly commit?: string;
  readonly tuning: boolean;
  readonly svg: boolean;
}

function readSeed(text: string): number {
  const seed = Number(text);
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new InvalidArgumentError("A seed is a whole number.");
  }
  return seed;
}

async function main({ seed, only, commit, tuning, svg }: Options): Promise<void> {
  const cases = CASES.filter(({ name }) => only === undefined || name === only);
  if (cases.length === 0) throw new CommanderError(2, "bench.only", `No bench is named ${only}`);
  const line = (result: Result) => process.stdout.write(`${JSON.stringify(result)}\n`);
  for (const { name, what, run } of cases) {
    process.stderr.write(`${name}: ${what}\n`);
    line({ bench: "machine", before: name, seed, cores: cpus().length, load: loads() });
    const results: Result[] = [];
    await run({
      seed,
      random: seededRandom(seed),
      commit,
      tuning,
      svg,
      report: (result) => {
        line(result);
        results.push(result);
      },
    });
    line({ bench: "machine", after: name, seed, cores: cpus().length, load: loads() });
    process.stderr.write(table(results));
  }
}

function loads(): number[] {
  return loadavg().map((load) => Number(load.toFixed(2)));
}

/** For people; the lines on standard output are for programs. */
function table(results: readonly Result[]): string {
  return results.map(({ bench, ...figures }) =>
    `  ${bench.padEnd(10)} ${
      Object.entries(figures).filter(([, value]) => value !== null && !Array.isArray(value))
        .map(([name, value]) => `${name} ${value}`).join(", ")
    }\n`
  ).join("");
}

const command = new Command("bench")
  .description("Measure the pipeline; JSON lines on standard output, a table on standard error")
  .option("--seed <number>", "makes the events repeatable", readSeed, 1)
  .option("--only <name>", `one of ${CASES.map(({ name }) => name).join(", ")}`)
  .option(
    "--commit <hash>",
    "what the seeds of anomalies derive from; the commit that is checked out",
  )
  .option("--tuning", "anomalies with the seeds that its threshold was chosen with", false)
  .option("--svg", "draw the pictures in docs/images anew", false)
  .exitOverride()
  .action(main);

try {
  await command.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  if (error.code === "bench.only") process.stderr.write(`${error.message}\n`);
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
