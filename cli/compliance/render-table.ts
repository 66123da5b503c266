import type { RowResult } from "./evaluate.ts";
import type { ComplianceView } from "./render-json.ts";
import type { TestResult, TestStatus } from "./test-report.ts";

const WIDTH = 100;
const INDENT = 9;
const TESTS_SHOWN = 3;
const HEADER = "  id     ms kind      tests mut  what must be true";
const TEXT_COLUMN = HEADER.indexOf("what");
const MARKS: Record<TestStatus, string> = { passed: "✓", failed: "✗", skipped: "–" };
const ORDER: readonly TestStatus[] = ["failed", "skipped", "passed"];

interface TableOptions {
  readonly colour: boolean;
  /** Every test of a row instead of the first few. */
  readonly allTests: boolean;
}

type Paint = (colour: "red" | "green" | "yellow" | "dim" | "bold", text: string) => string;

const CODES = { red: 31, green: 32, yellow: 33, dim: 2, bold: 1 };

function painter(enabled: boolean): Paint {
  return (colour, text) => enabled ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text;
}

/** Breaks text at spaces into lines of at most `width` characters; a longer word is cut. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").flatMap((word) => cut(word, width))) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

function cut(word: string, width: number): string[] {
  const parts: string[] = [];
  for (let at = 0; at < word.length; at += width) parts.push(word.slice(at, at + width));
  return parts;
}

function indented(first: string, text: string): string[] {
  const lines = wrap(text, WIDTH - INDENT - first.length);
  return lines.map((line, index) =>
    " ".repeat(INDENT) + (index === 0 ? first : " ".repeat(first.length)) + line
  );
}

function testLines(row: RowResult, allTests: boolean): string[] {
  const sorted = row.tests.toSorted((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status));
  const bad = sorted.filter(({ status }) => status !== "passed").length;
  const shown = allTests ? sorted : sorted.slice(0, Math.max(TESTS_SHOWN, bad));
  const line = (test: TestResult) =>
    indented(`${MARKS[test.status]} `, `${test.name} (${test.file})`);
  const hidden = sorted.length - shown.length;
  return [
    ...shown.flatMap(line),
    ...(hidden > 0 ? indented("  ", `and ${hidden} more that passed (--tests lists them)`) : []),
  ];
}

function rowLines(row: RowResult, options: TableOptions, paint: Paint, decides: boolean): string[] {
  const { requirement: { id, milestone, kind, must }, tests, mutations, problems } = row;
  const proven = problems.length === 0;
  const passed = tests.filter(({ status }) => status === "passed").length;
  const cells = [
    id.padEnd(6),
    String(milestone ?? "–").padStart(2),
    kind.padEnd(9),
    (kind === "people" ? "" : `${passed}/${tests.length}`).padStart(5),
    (kind === "people" ? "" : String(mutations)).padStart(3),
  ].join(" ");
  const [first = "", ...more] = wrap(must, WIDTH - TEXT_COLUMN);
  const bad = decides ? "red" : "yellow";
  return [
    `${paint(proven ? "green" : bad, proven ? "✓" : "✗")} ${cells}  ${first}`,
    ...more.map((line) => " ".repeat(TEXT_COLUMN) + line),
    ...(proven ? [] : indented("→ ", problems.join(", ")).map((line) => paint(bad, line))),
    ...row.records.flatMap((record) =>
      indented("▪ ", `${record.what}: ${record.status}, expires ${record.expires_on}`)
    ),
    ...testLines(row, options.allTests).map((line) => paint("dim", line)),
  ];
}

function summary({ evaluation: { rows }, scope, ok }: ComplianceView, paint: Paint): string {
  const proven = (list: readonly RowResult[]) =>
    list.filter(({ problems }) => problems.length === 0).length;
  const inScope = rows.filter(({ requirement }) => scope?.includes(requirement.id));
  const all = `${proven(rows)} of ${rows.length} requirements proven`;
  const text = scope === null ? all : `${proven(inScope)} of ${inScope.length} in scope, ${all}`;
  return paint(ok ? "green" : "red", text);
}

/** The view as a table of at most 100 columns. */
export function renderTable(view: ComplianceView, options: TableOptions): string {
  const { evaluation: { rows, findings }, report, scope } = view;
  const paint = painter(options.colour);
  const run = report === null
    ? "No test run to read"
    : `Test run of ${new Date(report.startedAt).toISOString()}: ` +
      `${report.passed} passed, ${report.failed} failed`;
  const decides = (row: RowResult) => scope === null || scope.includes(row.requirement.id);
  return [
    run,
    "",
    paint("bold", HEADER),
    ...rows.flatMap((row) => rowLines(row, options, paint, decides(row))),
    "",
    ...findings.flatMap((finding) => wrap(`Finding: ${finding}`, WIDTH)).map((line) =>
      paint("red", line)
    ),
    summary(view, paint),
    "",
  ].join("\n");
}
