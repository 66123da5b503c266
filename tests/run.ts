// `npm test`: vitest in lanes at once, each with a stack of its own, and vitest's own summary of all of
// them at the end. With arguments it is vitest itself: `npm test -- tests/unit`.
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { projectRoot } from "../dev/stack/paths.ts";

/** Where the gate and `payments compliance` look. */
const REPORT = join(projectRoot, ".local/test-results.json");
/** What each lane leaves for the summary; vitest calls such a file a blob. */
const BLOBS = join(projectRoot, ".local/test-lanes");

/** Folders of about equal time, as measured. What belongs to no lane would never run: a test counts the files. */
export const LANES: readonly (readonly string[])[] = [
  [
    "tests/integration/audit/",
    "tests/integration/cli/",
    "tests/integration/evidence/",
    "tests/integration/functions/",
    "tests/integration/incidents/",
  ],
  [
    "tests/browser/",
    "tests/integration/eyes/",
    "tests/integration/stack/",
    "tests/integration/stripe-twin/",
    "tests/unit/",
  ],
  [
    "tests/attack/",
    "tests/fault/",
    "tests/integration/database/",
    "tests/integration/house/",
    "tests/integration/traffic/",
    "tests/property/",
  ],
];

function vitest(
  args: readonly string[],
  stdin: "inherit" | "null",
  report?: string,
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "npm:vitest", "run", ...args],
    cwd: projectRoot,
    stdin,
    env: {
      ...(report === undefined ? {} : { PAYMENTS_TEST_REPORT: report }),
      ...(process.stdout.isTTY ? { FORCE_COLOR: "1" } : {}),
    },
  }).spawn();
}

/** Runs every lane, then the summary. @returns the highest exit code: a lane that died has no blob, but a code */
async function runAll(): Promise<number> {
  await rm(REPORT, { force: true });
  await rm(BLOBS, { recursive: true, force: true });
  await mkdir(BLOBS, { recursive: true });
  const lanes = LANES.map((folders, index) =>
    vitest([
      ...folders,
      "--reporter=default",
      "--reporter=blob",
      `--outputFile.blob=${join(BLOBS, `${index + 1}.json`)}`,
    ], "null")
  );
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => lanes.forEach((lane) => lane.kill(signal)));
  }
  const codes = await Promise.all(lanes.map(async (lane) => (await lane.status).code));
  const summary = vitest([`--merge-reports=${BLOBS}`], "null", REPORT);
  return Math.max(...codes, (await summary.status).code);
}

if (import.meta.main) {
  const args = process.argv.slice(2);
  if (args.length === 0) process.exit(await runAll());
  process.exit((await vitest(args, "inherit").status).code);
}
