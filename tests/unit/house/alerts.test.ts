import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { codesIn, tableBelow } from "./markdown-table.ts";
import { ROOT } from "./root.ts";
import { callsOf, withoutComments } from "./sql-calls.ts";

const FOLDER = join(ROOT, "supabase/migrations");
const sql = withoutComments(
  readdirSync(FOLDER).map((file) => readFileSync(join(FOLDER, file), "utf8")).join("\n"),
);
const page = readFileSync(join(ROOT, "docs/alerts.md"), "utf8");

/** What an expression can be, where a rule is not a literal. A new one must be written down here. */
const EXPRESSIONS: Readonly<Record<string, readonly string[]>> = {
  "case p_error when 'conflict' then 'anchor_conflict' else 'anchor_failed' end": [
    "anchor_conflict",
    "anchor_failed",
  ],
  // trips_velocity: what user_velocity and address_velocity return
  rule: ["unpaid_sessions", "amount_velocity", "users_by_address", "new_customers"],
  "due.rule": ["incident_clock", "incident_overdue"],
  p_rule: [], // passed on: their own calls are looked at
};

/** Where the severity is no literal either. */
const SEVERITIES: Readonly<Record<string, string>> = { incident_clock: "warning" };

const RAISERS = [
  "payments_private.raise_alert",
  "payments_private.raise_audit_alert",
  "payments_private.hold_and_alert",
  "payments_private.hold_address_and_alert",
];

/** Rule → severities it is raised with; "" where the call passes it on. */
function raised(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const name of RAISERS) {
    for (const [first = "", , third = ""] of callsOf(sql, name)) {
      if (/^p_rule text|^text/.test(first)) continue; // the definition, its comment and its grant
      const literal = /^'([a-z_]+)'$/.exec(first)?.[1];
      const rules = literal === undefined ? EXPRESSIONS[first.replaceAll(/\s+/g, " ")] : [literal];
      if (rules === undefined) throw new Error(`A rule that this test cannot read: ${first}`);
      const severity = /^'(info|warning|critical)'$/.exec(third)?.[1] ?? "critical";
      for (const rule of rules) {
        const own = SEVERITIES[rule] ?? severity;
        found.set(rule, (found.get(rule) ?? new Set()).add(own));
      }
    }
  }
  return found;
}

const rows = [...sql.matchAll(
  /\('([a-z_]+)', '(info|warning|critical)', '((?:[^']|'')+)', '(docs\/[^']+)', (?:\d+|null), (?:\d+|null)\)/g,
)].map(([, rule = "", severity = "", title = "", runbook = ""]) => ({
  rule,
  severity,
  title: title.replaceAll("''", "'"),
  runbook,
}));

describe("alert rules", () => {
  it("8.2a every rule that is raised has a row with its severity, and every row is raised", () => {
    const table = Object.fromEntries(rows.map(({ rule, severity }) => [rule, [severity]]));
    const code = Object.fromEntries([...raised()].map(([rule, found]) => [rule, [...found]]));
    expect(code).toEqual(table);
  });

  it("8.2a every rule stands in docs/alerts.md, with a section that its runbook leads to", () => {
    const documented = tableBelow(page, "Rule", "Severity", "Raised at")
      .map(([rule, severity]) => `${codesIn(rule)[0]} ${severity}`);
    expect(documented).toEqual(rows.map(({ rule, severity }) => `${rule} ${severity}`));
    for (const { rule, runbook, title } of rows) {
      expect(runbook).toBe(`docs/alerts.md#${rule}`);
      expect(page).toContain(`### ${rule}\n\n${title}.`);
    }
  });
});
