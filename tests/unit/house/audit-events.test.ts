import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  AUDIT_EVENTS,
  ENDINGS,
  renderAuditEvents,
} from "../../../supabase/functions/_shared/audit/event-catalogue.ts";
import { ERRORS } from "../../../supabase/functions/_shared/errors.ts";
import { listProjectFiles } from "../../../cli/list-project-files.ts";
import { ROOT } from "./root.ts";
import { callsOf, withoutComments } from "./sql-calls.ts";

/** What an expression can be, where an action is not a literal. A new one must be written down here. */
const EXPRESSIONS: Readonly<Record<string, readonly string[]>> = {
  "'event.' || outcome": ["applied", "queued", "ignored", "retry", "quarantined"].map(eventOf),
  "'event.' || p_event.status": ["applied", "queued", "ignored", "retry", "dead"].map(eventOf),
  "'notice.' || p_notice.state": ["notice.delivered", "notice.dead"],
  "'outbox.' || p_state": ["outbox.delivered", "outbox.dead"],
  "'alert.' || p_state": ["alert.delivered", "alert.dead"],
  "'enforcement.' || p_outcome": ["done", "not_needed", "not_confirmed"].map((outcome) =>
    `enforcement.${outcome}`
  ),
  "p_operation || '.refused'": ["checkout.refused", "portal.refused", "sync.refused"],
  "case when p_refund_id is null then 'refund.refused' else 'refund.made' end": [
    "refund.refused",
    "refund.made",
  ],
  "'evidence.' || p_action": ["export_begun", "exported", "accessed", "handed_over", "verified"]
    .map((action) => `evidence.${action}`),
  p_action: [], // staff_done: its own calls are looked at
};

function eventOf(status: string): string {
  return `event.${status}`;
}

interface Written {
  actions: readonly string[];
  outcome: string;
  detail: string;
}

async function sources(): Promise<string> {
  const folder = join(ROOT, "supabase/migrations");
  const files = await readdir(folder);
  const sql = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  return withoutComments(sql.join("\n"));
}

function actionsOf(expression: string): readonly string[] {
  const literal = /^'([a-z_.]+)'$/.exec(expression)?.[1];
  const actions = literal === undefined
    ? EXPRESSIONS[expression.replaceAll(/\s+/g, " ")]
    : [literal];
  if (actions === undefined) throw new Error(`An action that this test cannot read: ${expression}`);
  return actions;
}

async function written(): Promise<Written[]> {
  const sql = await sources();
  const appended = callsOf(sql, "audit.append").filter(([first]) => first?.startsWith("'"))
    .map(([, , action = "", outcome = "", ...rest]) => ({
      actions: actionsOf(action),
      outcome,
      detail: detailOf(rest, 6),
    }));
  const byStaff = callsOf(sql, "payments_private.staff_done")
    .filter(([, action]) => action?.startsWith("'"))
    .map(([, action = "", , , , detail = ""]) => ({
      actions: actionsOf(action),
      outcome: "'success'",
      detail,
    }));
  // the same for audit_owner, without the actor in front
  const aboutTheLog = callsOf(sql, "payments_private.audit_read")
    .filter(([action]) => action?.startsWith("'"))
    .map(([action = "", , , detail = ""]) => ({
      actions: actionsOf(action),
      outcome: "'success'",
      detail,
    }));
  return [...appended, ...byStaff, ...aboutTheLog];
}

function detailOf(rest: readonly string[], position: number): string {
  return rest.find((argument) => argument.startsWith("p_detail =>")) ??
    (rest.some((argument) => argument.includes("=>")) ? "" : rest[position - 1] ?? "");
}

describe("the event catalogue", () => {
  it("8.1a has every action that is written, and nothing that is not", async () => {
    const actions = (await written()).flatMap(({ actions }) => actions);
    expect(actions.length).toBeGreaterThan(30);
    expect([...new Set(actions)].toSorted())
      .toEqual(AUDIT_EVENTS.map(({ action }) => action).toSorted());
  });

  it("8.1a has every key of detail that is written", async () => {
    for (const { actions, detail } of await written()) {
      const keys = callsOf(detail, "jsonb_build_object")
        .flatMap((args) => args.filter((_, index) => index % 2 === 0))
        .map((key) => key.replaceAll("'", ""));
      for (const action of actions) {
        const known = AUDIT_EVENTS.find((event) => event.action === action)?.detail ?? [];
        expect(keys.filter((key) => !known.includes(key)), action).toEqual([]);
      }
    }
  });

  it("8.1a has every outcome that is written", async () => {
    for (const { actions, outcome } of await written()) {
      const outcomes = [...outcome.matchAll(/'(success|refused|failure)'/g)].map(([, one]) => one);
      for (const action of actions) {
        const known = AUDIT_EVENTS.find((event) => event.action === action)?.outcomes ?? [];
        const fits = outcomes.filter((one) => known.some((name) => name === one));
        expect(fits.length, `${action} ${outcome}`).toBeGreaterThan(0);
      }
    }
  });

  it("8.1a nobody but SQL writes to the log, and SQL only through audit.append", async () => {
    const sql = await sources();
    const inserts = [...sql.matchAll(/insert into audit\.audit_logs\b/g)];
    expect(inserts).toHaveLength(1);
    const files = (await listProjectFiles(ROOT)).filter((file) =>
      /^(?:supabase|cli|dev)\/.*\.ts$/.test(file)
    );
    expect(files.length).toBeGreaterThan(100);
    for (const file of files) {
      const text = await readFile(join(ROOT, file), "utf8");
      expect(text, file).not.toMatch(/insert into audit\.|select audit\.append\(/i);
    }
  });

  it("8.1a every way to end badly maps to a line of the log or to an entry", () => {
    expect(Object.keys(ENDINGS).toSorted()).toEqual(Object.keys(ERRORS).toSorted());
    const known = new Set(AUDIT_EVENTS.map(({ action }) => action));
    const named = Object.values(ENDINGS).flatMap((ending) => ending === "log" ? [] : [...ending]);
    expect(named.filter((action) => !known.has(action))).toEqual([]);
  });

  it("8.1a docs/audit-events.md is what the catalogue says", async () => {
    expect(await readFile(join(ROOT, "docs/audit-events.md"), "utf8")).toBe(renderAuditEvents());
  });
});
