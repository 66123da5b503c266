import { cp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { projectRoot } from "../../../dev/stack/paths.ts";
import { readStackEnv } from "../../../dev/stack/stack-env.ts";
import { startStack } from "../../../dev/stack/start-stack.ts";

let root: string;

beforeEach(async () => {
  root = await Deno.makeTempDir({ prefix: "payments-project-" });
  await cp(join(projectRoot, "tests", "integration", "stack", "fixture"), root, {
    recursive: true,
  });
});
afterEach(() => Deno.remove(root, { recursive: true }));

test("a migration that fails stops the start with the CLI's own words, and nothing stays", async () => {
  await Deno.writeTextFile(
    join(root, "supabase", "migrations", "20260102000000_broken.sql"),
    "create table public.broken (id no_such_type);",
  );
  const before = await stackFolders();
  const lines: string[] = [];
  const start = startStack({ root, stateFile: null, log: (line) => lines.push(line) });
  await expect(start).rejects.toThrow(
    /supabase db push[\s\S]*20260102000000_broken[\s\S]*no_such_type/,
  );
  expect((await stackFolders()).filter((name) => !before.includes(name))).toEqual([]);
});

test("a function that does not start is named", async () => {
  await Deno.writeTextFile(
    join(root, "supabase", "functions", "echo", "index.ts"),
    "throw new Error('cannot start');",
  );
  const lines: string[] = [];
  const start = startStack({ root, stateFile: null, log: (line) => lines.push(line) });
  await expect(start).rejects.toThrow(/Functions that did not start: echo/);
  expect(lines.some((line) => line.includes("cannot start"))).toBe(true);
});

test.each([
  [{ PAYMENTS_STACK_PORT_BASE: "80" }, /PAYMENTS_STACK_PORT_BASE must be a number from 1024/],
  [{ PAYMENTS_STACK_PORT_BASE: "4000x" }, /PAYMENTS_STACK_PORT_BASE must be a number from 1024/],
  [{ STRIPE_SECRET_KEY: "sk_live_123456789" }, /must be a test-mode key/],
  [{ STRIPE_SECRET_KEY: "pk_test_123456789" }, /must be a test-mode key/],
])("a malformed variable is refused: %o", (env, message) => {
  expect(() => readStackEnv(env)).toThrow(message);
});

/** Only this process's: other stacks may start and stop meanwhile. */
async function stackFolders(): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(tmpdir())) {
    if (!name.startsWith("payments-stack-")) continue;
    const note = await Deno.readTextFile(join(tmpdir(), name, "owner.json")).then(
      JSON.parse,
      () => null,
    );
    if (note?.pid === Deno.pid) names.push(name);
  }
  return names;
}
