import { z } from "zod";
import { expandIds } from "./expand-ids.ts";

const assertionSchema = z.object({
  title: z.string(),
  ancestorTitles: z.array(z.string()).default([]),
  status: z.string(),
  failureMessages: z.array(z.string()).nullish(),
});

const reportSchema = z.object({
  startTime: z.number(),
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  testResults: z.array(z.object({
    name: z.string(),
    status: z.string(),
    message: z.string().nullish(),
    assertionResults: z.array(assertionSchema),
  })),
});

/** What became of a test: anything that is neither a pass nor a failure counts as not run. */
export type TestStatus = "passed" | "failed" | "skipped";

/** One test of the last run and the requirements its name claims. */
export interface TestResult {
  readonly name: string;
  readonly file: string;
  readonly status: TestStatus;
  readonly requirements: readonly string[];
  readonly failures: readonly string[];
}

/** The last run of the tests, reduced to what proof needs. */
export interface TestReport {
  /** Milliseconds since the epoch at which the run began. */
  readonly startedAt: number;
  readonly passed: number;
  readonly failed: number;
  readonly tests: readonly TestResult[];
  /** Files that failed before or beside their tests, for instance because an import broke. */
  readonly brokenFiles: readonly string[];
}

type Assertion = z.infer<typeof assertionSchema>;

function statusOf(status: string): TestStatus {
  return status === "passed" || status === "failed" ? status : "skipped";
}

// The test's own name counts first; a group's name covers the tests inside it that name nothing.
function requirementsOf(assertion: Assertion): string[] {
  const names = [assertion.title, ...assertion.ancestorTitles.toReversed()];
  for (const name of names) {
    const ids = expandIds(name.trim());
    if (ids.length > 0) return ids;
  }
  return [];
}

/**
 * Reads vitest's JSON report.
 * @param text the report's JSON
 * @param root the repository's root, cut off the file names
 * @throws when the text is not such a report
 */
export function parseTestReport(text: string, root: string): TestReport {
  const report = reportSchema.parse(JSON.parse(text));
  const relative = (file: string) =>
    file.startsWith(`${root}/`) ? file.slice(root.length + 1) : file;
  return {
    startedAt: report.startTime,
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    tests: report.testResults.flatMap((file) =>
      file.assertionResults.map((assertion) => ({
        name: [...assertion.ancestorTitles, assertion.title].join(" › "),
        file: relative(file.name),
        status: statusOf(assertion.status),
        requirements: requirementsOf(assertion),
        failures: assertion.failureMessages ?? [],
      }))
    ),
    brokenFiles: report.testResults
      .filter((file) =>
        file.status === "failed" && !file.assertionResults.some(({ status }) => status === "failed")
      )
      .map((file) => relative(file.name)),
  };
}
