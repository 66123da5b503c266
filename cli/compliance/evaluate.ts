import { type ComplianceRecord, recordState } from "./records.ts";
import type { Requirement } from "./requirements.ts";
import type { TestReport, TestResult } from "./test-report.ts";

/** Why a row is not proven. */
export type Problem =
  | "test failed"
  | "no test"
  | "not run"
  | "test skipped"
  | "no mutation"
  | "no page"
  | "no record"
  | "record open"
  | "record expired";

/** A requirement with everything that speaks for it and against it. */
export interface RowResult {
  readonly requirement: Requirement;
  readonly tests: readonly TestResult[];
  readonly mutations: number;
  readonly records: readonly ComplianceRecord[];
  /** Empty when the row is proven. */
  readonly problems: readonly Problem[];
}

/** What the table is judged on. */
export interface Evidence {
  readonly report: TestReport | null;
  /** Why the report cannot be trusted, if it cannot. */
  readonly reportProblem: string | null;
  readonly records: readonly ComplianceRecord[];
  /** The requirement of each checked-in mutation. */
  readonly mutated: readonly string[];
  readonly pageExists: (page: string) => boolean;
  /** ISO date. */
  readonly today: string;
}

/** The judged table; `findings` are faults that belong to no single row. */
export interface Evaluation {
  readonly rows: readonly RowResult[];
  readonly findings: readonly string[];
}

function testProblems(tests: readonly TestResult[], mutations: number, ran: boolean): Problem[] {
  const problems: Problem[] = [];
  if (tests.length === 0) problems.push(ran ? "no test" : "not run");
  if (tests.some(({ status }) => status === "failed")) problems.push("test failed");
  if (tests.some(({ status }) => status === "skipped")) problems.push("test skipped");
  if (mutations === 0) problems.push("no mutation");
  return problems;
}

function recordProblems(records: readonly ComplianceRecord[], today: string): Problem[] {
  const states = records.map((record) => recordState(record, today));
  const problems: Problem[] = [];
  if (states.includes("open")) problems.push("record open");
  if (states.includes("expired")) problems.push("record expired");
  return problems;
}

function evaluateRow(requirement: Requirement, evidence: Evidence): RowResult {
  const { id, kind, page } = requirement;
  const tests = (evidence.report?.tests ?? []).filter((test) => test.requirements.includes(id));
  const records = evidence.records.filter((record) => record.requirement === id);
  const mutations = evidence.mutated.filter((mutated) => mutated === id).length;
  const problems: Problem[] = [];
  if (kind !== "people") problems.push(...testProblems(tests, mutations, evidence.report !== null));
  if (kind !== "code" && records.length === 0) problems.push("no record");
  problems.push(...recordProblems(records, evidence.today));
  if (page !== null && !evidence.pageExists(page)) problems.push("no page");
  return { requirement, tests, mutations, records, problems };
}

// A mutation may break a rule of the design instead: an invariant (I1–I9) or a decision (docs/adr).
const DESIGN_RULE = /^(?:I[1-9]|decision [1-9]\d?)$/;

function strayIds(requirements: readonly Requirement[], evidence: Evidence): string[] {
  const known = new Set(requirements.map(({ id }) => id));
  const claims = [
    ...(evidence.report?.tests ?? []).flatMap((test) =>
      test.requirements.map((id) => ({ id, by: `test "${test.name}"` }))
    ),
    ...evidence.records.map(({ id, requirement }) => ({ id: requirement, by: `record ${id}` })),
    ...evidence.mutated.filter((id) => !DESIGN_RULE.test(id))
      .map((id) => ({ id, by: "a mutation" })),
  ];
  return claims
    .filter(({ id }) => !known.has(id))
    .map(({ id, by }) => `${by} names ${id}, which is no requirement`);
}

/** Judges every row; pure, so that the command's reading and printing stay out of the verdict. */
export function evaluate(requirements: readonly Requirement[], evidence: Evidence): Evaluation {
  const findings = strayIds(requirements, evidence);
  if (evidence.reportProblem !== null) findings.unshift(evidence.reportProblem);
  for (const file of evidence.report?.brokenFiles ?? []) {
    findings.push(`${file} did not run to its end, so its tests are unknown`);
  }
  return {
    rows: requirements.map((requirement) => evaluateRow(requirement, evidence)),
    findings,
  };
}
