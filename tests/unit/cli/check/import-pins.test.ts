import { describe, expect, it } from "vitest";
import { findDrift, findRanges, importPinsStep } from "../../../../cli/check/import-pins.ts";
import { ROOT } from "../../house/root.ts";

describe("findDrift", () => {
  const dependencies = { stripe: "23.1.0" };

  it("accepts the version that package.json installs", () => {
    expect(findDrift("deno.json", { stripe: "npm:stripe@23.1.0" }, dependencies)).toEqual([]);
  });

  it.each([
    ["another version", { stripe: "npm:stripe@23.1.1" }],
    ["a range", { stripe: "npm:stripe@^23.1.0" }],
    ["no version", { stripe: "npm:stripe" }],
    ["another source", { stripe: "https://esm.sh/stripe@23.1.0" }],
    ["a package that is no dependency", { zod: "npm:zod@4.6.7" }],
  ])("finds %s", (_case, imports) => {
    expect(findDrift("deno.json", imports, dependencies)).toHaveLength(1);
  });
});

describe("findRanges", () => {
  it("finds versions that are not exact", () => {
    const dependencies = { a: "^1.0.0", b: "1.0.0", c: "latest", d: "1.0.0-beta.17" };
    expect(findRanges({ dependencies, devDependencies: {} })).toHaveLength(2);
  });
});

describe("this repository", () => {
  it("pins each function to what is installed", async () => {
    expect(await importPinsStep.run(ROOT)).toEqual([]);
  });
});
