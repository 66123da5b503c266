import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { wantsColour } from "../../../../cli/command-io.ts";
import { evaluate } from "../../../../cli/compliance/evaluate.ts";
import { renderTable, wrap } from "../../../../cli/compliance/render-table.ts";
import { REQUIREMENTS } from "../../../../cli/compliance/requirements.ts";

const NAME = "3.1a ".concat(
  "refuses a very long and winding description ".repeat(6),
  "x".repeat(140),
);
const report = {
  startedAt: 0,
  passed: 4,
  failed: 1,
  brokenFiles: ["tests/broken.test.ts"],
  tests: Array.from({ length: 5 }, (_, index) => ({
    name: NAME,
    file: "tests/unit/functions/verify-signature.test.ts",
    status: index === 4 ? "failed" as const : "passed" as const,
    requirements: ["3.1a"],
    failures: [],
  })),
};
const evaluation = evaluate(REQUIREMENTS, {
  report,
  reportProblem: `a finding ${"long ".repeat(40)}`,
  records: [],
  mutated: [],
  pageExists: () => false,
  today: "2026-01-01",
});
const view = { evaluation, report, scope: null, ok: false };

describe("renderTable", () => {
  it("fits 100 columns", () => {
    const lines = renderTable(view, { colour: true, allTests: true }).split("\n");
    expect(Math.max(...lines.map((line) => stripVTControlCharacters(line).length)))
      .toBeLessThanOrEqual(100);
  });

  it("prints every requirement", () => {
    const text = renderTable(view, { colour: false, allTests: false });
    for (const { id } of REQUIREMENTS) expect(text).toContain(`✗ ${id} `);
  });

  it("uses no escape sequence without colour", () => {
    expect(renderTable(view, { colour: false, allTests: false })).not.toContain("\u001b");
  });

  it("shows the failing tests of a row first and counts those it hides", () => {
    const text = renderTable(view, { colour: false, allTests: false });
    expect(text.indexOf("✗ 3.1a refuses")).toBeLessThan(text.indexOf("✓ 3.1a refuses"));
    expect(text).toContain("and 2 more that passed");
  });
});

describe("wantsColour", () => {
  it("needs a terminal and honours NO_COLOR", () => {
    expect(wantsColour(true, undefined)).toBe(true);
    expect(wantsColour(true, "")).toBe(true);
    expect(wantsColour(true, "1")).toBe(false);
    expect(wantsColour(false, undefined)).toBe(false);
  });
});

describe("wrap", () => {
  it("keeps each line within the width and loses nothing", () => {
    expect(wrap("aa bb cccccc d", 4)).toEqual(["aa", "bb", "cccc", "cc d"]);
  });
});
