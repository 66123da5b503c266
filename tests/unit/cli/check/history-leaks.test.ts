import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fileLeaksStep } from "../../../../cli/check/file-leaks.ts";
import { findKeysInHistory } from "../../../../cli/check/history-leaks.ts";
import { ROOT } from "../../house/root.ts";

const run = promisify(execFile);
const KEY = ["sk", "live", "51Hq9ZbKd83LmWvRtYx0PcUe"].join("_");
let root = "";

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "payments-history-"));
  await run("git", ["init", "--quiet"], { cwd: root });
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

async function commit(text: string, message = "change") {
  await writeFile(join(root, "a.txt"), text);
  await run("git", ["add", "."], { cwd: root });
  const author = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
  await run("git", [...author, "commit", "--quiet", "-m", message], { cwd: root });
}

describe("findKeysInHistory", () => {
  it("has nothing to say about a repository without commits", async () => {
    expect(await findKeysInHistory(root)).toEqual([]);
  });

  it("2.1a finds a key that a later commit removed, once", async () => {
    await commit("clean\n");
    await commit(`key ${KEY}\n`);
    await commit("clean again\n");
    const findings = await findKeysInHistory(root);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatch(/^commit [0-9a-f]{12}: Stripe live key: sk_live_/);
  });

  it("2.1a finds a key in a commit's message and on another branch", async () => {
    await commit("clean\n");
    await run("git", ["checkout", "--quiet", "-b", "side"], { cwd: root });
    await commit("side\n", `use ${KEY}`);
    await run("git", ["checkout", "--quiet", "-"], { cwd: root });
    expect(await findKeysInHistory(root)).toHaveLength(1);
  });
});

describe("this repository", () => {
  it("2.1a has no real-looking secret in its history", async () => {
    expect(await findKeysInHistory(ROOT)).toEqual([]);
  });

  it("2.1a has no real-looking secret and no machine's path in its files", async () => {
    expect(await fileLeaksStep.run(ROOT)).toEqual([]);
  });

  it("2.1a finds a real-looking secret in a file that is not yet committed", async () => {
    await writeFile(join(root, "new.ts"), `const key = "${KEY}";`);
    expect(await fileLeaksStep.run(root)).toHaveLength(1);
  });
});
