import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { HALVES, mergeReports } from "../../run.ts";
import { ROOT } from "./root.ts";

function report(passed: number, failed: number) {
  return {
    numFailedTestSuites: failed,
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: 1,
    numTodoTests: 0,
    numTotalTests: passed + failed + 1,
    startTime: 1000 + passed,
    success: failed === 0,
    testResults: [{ name: `${passed}.test.ts`, status: failed === 0 ? "passed" : "failed" }],
  };
}

describe("npm test", () => {
  it("runs every folder that has tests, once", async () => {
    const files = await readdir(join(ROOT, "tests"), { recursive: true });
    const folders = files.filter((file) => file.endsWith(".test.ts")).map((file) =>
      `tests/${file.split("/")[0]}`
    );
    expect(HALVES.flat().toSorted()).toEqual([...new Set(folders)].toSorted());
  });

  it("adds the reports of its halves up", () => {
    expect(mergeReports([report(3, 0), report(2, 1)])).toEqual({
      numFailedTestSuites: 1,
      numPassedTests: 5,
      numFailedTests: 1,
      numPendingTests: 2,
      numTodoTests: 0,
      numTotalTests: 8,
      startTime: 1002,
      success: false,
      testResults: [
        { name: "3.test.ts", status: "passed" },
        { name: "2.test.ts", status: "failed" },
      ],
    });
  });
});
