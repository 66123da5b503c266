import type { TestReport, TestResult } from "../../cli/compliance/test-report.ts";
import type { Mutation } from "./mutation.ts";

/** `invalid` says nothing about the test: the harness broke, or the mutation does not fit. */
export type Verdict = "caught" | "survived" | "invalid";

/** A verdict and, where it is not "caught", its reason. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly reason: string;
}

// vitest and node:assert throw the first; fast-check wraps the assertion of a property in the second.
const ASSERTION = /^(?:AssertionError|Error: Property failed|Error: expect\()/;

function namedTests(report: TestReport, { requirement, name }: Mutation): TestResult[] {
  const pattern = new RegExp(name);
  return report.tests.filter((test) =>
    pattern.test(test.name) &&
    (test.requirements.includes(requirement) || proves(test, requirement))
  );
}

/** Whether the test's own name starts with this id, as those of decisions and invariants do. */
function proves({ name }: TestResult, id: string): boolean {
  const own = name.split(" › ").at(-1) ?? name;
  return own.startsWith(`${id}:`) || own.startsWith(`${id} `);
}

/** Whether the tests named by the mutation pass without it; only then can they catch it. */
export function judgeBaseline(report: TestReport, mutation: Mutation): Judgement | null {
  const named = namedTests(report, mutation);
  if (named.length === 0) {
    return { verdict: "invalid", reason: "no test has that requirement and name" };
  }
  if (named.some(({ status }) => status === "failed")) {
    return { verdict: "invalid", reason: "the named test fails without the mutation" };
  }
  return null;
}

/** Whether the named test went red by an assertion of its own. */
export function judge(report: TestReport, mutation: Mutation): Judgement {
  const named = namedTests(report, mutation).filter(({ status }) => status !== "skipped");
  if (named.length === 0) return { verdict: "invalid", reason: "the named test did not run" };
  const failures = named.flatMap((test) => test.failures);
  if (named.every(({ status }) => status === "passed")) {
    return { verdict: "survived", reason: "the named test still passes" };
  }
  if (!failures.some((failure) => ASSERTION.test(failure))) {
    const [first = "no message"] = failures;
    return { verdict: "invalid", reason: `red without an assertion: ${first.split("\n", 1)}` };
  }
  return { verdict: "caught", reason: "" };
}
