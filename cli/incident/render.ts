import { renderAge, renderColumns } from "../render-columns.ts";
import type { Entry, Incident, Listed } from "./incident.ts";

/** Open incidents with what is left of their 72 hours. */
export function renderList(incidents: readonly Listed[], now: Date): string {
  if (incidents.length === 0) return "No incident is open.\n";
  return renderColumns(
    ["INCIDENT", "KIND", "SEVERITY", "OPENED", "AUTHORITY", "TITLE"],
    incidents.map((one) => [
      one.id,
      one.kind,
      one.severity,
      one.opened_at.slice(0, 16),
      authorityOf(one, now),
      one.title,
    ]),
  );
}

function authorityOf(one: Listed, now: Date): string {
  if (one.authority_notified_at !== null) return "told";
  if (one.closed_at !== null) return "closed";
  if (!one.clock_runs) return "need not be told";
  const seconds = (Date.parse(one.notify_due_at) - now.getTime()) / 1000;
  return seconds < 0 ? `${renderAge(-seconds)} LATE` : `within ${renderAge(seconds)}`;
}

/** What is known of an incident, and what is still missing, one line each. */
export function renderIncident(incident: Incident, now: Date): string {
  return `${incident.title}\n\n${
    renderColumns(["", ""], linesOf(incident, now)).split("\n").slice(1).join("\n")
  }`;
}

function linesOf(incident: Incident, now: Date): string[][] {
  const { personal_data: concerned } = incident;
  return [
    ["id", incident.id],
    ["kind", `${incident.kind}, ${incident.severity}`],
    ["detected", incident.detected_at],
    ["aware", incident.aware_at],
    ["contained first", incident.first_contained_at ?? "not yet"],
    ["personal data", concerned === null ? "not assessed" : concerned ? "yes" : "no"],
    ["authority", authorityOf(incident, now)],
    ["nature", incident.nature ?? "missing"],
    ["people", `${incident.people_count ?? "?"}: ${incident.people_categories ?? "missing"}`],
    ["records", `${incident.record_count ?? "?"}: ${incident.record_categories ?? "missing"}`],
    ["consequences", incident.likely_consequences ?? "missing"],
    ["measures", incident.measures ?? "missing"],
    ["contact", incident.contact ?? "missing"],
    ["affected", `${incident.notices.affected}, ${incident.notices.delivered} told`],
    ...(incident.told_otherwise === null ? [] : [["told otherwise", incident.told_otherwise]]),
    ["root cause", incident.root_cause ?? "missing"],
    ...incident.follow_ups.map(({ what, owner, due }) => ["follow-up", `${due} ${owner}: ${what}`]),
    ["state", incident.closed_at === null ? "open" : `closed by ${incident.closed_by}`],
  ];
}

/** The timeline as Markdown, with cause and follow-ups where they are known. */
export function renderTimeline(incident: Incident, entries: readonly Entry[]): string {
  const rows = entries.map((entry) =>
    `| ${
      [
        new Date(entry.at).toISOString(),
        entry.source,
        entry.what,
        entry.who ?? "",
        describe(entry),
      ].map(cell).join(" | ")
    } |`
  );
  return [
    `# Incident: ${line(incident.title)}`,
    "",
    `\`${incident.id}\`: ${incident.kind}, ${incident.severity}. Times are UTC.`,
    "",
    "| When | Source | What | Who | Detail |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
    ...(incident.root_cause === null ? [] : ["", "## Root cause", "", line(incident.root_cause)]),
    ...(incident.follow_ups.length === 0 ? [] : ["", "## Follow-ups", ""]),
    ...incident.follow_ups.map(({ what, owner, due }) =>
      `- ${line(what)} (${line(owner)}, by ${due})`
    ),
    "",
  ].join("\n");
}

function describe({ reason, detail }: Entry): string {
  const facts = Object.entries(detail)
    .filter(([name, value]) => name !== "audit_id" && value !== null)
    .map(([name, value]) =>
      `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`
    );
  return [...(reason === null ? [] : [`“${reason}”`]), ...facts].join("; ");
}

/** What people wrote stays text: no line of its own, no column, no link, no HTML. */
function cell(text: string): string {
  return line(text).replaceAll("|", "\\|");
}

function line(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll(/[\\`*_[\]<>]/g, (sign) => `\\${sign}`);
}
