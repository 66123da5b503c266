import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Plugin } from "vite";
import { measure } from "../../cli/compliance/measure.ts";

const name = "virtual:compliance-table";
const resolved = `\0${name}`;

/**
 * Hands the console the table of `payments compliance` as it was when the page was built (or, in
 * development, first asked for), with the run of the tests and the commit that it was measured on. No
 * names of tests: counts.
 *
 * @param root The repository's.
 */
export function complianceTable(root: string): Plugin {
  return {
    name: "tidepost:compliance-table",
    resolveId: (id) => id === name ? resolved : undefined,
    load: async (id) =>
      id === resolved ? `export default ${JSON.stringify(await readTable(root))};` : undefined,
  };
}

async function readTable(root: string) {
  const now = new Date().toISOString();
  const { evaluation, report } = await measure(root, now.slice(0, 10));
  return {
    builtAt: now,
    commit: await readCommit(root),
    run: report === null ? null : {
      startedAt: new Date(report.startedAt).toISOString(),
      passed: report.passed,
      failed: report.failed,
    },
    findings: evaluation.findings,
    rows: evaluation.rows.map(({ requirement, tests, mutations, records, problems }) => ({
      id: requirement.id,
      must: requirement.must,
      kind: requirement.kind,
      page: requirement.page,
      tests: tests.length,
      mutations,
      records: records.map(({ what, status, expires_on }) => ({
        what,
        status,
        expiresOn: expires_on,
      })),
      problems,
    })),
  };
}

/** The commit, with a plus where the work tree differs from it; null where there is no git. */
async function readCommit(root: string): Promise<string | null> {
  const git = (...words: string[]) => promisify(execFile)("git", ["-C", root, ...words]);
  try {
    const [{ stdout: commit }, { stdout: changes }] = await Promise.all([
      git("rev-parse", "--short=12", "HEAD"),
      git("status", "--porcelain", "--untracked-files=no"),
    ]);
    return `${commit.trim()}${changes.trim() === "" ? "" : "+"}`;
  } catch {
    return null;
  }
}
