import { existsSync } from "node:fs";
import { join } from "node:path";
import type { CheckStep } from "./check-step.ts";
import { failureLines, runCommand } from "./run-command.ts";

/** Folders whose TypeScript Deno runs; `web/` is the browser's and belongs to tsc. */
const DENO_FOLDERS = ["supabase/functions", "cli", "dev", "tests", "bench"];
const WEB_CONFIG = "web/tsconfig.json";

export const formatStep: CheckStep = {
  name: "format",
  run: async (root) => failureLines(await runCommand(root, "deno", ["fmt", "--check"])),
};

export const lintStep: CheckStep = {
  name: "lint",
  run: async (root) => failureLines(await runCommand(root, "deno", ["lint"])),
};

export const denoTypesStep: CheckStep = {
  name: "types (deno)",
  run: async (root) => {
    const folders = DENO_FOLDERS.filter((folder) => existsSync(join(root, folder)));
    return failureLines(await runCommand(root, "deno", ["check", "--quiet", ...folders]));
  },
};

export const webTypesStep: CheckStep = {
  name: "types (tsc)",
  run: async (root) => {
    if (!existsSync(join(root, WEB_CONFIG))) return [`${WEB_CONFIG} is missing`];
    return failureLines(await runCommand(root, "tsc", ["--noEmit", "-p", WEB_CONFIG]));
  },
};
