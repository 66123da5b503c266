import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, realpath, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runProgram } from "../../../cli/program.ts";
import { ROOT } from "../house/root.ts";

let tree = "";
let outside = "";

beforeEach(async () => {
  tree = await realpath(await mkdtemp(join(tmpdir(), "tree-")));
  outside = await realpath(await mkdtemp(join(tmpdir(), "outside-")));
  await promisify(execFile)("git", ["init", "-q", tree]);
  await mkdir(join(tree, "deep/er"), { recursive: true });
  await mkdir(join(tree, "kept-out"));
  await writeFile(join(tree, ".gitignore"), "kept-out/\n*.secret\n");
});
afterEach(async () => {
  await rm(tree, { recursive: true });
  await rm(outside, { recursive: true });
});

async function newKey(out: string, ...more: string[]) {
  let error = "";
  const code = await runProgram(
    ["audit", "new-key", "--first", "--id", "k1", "--out", out, ...more],
    {
      root: ROOT,
      now: () => new Date("2026-11-24T10:00:00Z"),
      colour: false,
      env: {},
      operator: "test",
      out: () => {},
      error: (text) => void (error += text),
    },
  );
  return { code, error, exists: existsSync(out) };
}

describe("a private key in a file", () => {
  it.each(["k1", "deep/er/k1"])(
    "8.3b is not written where git would take it in: %s",
    async (name) => {
      const file = join(tree, name);
      expect(await newKey(file)).toEqual({
        code: 2,
        error: expect.stringContaining("--into-git"),
        exists: false,
      });
    },
  );

  it("8.3b is not written there through a link, nor in what git cannot read", async () => {
    await symlink(join(tree, "deep"), join(outside, "link"));
    expect(await newKey(join(outside, "link/k1"))).toMatchObject({ code: 2, exists: false });
    await writeFile(join(outside, ".git"), "gitdir: nowhere\n");
    expect(await newKey(join(outside, "k1"))).toMatchObject({ code: 2, exists: false });
  });

  it("8.3b is not written there because a variable names another repository", async () => {
    const other = join(outside, "other");
    await promisify(execFile)("git", ["init", "-q", other]);
    await writeFile(join(other, ".gitignore"), "*\n");
    Deno.env.set("GIT_DIR", join(other, ".git"));
    Deno.env.set("GIT_WORK_TREE", other);
    try {
      expect(await newKey(join(tree, "k1"))).toMatchObject({ code: 2, exists: false });
    } finally {
      Deno.env.delete("GIT_DIR");
      Deno.env.delete("GIT_WORK_TREE");
    }
  });

  it.each(["kept-out/k1", "k1.secret"])(
    "8.3b is written where git ignores it: %s",
    async (name) => {
      expect(await newKey(join(tree, name))).toMatchObject({ code: 0, exists: true });
    },
  );

  it("8.3b is written outside of any work tree, for its owner alone", async () => {
    const file = join(outside, "k1");
    expect(await newKey(file)).toMatchObject({ code: 0, exists: true });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it("8.3b is written there when that is said", async () => {
    const file = join(tree, "k1");
    expect(await newKey(file, "--into-git")).toMatchObject({ code: 0, exists: true });
  });

  it("8.3b is not written where there is no folder, and it is said which", async () => {
    const end = await newKey(join(outside, "nowhere/k1"));
    expect(end).toMatchObject({ exists: false });
    expect(end.code).not.toBe(0);
    expect(end.error).toContain("nowhere");
  });
});
