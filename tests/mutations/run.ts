import process from "node:process";
import { fileURLToPath } from "node:url";
import { Command, CommanderError } from "commander";
import { expandIds } from "../../cli/compliance/expand-ids.ts";
import { copyTree } from "./copy-tree.ts";
import type { Judgement } from "./judge.ts";
import type { Mutation } from "./mutation.ts";
import { MUTATIONS } from "./mutations.ts";
import { runBaseline, runMutation } from "./run-mutation.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

interface Result extends Judgement {
  readonly mutation: Mutation;
  readonly ms: number;
}

function progress(text: string): void {
  process.stderr.write(text);
}

async function runAll(mutations: readonly Mutation[]): Promise<Result[]> {
  progress(`Running the named tests without any of ${mutations.length} mutations\n`);
  // One snapshot for the whole run: an edit meanwhile must not change what is being judged.
  const snapshot = await copyTree(ROOT);
  try {
    return await runEach(snapshot.root, mutations);
  } finally {
    await snapshot.remove();
  }
}

async function runEach(root: string, mutations: readonly Mutation[]): Promise<Result[]> {
  const baseline = await runBaseline(root, mutations);
  const results: Result[] = [];
  for (const [index, mutation] of mutations.entries()) {
    progress(`[${index + 1}/${mutations.length}] ${mutation.requirement} ${mutation.what} … `);
    const start = performance.now();
    const judgement = await runMutation(root, mutation, baseline);
    const ms = Math.round(performance.now() - start);
    const { verdict, reason } = judgement;
    progress(`${verdict} (${(ms / 1000).toFixed(1)} s)${reason === "" ? "" : `: ${reason}`}\n`);
    results.push({ mutation, ...judgement, ms });
  }
  return results;
}

function summarise(results: readonly Result[]) {
  const count = (verdict: string) => results.filter((result) => result.verdict === verdict).length;
  return { caught: count("caught"), survived: count("survived"), invalid: count("invalid") };
}

interface Options {
  readonly json?: boolean;
  readonly only?: string;
}

function select(only: string | undefined): Mutation[] {
  if (only === undefined) return [...MUTATIONS];
  const ids = only.split(",").map((id) => id.trim())
    .flatMap((id) => /^(?:decision \d|I\d)/.test(id) ? [id] : id.split(/\s+/).flatMap(expandIds));
  const chosen = MUTATIONS.filter(({ requirement }) => ids.includes(requirement));
  if (chosen.length === 0) {
    throw new CommanderError(2, "mutations.only", `No mutation for ${only}`);
  }
  return chosen;
}

async function main({ json, only }: Options): Promise<void> {
  const results = await runAll(select(only));
  const { caught, survived, invalid } = summarise(results);
  if (json === true) {
    const rows = results.map(({ mutation: { requirement, what, file }, verdict, reason, ms }) => ({
      requirement,
      what,
      file,
      verdict,
      reason,
      ms,
    }));
    process.stdout.write(`${JSON.stringify({ caught, survived, invalid, rows }, null, 2)}\n`);
  } else {
    process.stdout.write(
      `${caught} caught, ${survived} survived${invalid > 0 ? `, ${invalid} invalid` : ""}\n`,
    );
  }
  process.exitCode = survived + invalid === 0 && caught > 0 ? 0 : 1;
}

const command = new Command("mutations")
  .description("Break one line at a time and require the test of its requirement to notice")
  .option(
    "--only <ids>",
    'only the mutations of these requirements, for instance "3.1a-c,3.2a,decision 8"',
  )
  .option("--json", "print JSON")
  .exitOverride()
  .action(main);

try {
  await command.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  if (error.code === "mutations.only") progress(`${error.message}\n`);
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
