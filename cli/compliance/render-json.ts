import type { Evaluation } from "./evaluate.ts";
import type { TestReport } from "./test-report.ts";

/** What both renderings show. */
export interface ComplianceView {
  readonly evaluation: Evaluation;
  readonly report: TestReport | null;
  /** The rows that decide the exit code; `null` means all. */
  readonly scope: readonly string[] | null;
  readonly ok: boolean;
}

/** The view as one JSON document, for scripts. */
export function renderJson({ evaluation, report, scope, ok }: ComplianceView): string {
  const rows = evaluation.rows.map(({ requirement, tests, mutations, records, problems }) => ({
    ...requirement,
    proven: problems.length === 0,
    problems,
    mutations,
    tests: tests.map(({ name, file, status }) => ({ name, file, status })),
    records,
  }));
  const run = report === null ? null : {
    started_at: new Date(report.startedAt).toISOString(),
    passed: report.passed,
    failed: report.failed,
  };
  return `${JSON.stringify({ ok, scope, run, findings: evaluation.findings, rows }, null, 2)}\n`;
}
