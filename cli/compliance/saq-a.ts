import type { Evaluation, RowResult } from "./evaluate.ts";
import type { TestReport } from "./test-report.ts";

interface Criterion {
  /** In our words; the questionnaire has its own. */
  readonly what: string;
  /** Rows of the table that speak for it. */
  readonly rows: readonly string[];
  /** What nobody but the merchant can say. */
  readonly yours: string;
}

/**
 * Who may answer SAQ A, by its section "merchant eligibility criteria" (PCI DSS 4.0.1, SAQ A of January
 * 2025, pcisecuritystandards.org/document_library), and requirement 11.3.2, which it keeps.
 */
const CRITERIA: readonly Criterion[] = [
  {
    what: "only card-not-present payments",
    rows: ["6.1a"],
    yours: "that you sell nowhere else, or answer another questionnaire for it",
  },
  {
    what: "all processing of account data is outsourced to a compliant provider",
    rows: ["6.1a", "6.1b"],
    yours: "Stripe's attestation of compliance, on file for this year",
  },
  {
    what: "account data is neither stored, processed nor transmitted electronically here",
    rows: ["6.1b", "6.1c", "4.1a", "4.1b", "4.1c"],
    yours: "the same of your other systems: mail, support, spreadsheets",
  },
  {
    what: "every element of the payment page comes from the provider alone",
    rows: ["6.1a", "2.2a"],
    yours: "that nobody has put a card field or an embedded form beside it",
  },
  {
    what: "account data that is kept is on paper",
    rows: [],
    yours: "all of it",
  },
  {
    what: "requirement 11.3.2: quarterly scans from outside by an approved vendor",
    rows: ["6.2c"],
    yours: "the scans",
  },
  {
    what: "the questionnaire is answered and signed every year",
    rows: ["6.2b"],
    yours: "the answer and the signature",
  },
];

export interface SaqView {
  readonly evaluation: Evaluation;
  readonly report: TestReport | null;
  /** ISO date. */
  readonly today: string;
}

export interface SaqEvidence {
  readonly text: string;
  /** Everything that code can show is shown; what people have to do may be open. */
  readonly ok: boolean;
}

/** What the checks can say for an SAQ A, as Markdown; what they cannot is named. */
export function renderSaqA({ evaluation, report, today }: SaqView): SaqEvidence {
  const rowOf = (id: string) => evaluation.rows.find(({ requirement }) => requirement.id === id);
  const named = [...new Set(CRITERIA.flatMap(({ rows }) => rows))];
  const rows = named.flatMap((id) => rowOf(id) ?? []);
  const code = rows.filter(({ requirement }) => requirement.kind !== "people");
  const ok = evaluation.findings.length === 0 && rows.length === named.length &&
    code.every(isProven);
  const lines = CRITERIA.map(({ what, rows: ids, yours }) => {
    const shown = ids.flatMap((id) => rowOf(id) ?? []).map((row) =>
      `${row.requirement.id} ${isProven(row) ? "proven" : `**open**: ${row.problems.join(", ")}`}`
    );
    return `| ${what} | ${shown.join("; ") || "nothing"} | ${yours} |`;
  });
  return {
    ok,
    text: `# Evidence for SAQ A, ${today}

Made by \`payments compliance --saq-a\` from ${
      report === null
        ? "no test run"
        : `the test run of ${new Date(report.startedAt).toISOString()}`
    }. It says what the checks of this repository can say for each
criterion. It is no attestation: that is your signature under the questionnaire.
${evaluation.findings.map((finding) => `\n**Not to be trusted: ${finding}**\n`).join("")}
| Criterion | What the checks say | What only you can say |
| --- | --- | --- |
${lines.join("\n")}

## What stands behind it

${rows.map(renderRow).join("\n\n")}
`,
  };
}

function isProven(row: RowResult): boolean {
  return row.problems.length === 0;
}

function renderRow({ requirement, tests, mutations, records }: RowResult): string {
  const lines = [`### ${requirement.id} ${requirement.must}`, ""];
  for (const { name, file, status } of tests) lines.push(`- ${status}: ${name} (\`${file}\`)`);
  if (mutations > 0) lines.push(`- ${mutations} checked-in mutations, each noticed by a test`);
  for (const { status, what, owner, expires_on } of records) {
    lines.push(`- record, ${status} until ${expires_on}: ${what} (${owner})`);
  }
  if (lines.length === 2) lines.push("- nothing");
  return lines.join("\n");
}
