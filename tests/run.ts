// `npm test`: two halves at once, each with a stack of its own, and one report of both. With arguments
// it is vitest itself: `npm test -- tests/unit`.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { z } from "zod";
import { projectRoot } from "../dev/stack/paths.ts";

/** Where the gate and `payments compliance` look. */
const REPORT = join(projectRoot, ".local/test-results.json");

/** About equally long. What belongs to neither half would never run: a test counts the folders. */
export const HALVES: readonly (readonly string[])[] = [
  ["tests/integration"],
  ["tests/unit", "tests/attack", "tests/browser", "tests/fault", "tests/property"],
];

const reportSchema = z.looseObject({
  numFailedTestSuites: z.number(),
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  numTotalTests: z.number(),
  startTime: z.number(),
  success: z.boolean(),
  testResults: z.array(z.looseObject({ name: z.string(), status: z.string() })),
});
type Report = z.infer<typeof reportSchema>;

/** Adds up reports of vitest's JSON reporter. */
export function mergeReports(reports: readonly Report[]): Report {
  const sum = (of: (report: Report) => number) => reports.reduce((total, r) => total + of(r), 0);
  return {
    numFailedTestSuites: sum((r) => r.numFailedTestSuites),
    numPassedTests: sum((r) => r.numPassedTests),
    numFailedTests: sum((r) => r.numFailedTests),
    numPendingTests: sum((r) => r.numPendingTests),
    numTodoTests: sum((r) => r.numTodoTests),
    numTotalTests: sum((r) => r.numTotalTests),
    startTime: Math.min(...reports.map((r) => r.startTime)),
    success: reports.every((r) => r.success),
    testResults: reports.flatMap((r) => r.testResults),
  };
}

function vitest(
  args: readonly string[],
  stdio: "inherit" | "null",
  report?: string,
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "npm:vitest", "run", ...args],
    cwd: projectRoot,
    stdin: stdio,
    env: {
      ...(report === undefined ? {} : { PAYMENTS_TEST_REPORT: report }),
      ...(process.stdout.isTTY ? { FORCE_COLOR: "1" } : {}),
    },
  }).spawn();
}

/** Runs one half. @returns its exit code and report; no report where vitest did not get that far */
async function runHalf(folders: readonly string[], file: string, children: Deno.ChildProcess[]) {
  await rm(file, { force: true });
  const child = vitest(folders, "null", file);
  children.push(child);
  const { code } = await child.status;
  const text = await readFile(file, "utf8").catch(() => null);
  return { code, report: text === null ? null : reportSchema.parse(JSON.parse(text)) };
}

async function runAll(): Promise<number> {
  await mkdir(join(projectRoot, ".local"), { recursive: true });
  await rm(REPORT, { force: true });
  const children: Deno.ChildProcess[] = [];
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => children.forEach((child) => child.kill(signal)));
  }
  const halves = await Promise.all(
    HALVES.map((folders, index) =>
      runHalf(folders, REPORT.replace(".json", `-${index + 1}.json`), children)
    ),
  );
  const merged = mergeReports(halves.flatMap(({ report }) => report === null ? [] : [report]));
  const code = Math.max(...halves.map((half) => half.report === null ? 1 : half.code));
  await writeFile(REPORT, JSON.stringify({ ...merged, success: code === 0 }));
  const failed = merged.testResults.filter(({ status }) => status === "failed");
  for (const { name } of failed) console.log(`✗ ${name.replace(`${projectRoot}/`, "")}`);
  console.log(`\n${merged.numPassedTests} tests passed, ${merged.numFailedTests} failed`);
  return code;
}

if (import.meta.main) {
  const args = process.argv.slice(2);
  if (args.length === 0) process.exit(await runAll());
  const child = vitest(args, "inherit");
  process.exit((await child.status).code);
}
