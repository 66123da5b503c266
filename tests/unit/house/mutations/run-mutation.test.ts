import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Mutation } from "../../../mutations/mutation.ts";
import { runBaseline, runMutation } from "../../../mutations/run-mutation.ts";
import { ROOT } from "../root.ts";

const FILES = {
  ".gitignore": "node_modules\n.local\n",
  "deno.json": '{ "nodeModulesDir": "manual" }',
  "vitest.config.ts": `import { defineConfig } from "vitest/config";
    export default defineConfig({ test: { projects: [
      { test: { name: "unit", pool: "forks", include: ["tests/unit/*.test.ts"] } }] } });`,
  "limit.ts": "export const allows = (n: number) => n <= 10;\nexport const name = 'limit';\n",
  "tests/unit/limit.test.ts": `import { expect, it } from "vitest";
    import { allows } from "../../limit.ts";
    it("3.1a refuses eleven", () => { expect(allows(11)).toBe(false); });`,
};

function mutation(find: string, replace: string): Mutation {
  const tests = ["tests/unit/limit.test.ts"];
  return { requirement: "3.1a", what: "", file: "limit.ts", find, replace, tests, name: "eleven" };
}

describe("runMutation on a small project", () => {
  let root = "";

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "payments-small-"));
    await mkdir(join(root, "tests/unit"), { recursive: true });
    for (const [path, text] of Object.entries(FILES)) await writeFile(join(root, path), text);
    await symlink(join(ROOT, "node_modules"), join(root, "node_modules"));
    await promisify(execFile)("git", ["init", "--quiet"], { cwd: root });
  });

  afterAll(async () => {
    await rm(root, { recursive: true });
  });

  it(
    "tells a caught mutation from one that survives, breaks the file or does not fit",
    async () => {
      const caught = mutation("n <= 10", "true");
      const baseline = await runBaseline(root, [caught]);
      const verdictOf = async (each: Mutation) => (await runMutation(root, each, baseline)).verdict;
      expect({
        caught: await verdictOf(caught),
        survives: await verdictOf(mutation("'limit'", "'cap'")),
        breaks: await verdictOf(mutation("n <= 10;", "(;")),
        doesNotFit: await verdictOf(mutation("export", "")),
      }).toEqual({
        caught: "caught",
        survives: "survived",
        breaks: "invalid",
        doesNotFit: "invalid",
      });
    },
    60_000,
  );
});
