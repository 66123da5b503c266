import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { MUTATIONS } from "../../tests/mutations/mutations.ts";
import { evaluate, type Evaluation } from "./evaluate.ts";
import { newestSource } from "./newest-source.ts";
import { readRecords } from "./records.ts";
import { REQUIREMENTS } from "./requirements.ts";
import { parseTestReport, type TestReport } from "./test-report.ts";

/** Written by `npm test`, from the repository's root. */
export const REPORT_FILE = ".local/test-results.json";

/** The table as it is now, and the run of the tests it is judged on. */
export interface Measurement {
  readonly evaluation: Evaluation;
  readonly report: TestReport | null;
}

/** Judges every requirement by the last run of the tests below `root`. @param today ISO date */
export async function measure(root: string, today: string): Promise<Measurement> {
  const { report, problem } = await readReport(root);
  const evaluation = evaluate(REQUIREMENTS, {
    report,
    reportProblem: problem,
    records: await readRecords(root),
    mutated: MUTATIONS.map(({ requirement }) => requirement),
    pageExists: (page) => existsSync(join(root, page)),
    today,
  });
  return { evaluation, report };
}

interface ReadReport {
  readonly report: TestReport | null;
  readonly problem: string | null;
}

async function readReport(root: string): Promise<ReadReport> {
  const file = join(root, REPORT_FILE);
  if (!existsSync(file)) {
    return { report: null, problem: `${REPORT_FILE} is missing: run npm test` };
  }
  const report = parseTestReport(await readFile(file, "utf8"), root);
  const newest = await newestSource(root);
  const stale = newest !== null && newest.changedAt > report.startedAt;
  return {
    report,
    problem: stale
      ? `${newest.path} changed after the last test run began: run npm test again`
      : null,
  };
}
