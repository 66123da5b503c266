import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { RECORDS_FOLDER } from "../../../cli/compliance/records.ts";
import { runProgram } from "../../../cli/program.ts";
import { ROOT } from "../house/root.ts";

const run = promisify(execFile);
let root = "";

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "payments-cli-"));
  await run("git", ["init", "--quiet"], { cwd: root });
  await cp(join(ROOT, RECORDS_FOLDER), join(root, RECORDS_FOLDER), { recursive: true });
  await mkdir(join(root, "cli"));
  await mkdir(join(root, "docs"), { recursive: true });
  await mkdir(join(root, ".local"));
  await writeFile(join(root, "docs/webhooks.md"), "");
  await writeFile(join(root, "cli/main.ts"), "");
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

async function payments(...argv: string[]) {
  let out = "";
  let error = "";
  const code = await runProgram(argv, {
    root,
    now: () => new Date("2026-12-01T00:00:00Z"),
    colour: false,
    env: {},
    operator: "somebody",
    out: (text) => void (out += text),
    error: (text) => void (error += text),
  });
  return { code, out, error };
}

async function writeReport(status: "passed" | "failed", startTime = Date.now() + 1000) {
  const assertion = { title: "3.1a refuses", ancestorTitles: [], status, failureMessages: [] };
  const report = {
    startTime,
    numPassedTests: 1,
    numFailedTests: 0,
    testResults: [{ name: "t.test.ts", status, message: "", assertionResults: [assertion] }],
  };
  await writeFile(join(root, ".local/test-results.json"), JSON.stringify(report));
}

const answer = z.object({
  ok: z.boolean(),
  findings: z.array(z.string()),
  rows: z.array(z.object({ id: z.string(), problems: z.array(z.string()) })),
});

describe("payments", () => {
  it.each([
    [["--help"]],
    [["compliance", "--help"]],
    [["status", "--help"]],
    [["dead-letters", "replay", "--help"]],
    [["events", "show", "--help"]],
    [["webhook", "setup", "--help"]],
  ])("explains itself with %j", async (argv) => {
    const { code, out } = await payments(...argv);
    expect(code).toBe(0);
    expect(out).toContain("Usage: payments");
  });

  it.each([
    [[]],
    [["nonsense"]],
    [["compliance", "--nonsense"]],
    [["compliance", "--scope"]],
    [["compliance", "--scope", "9.9z"]],
    [["compliance", "--scope", "everything"]],
    [["status"]],
    [["dead-letters"]],
    [["dead-letters", "show"]],
    [["dead-letters", "show", "sub_1"]],
    [["dead-letters", "list", "--since", "yesterday"]],
    [["dead-letters", "replay", "evt_1"]],
    [["dead-letters", "replay", "--reason", "why"]],
    [["dead-letters", "replay", "evt_1", "--type", "invoice.paid", "--reason", "why"]],
    [["dead-letters", "replay", "evt_1", "--reason", " "]],
    [["events", "show", "nonsense"]],
    [["webhook", "setup"]],
    [["webhook", "setup", "--url", "http://example.com/webhook"]],
    [["webhook", "setup", "--url", "https://example.com/webhook"]],
    [["status", "--db-url", "postgresql://u:p@db.example.com/postgres"]],
  ])("exits 2 for the usage %j", async (argv) => {
    const { code, error } = await payments(...argv);
    expect(code).toBe(2);
    expect(error).not.toBe("");
  });
});

describe("payments compliance", () => {
  it("exits 1 and says so without a report", async () => {
    const { code, out } = await payments("compliance");
    expect(code).toBe(1);
    expect(out).toContain("run npm test");
  });

  it("exits 1 and says so when a source changed after the run", async () => {
    await writeReport("passed");
    const later = new Date(Date.now() + 60_000);
    await utimes(join(root, "cli/main.ts"), later, later);
    const { code, out } = await payments("compliance", "--scope", "3.1a");
    expect(code).toBe(1);
    expect(out).toContain("cli/main.ts changed after the last test run");
  });

  it("exits 1 while any row is unproven, although those in scope are proven", async () => {
    await writeReport("passed");
    expect((await payments("compliance")).code).toBe(1);
    const scoped = await payments("compliance", "--scope", "3.1a", "--json");
    const { ok, findings, rows } = answer.parse(JSON.parse(scoped.out));
    expect({ code: scoped.code, ok, findings }).toEqual({ code: 0, ok: true, findings: [] });
    expect(rows.find(({ id }) => id === "3.1b")?.problems).toContain("no test");
  });

  it("exits 1 when a test of a row in scope failed", async () => {
    await writeReport("failed");
    const { code, out } = await payments("compliance", "--scope", "3.1a");
    expect(code).toBe(1);
    expect(out).toContain("→ test failed");
  });

  it("never turns an open record into a proof", async () => {
    const { out } = await payments("compliance", "--json");
    const row = answer.parse(JSON.parse(out)).rows.find(({ id }) => id === "6.2b");
    expect(row?.problems).toContain("record open");
  });
});
