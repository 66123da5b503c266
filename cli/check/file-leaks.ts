import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { listProjectFiles } from "../list-project-files.ts";
import type { CheckStep } from "./check-step.ts";
import { findKeys, findPlaces } from "./find-leaks.ts";

const BINARY = new Set([".png", ".jpg", ".jpeg", ".webp", ".gif", ".ico", ".woff2", ".pdf"]);

/**
 * Files that may hold what the scan looks for, each with its reason. The scan's own tests need
 * samples; everything else has to be clean.
 */
const ALLOWED: ReadonlyMap<string, string> = new Map([
  ["tests/unit/cli/check/find-leaks.test.ts", "samples of everything the scan must find"],
]);

export const fileLeaksStep: CheckStep = {
  name: "no secrets or machine paths in files",
  run: async (root) => {
    const paths = (await listProjectFiles(root))
      .filter((path) => !BINARY.has(extname(path)) && !ALLOWED.has(path));
    const findings = await Promise.all(paths.map(async (path) => {
      const text = await readFile(join(root, path), "utf8");
      return [...findKeys(text), ...findPlaces(text)]
        .map(({ kind, excerpt }) => `${path}: ${kind}: ${excerpt}`);
    }));
    return findings.flat();
  },
};
