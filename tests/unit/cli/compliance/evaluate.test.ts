import { describe, expect, it } from "vitest";
import { evaluate, type Evidence } from "../../../../cli/compliance/evaluate.ts";
import { type ComplianceRecord } from "../../../../cli/compliance/records.ts";
import { type Requirement } from "../../../../cli/compliance/requirements.ts";
import { type TestResult, type TestStatus } from "../../../../cli/compliance/test-report.ts";

const CODE: Requirement = {
  id: "3.1a",
  milestone: 1,
  kind: "code",
  must: "verify",
  page: "docs/webhooks.md",
};
const PEOPLE: Requirement = {
  id: "6.2b",
  milestone: null,
  kind: "people",
  must: "ask",
  page: null,
};
const PLATFORM: Requirement = { ...CODE, id: "4.3a", kind: "platform" };

const RECORD: ComplianceRecord = {
  id: "questionnaire",
  requirement: "6.2b",
  kind: "people",
  status: "done",
  evidence: "vault",
  what: "Questionnaire",
  owner: "merchant",
  recorded_on: "2026-01-01",
  expires_on: "2026-12-31",
};

function test(id: string, status: TestStatus = "passed"): TestResult {
  return { name: `${id} works`, file: "t.test.ts", status, requirements: [id], failures: [] };
}

function evidence(change: Partial<Evidence> & { tests?: TestResult[] } = {}): Evidence {
  const { tests = [test("3.1a")], ...rest } = change;
  return {
    report: { startedAt: 0, passed: 1, failed: 0, tests, brokenFiles: [] },
    reportProblem: null,
    records: [],
    mutated: ["3.1a"],
    pageExists: () => true,
    today: "2026-06-01",
    ...rest,
  };
}

function problems(requirement: Requirement, change: Parameters<typeof evidence>[0] = {}) {
  return evaluate([requirement], evidence(change)).rows[0]?.problems;
}

describe("evaluate", () => {
  it("proves a row with a passing test, a mutation and its page", () => {
    expect(problems(CODE)).toEqual([]);
  });

  it("does not prove a row by the tests of another", () => {
    expect(problems(CODE, { tests: [test("3.1b")] })).toEqual(["no test"]);
  });

  it("does not prove a row of which one test failed", () => {
    expect(problems(CODE, { tests: [test("3.1a"), test("3.1a", "failed")] }))
      .toEqual(["test failed"]);
  });

  it("does not prove a row of which one test was skipped", () => {
    expect(problems(CODE, { tests: [test("3.1a"), test("3.1a", "skipped")] }))
      .toEqual(["test skipped"]);
  });

  it("does not prove a row without a mutation", () => {
    expect(problems(CODE, { mutated: ["3.1b"] })).toEqual(["no mutation"]);
  });

  it("does not prove a row whose page is missing", () => {
    expect(problems(CODE, { pageExists: () => false })).toEqual(["no page"]);
  });

  it("does not prove a row without a report", () => {
    expect(problems(CODE, { report: null })).toEqual(["not run"]);
  });

  it("takes a record, and only a live one, for what people do", () => {
    expect(problems(PEOPLE)).toEqual(["no record"]);
    expect(problems(PEOPLE, { records: [RECORD] })).toEqual([]);
    expect(problems(PEOPLE, { records: [RECORD], today: "2027-01-01" }))
      .toEqual(["record expired"]);
  });

  it("wants both record and test for what the platform does", () => {
    expect(problems(PLATFORM, { tests: [] })).toEqual(["no test", "no mutation", "no record"]);
  });

  it("finds tests, mutations and records of unknown requirements", () => {
    const { findings } = evaluate(
      [CODE],
      evidence({ tests: [test("3.9z")], mutated: ["3.9y"], records: [RECORD] }),
    );
    expect(findings).toHaveLength(3);
  });

  it("lets a mutation break a rule of the design, and nothing else that is no requirement", () => {
    const { findings } = evaluate(
      [CODE],
      evidence({ mutated: ["I1", "decision 3", "decision", "I0", "decision 3 b"] }),
    );
    expect(findings).toHaveLength(3);
  });

  it("finds a file that did not run to its end", () => {
    const report = { startedAt: 0, passed: 0, failed: 0, tests: [], brokenFiles: ["b.test.ts"] };
    expect(evaluate([CODE], evidence({ report })).findings[0]).toContain("b.test.ts");
  });
});
