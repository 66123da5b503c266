import { readdir, readFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { CheckStep } from "./check-step.ts";

const FUNCTIONS_FOLDER = "supabase/functions";
const EXACT = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/;

const versions = z.record(z.string(), z.string());
const packageSchema = z.object({ dependencies: versions, devDependencies: versions });
const denoSchema = z.object({ imports: versions.default({}) });

type Package = z.infer<typeof packageSchema>;

/** Versions in package.json that are a range: what is installed would depend on the day. */
export function findRanges({ dependencies, devDependencies }: Package): string[] {
  return Object.entries({ ...dependencies, ...devDependencies })
    .filter(([, version]) => !EXACT.test(version))
    .map(([name, version]) => `package.json: ${name} is ${version}, not an exact version`);
}

/** Imports of a function that are not pinned to what package.json installs and the tests ran on. */
export function findDrift(
  file: string,
  imports: Readonly<Record<string, string>>,
  dependencies: Readonly<Record<string, string>>,
): string[] {
  return Object.entries(imports).flatMap(([name, specifier]) => {
    const version = dependencies[name];
    if (version === undefined) return [`${file}: ${name} is no dependency in package.json`];
    const expected = `npm:${name}@${version}`;
    return specifier === expected ? [] : [`${file}: ${name} is ${specifier}, expected ${expected}`];
  });
}

export const importPinsStep: CheckStep = {
  name: "import pins",
  run: async (root) => {
    const json = async (path: string): Promise<unknown> =>
      JSON.parse(await readFile(join(root, path), "utf8"));
    const manifest = packageSchema.parse(await json("package.json"));
    const names = await readdir(join(root, FUNCTIONS_FOLDER), { withFileTypes: true });
    const files = names
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith("_"))
      .map(({ name }) => `${FUNCTIONS_FOLDER}/${name}/deno.json`);
    const findings = findRanges(manifest);
    for (const file of files) {
      if (!existsSync(join(root, file))) {
        findings.push(`${file} is missing, so its deploy would pin nothing`);
        continue;
      }
      const { imports } = denoSchema.parse(await json(file));
      findings.push(...findDrift(file, imports, manifest.dependencies));
    }
    return findings;
  },
};
