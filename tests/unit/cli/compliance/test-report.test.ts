import { describe, expect, it } from "vitest";
import { parseTestReport } from "../../../../cli/compliance/test-report.ts";

function report(testResults: unknown[]): string {
  return JSON.stringify({ startTime: 1000, numPassedTests: 1, numFailedTests: 0, testResults });
}

function file(assertionResults: unknown[], status = "passed") {
  return { name: "/repo/tests/a.test.ts", status, message: "", assertionResults };
}

function test(title: string, ancestorTitles: string[] = [], status = "passed") {
  return { title, ancestorTitles, status, failureMessages: [] };
}

describe("parseTestReport", () => {
  it("takes the requirement from the test's own name before its group's", () => {
    const { tests } = parseTestReport(
      report([file([test("3.1c bounds", ["3.1a verifier"]), test("bounds", ["3.1a verifier"])])]),
      "/repo",
    );
    expect(tests.map(({ requirements }) => requirements)).toEqual([["3.1c"], ["3.1a"]]);
    expect(tests[0]?.file).toBe("tests/a.test.ts");
  });

  it.each(["pending", "todo", "skipped", "disabled", "surprise"])(
    "counts the status %j as not run",
    (status) => {
      const { tests } = parseTestReport(report([file([test("3.1a x", [], status)])]), "/repo");
      expect(tests[0]?.status).toBe("skipped");
    },
  );

  it("lists a file that failed without a failing test", () => {
    const text = report([
      file([], "failed"),
      { ...file([test("x", [], "failed")], "failed"), name: "/repo/b" },
    ]);
    expect(parseTestReport(text, "/repo").brokenFiles).toEqual(["tests/a.test.ts"]);
  });

  it("refuses what is no report", () => {
    expect(() => parseTestReport('{"testResults":[]}', "/repo")).toThrow();
  });
});
