import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expandIds } from "../../../cli/compliance/expand-ids.ts";
import { IN_SCOPE } from "../../../cli/compliance/requirements.ts";
import { ROOT } from "./root.ts";

interface Outcome {
  readonly code: number;
  readonly lastLine: string;
}

let project = "";

beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), "payments-ci-"));
  await mkdir(join(project, ".ci"));
  await mkdir(join(project, ".local"));
  await cp(join(ROOT, ".ci/run"), join(project, ".ci/run"));
  await extensions("exit 0");
});

afterEach(async () => {
  await rm(project, { recursive: true });
});

// Stands for npm: what is tested is how .ci/run counts and cleans up, not npm.
const NPM = `#!/usr/bin/env bash
case "$*" in
  ci) ;;
  test) exec node test.cjs ;;
  *check) exec node check.cjs ;;
  *compliance*) exec node payments.cjs ;;
  *) exit 64 ;;
esac
`;

/** Runs `.ci/run` in a project whose three scripts are the given pieces of JavaScript. */
async function runCi(scripts: { test: string; check: string; payments: string }): Promise<Outcome> {
  for (const [name, source] of Object.entries(scripts)) {
    await writeFile(join(project, `${name}.cjs`), `const fs = require("node:fs");\n${source}`);
  }
  await mkdir(join(project, "bin"));
  await writeFile(join(project, "bin/npm"), NPM, { mode: 0o755 });
  const path = `${join(project, "bin")}${delimiter}${process.env["PATH"] ?? ""}`;
  return await new Promise((resolve) => {
    const env = { ...process.env, PATH: path };
    execFile("bash", [join(project, ".ci/run")], { env }, (error, stdout) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      resolve({ code, lastLine: stdout.trimEnd().split("\n").at(-1) ?? "" });
    });
  });
}

/** Stands for .ci/extension-branches. */
async function extensions(script: string): Promise<void> {
  await writeFile(join(project, ".ci/extension-branches"), `#!/bin/sh\n${script}\n`, {
    mode: 0o755,
  });
}

function tests(passed: number, failed: number, exit = failed > 0 ? 1 : 0): string {
  const report = { numPassedTests: passed, numFailedTests: failed, testResults: [] };
  return write(".local/test-results.json", report, exit);
}

function checks(passed: number, failed: number): string {
  return write(".local/check-results.json", { passed, failed }, failed > 0 ? 1 : 0);
}

function write(file: string, report: unknown, exit: number): string {
  return `fs.writeFileSync("${file}", ${JSON.stringify(JSON.stringify(report))});
    process.exitCode = ${exit};`;
}

describe(".ci/run", () => {
  it("gates exactly the requirements that are done today", async () => {
    const script = await readFile(join(ROOT, ".ci/run"), "utf8");
    const scope = /^scope=(.+)$/m.exec(script)?.[1] ?? "";
    expect(scope.split(",").flatMap(expandIds)).toEqual(IN_SCOPE);
  });

  it("adds up install, tests, checks and the gate", async () => {
    const outcome = await runCi({ test: tests(7, 0), check: checks(3, 0), payments: "" });
    expect(outcome).toEqual({ code: 0, lastLine: "13 passed, 0 failed" });
  });

  it("fails with the tests, the checks and the gate that failed", async () => {
    const payments = "process.exitCode = 1;";
    const outcome = await runCi({ test: tests(5, 2), check: checks(2, 1), payments });
    expect(outcome).toEqual({ code: 1, lastLine: "9 passed, 4 failed" });
  });

  it("fails when the tests failed outside of any test", async () => {
    const outcome = await runCi({ test: tests(7, 0, 1), check: checks(3, 0), payments: "" });
    expect(outcome).toEqual({ code: 1, lastLine: "13 passed, 1 failed" });
  });

  it("fails when a branch for an extension fails", async () => {
    await extensions("exit 1");
    const outcome = await runCi({ test: tests(7, 0), check: checks(3, 0), payments: "" });
    expect(outcome).toEqual({ code: 1, lastLine: "12 passed, 1 failed" });
  });

  it("fails when a step leaves no report, and trusts none from before", async () => {
    await writeFile(
      join(project, ".local/test-results.json"),
      '{"numPassedTests":9,"numFailedTests":0,"testResults":[]}',
    );
    const outcome = await runCi({ test: "", check: checks(3, 0), payments: "" });
    expect(outcome).toEqual({ code: 1, lastLine: "6 passed, 1 failed" });
  });

  it("ends what a step left running", async () => {
    const leave = `fs.writeFileSync("pid", String(require("node:child_process")
      .spawn("sleep", ["300"], { stdio: "ignore" }).pid)); process.exit(0);`;
    await runCi({ test: leave, check: checks(1, 0), payments: "" });
    const pid = Number(await readFile(join(project, "pid"), "utf8"));
    await expect.poll(() => isRunning(pid)).toBe(false);
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
