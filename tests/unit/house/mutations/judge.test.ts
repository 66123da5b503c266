import { describe, expect, it } from "vitest";
import type { TestReport, TestStatus } from "../../../../cli/compliance/test-report.ts";
import { judge, judgeBaseline } from "../../../mutations/judge.ts";
import type { Mutation } from "../../../mutations/mutation.ts";

const MUTATION: Mutation = {
  requirement: "3.1a",
  what: "drops the check",
  file: "a.ts",
  find: "x",
  replace: "y",
  tests: ["a.test.ts"],
  name: "refuses",
};

function report(status: TestStatus, failures: string[] = [], name = "3.1a refuses"): TestReport {
  const test = { name, file: "a.test.ts", status, requirements: [name.slice(0, 4)], failures };
  return { startedAt: 0, passed: 0, failed: 0, tests: [test], brokenFiles: [] };
}

describe("judge", () => {
  it.each([
    "AssertionError: expected 1 to be 2",
    "Error: Property failed after 1 tests\nCaused by: AssertionError",
  ])("calls a mutation caught when the named test failed with %j", (failure) => {
    expect(judge(report("failed", [failure]), MUTATION).verdict).toBe("caught");
  });

  it("calls a mutation survived when the named test passed", () => {
    expect(judge(report("passed"), MUTATION).verdict).toBe("survived");
  });

  it.each([
    ["a crash", report("failed", ["TypeError: x is not a function"])],
    ["a time-out", report("failed", ["Error: Test timed out in 5000ms"])],
    ["a test that did not run", report("skipped")],
    ["a test of another requirement", report("failed", ["AssertionError: no"], "3.1b refuses")],
    ["a test of another name", report("failed", ["AssertionError: no"], "3.1a accepts")],
  ])("does not count %s as caught", (_case, result) => {
    expect(judge(result, MUTATION).verdict).toBe("invalid");
  });
});

describe("judgeBaseline", () => {
  it("wants the named test to exist and not to fail without the mutation", () => {
    expect(judgeBaseline(report("passed"), MUTATION)).toBeNull();
    expect(judgeBaseline(report("failed"), MUTATION)?.verdict).toBe("invalid");
    expect(judgeBaseline(report("passed", [], "3.1a accepts"), MUTATION)?.verdict).toBe("invalid");
  });
});
