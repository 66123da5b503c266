import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { LANES } from "../../run.ts";
import { ROOT } from "./root.ts";

describe("npm test", () => {
  it("runs every folder that has tests, once", async () => {
    const files = await readdir(join(ROOT, "tests"), { recursive: true });
    const folders = files.filter((file) => file.endsWith(".test.ts")).map((file) =>
      `tests/${file.split("/")[0]}`
    );
    expect(LANES.flat().toSorted()).toEqual([...new Set(folders)].toSorted());
  });
});
