import { describe, expect, it } from "vitest";
import type { Evaluation, RowResult } from "../../../../cli/compliance/evaluate.ts";
import { REQUIREMENTS } from "../../../../cli/compliance/requirements.ts";
import { renderSaqA } from "../../../../cli/compliance/saq-a.ts";

const RUN = { startedAt: Date.UTC(2026, 5, 1), passed: 1, failed: 0, tests: [], brokenFiles: [] };

/** The whole table, all of it proven but for these rows. */
function evaluation(open: Record<string, RowResult["problems"]> = {}): Evaluation {
  return {
    findings: [],
    rows: REQUIREMENTS.map((requirement) => ({
      requirement,
      tests: [{
        name: `${requirement.id} holds`,
        file: "tests/a.test.ts",
        status: "passed",
        requirements: [requirement.id],
        failures: [],
      }],
      mutations: 1,
      records: [],
      problems: open[requirement.id] ?? [],
    })),
  };
}

function saq(open: Record<string, RowResult["problems"]> = {}, findings: string[] = []) {
  return renderSaqA({
    evaluation: { ...evaluation(open), findings },
    report: RUN,
    today: "2026-06-02",
  });
}

describe("payments compliance --saq-a", () => {
  it("6.2a names each test behind a criterion, and the run", () => {
    const { text, ok } = saq();
    expect(ok).toBe(true);
    expect(text).toContain("2026-06-01T00:00:00.000Z");
    expect(text).toContain("- passed: 6.1b holds (`tests/a.test.ts`)");
    expect(text).toContain("| only card-not-present payments | 6.1a proven |");
    expect(text).toContain("It is no attestation");
  });

  it("6.2a is not fine while a row of ours is open, and says which and why", () => {
    const { text, ok } = saq({ "6.1c": ["test failed"] });
    expect(ok).toBe(false);
    expect(text).toContain("6.1c **open**: test failed");
  });

  it("6.2a leaves to people what only people can do, and says that it is open", () => {
    const { text, ok } = saq({ "6.2c": ["record open"] });
    expect(ok).toBe(true);
    expect(text).toContain("6.2c **open**: record open");
  });

  it("6.2a trusts no report that is older than the code", () => {
    const { text, ok } = saq({}, ["a.ts changed after the last test run began"]);
    expect(ok).toBe(false);
    expect(text).toContain("**Not to be trusted: a.ts changed");
  });
});
