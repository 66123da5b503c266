import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { LANES } from "../../run.ts";
import { ROOT } from "./root.ts";

describe("npm test", () => {
  it("runs every file that has tests, once", async () => {
    const files = (await readdir(join(ROOT, "tests"), { recursive: true }))
      .filter((file) => file.endsWith(".test.ts"))
      .map((file) => `tests/${file}`);
    const folders = LANES.flat();
    const runs = (file: string) => folders.filter((folder) => file.startsWith(folder)).length;
    expect(files.length).toBeGreaterThan(100);
    expect(files.filter((file) => runs(file) !== 1)).toEqual([]);
    expect(folders.filter((folder) => !files.some((file) => file.startsWith(folder)))).toEqual([]);
  });
});
