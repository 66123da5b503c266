import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ROOT } from "./root.ts";

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({
      optionalDependencies: z.record(z.string(), z.string()).default({}),
      resolved: z.string().optional(),
    }),
  ),
});

const { packages } = lockSchema.parse(
  JSON.parse(await readFile(join(ROOT, "package-lock.json"), "utf8")),
);

describe("package-lock.json", () => {
  // npm install leaves out what it did not install here; npm ci then refuses the whole lock.
  it("has an entry for every optional package of every platform", () => {
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies }]) =>
      Object.keys(optionalDependencies).filter((name) =>
        packages[`node_modules/${name}`] === undefined &&
        packages[`${path}/node_modules/${name}`] === undefined
      )
    );
    expect(missing).toEqual([]);
  });

  it("names no registry but npm's own", () => {
    const foreign = Object.values(packages)
      .filter(({ resolved }) => resolved?.startsWith("https://registry.npmjs.org/") === false);
    expect(foreign).toEqual([]);
  });
});
