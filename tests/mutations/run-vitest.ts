import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { parseTestReport, type TestReport } from "../../cli/compliance/test-report.ts";

const TIMEOUT_MS = 180_000;
const GRACE_MS = 15_000;
const REPORT_FILE = ".local/mutation-run.json";

/** Which tests to run in which tree. */
export interface TestRun {
  readonly root: string;
  /** Paths from the root. */
  readonly files: readonly string[];
  /** A regular expression's source that the full name must match; all tests without it. */
  readonly name?: string;
}

/** What vitest reported, and the end of what it printed, for the case that the report is empty. */
export interface VitestRun {
  readonly report: TestReport;
  readonly output: string;
}

/**
 * Runs vitest on a tree and reads its JSON report.
 * @throws when it times out or leaves no report; the message holds the end of its output
 */
export async function runVitest({ root, files, name }: TestRun): Promise<VitestRun> {
  const projects = [...new Set(files.map((file) => file.startsWith("tests/unit/")))];
  const output = await runInGroup([
    "run",
    "-A",
    "npm:vitest",
    "run",
    "--reporter=json",
    `--outputFile=${REPORT_FILE}`, // the project's own settings win over it, and take it from the environment
    ...projects.map((isUnit) => `--project=${isUnit ? "unit" : "stack"}`),
    ...(name === undefined ? [] : ["--testNamePattern", name]),
    ...files,
  ], root);
  const file = join(root, REPORT_FILE);
  if (!existsSync(file)) throw new Error(`Read vitest's report, but there is none:\n${output}`);
  return { report: parseTestReport(await readFile(file, "utf8"), root), output };
}

/** Runs Deno in a process group of its own, so that its end can be made the end of all it started. */
function runInGroup(argv: readonly string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, argv, {
      cwd,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, PAYMENTS_TEST_REPORT: REPORT_FILE, NO_COLOR: "1", CI: "true" },
    });
    let output = "";
    const keep = (chunk: unknown) => void (output = (output + String(chunk)).slice(-4000));
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);

    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      signalGroup(child.pid, "SIGTERM");
      setTimeout(() => signalGroup(child.pid, "SIGKILL"), GRACE_MS).unref();
    }, TIMEOUT_MS);
    const stop = () => signalGroup(child.pid, "SIGTERM");
    process.once("SIGINT", stop).once("SIGTERM", stop);

    child.on("error", reject);
    child.on("close", () => {
      clearTimeout(timer);
      process.off("SIGINT", stop).off("SIGTERM", stop);
      signalGroup(child.pid, "SIGKILL");
      if (timedOut) reject(new Error(`Run vitest within ${TIMEOUT_MS / 1000} s:\n${output}`));
      else resolve(output);
    });
  });
}

function signalGroup(pid: number | undefined, signal: "SIGTERM" | "SIGKILL"): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // The group has ended by itself, which is what we want.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
