import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { renderMetrics } from "../../../supabase/functions/payments-worker/render-metrics.ts";
import { parseOpenMetrics } from "../../support/open-metrics.ts";
import { codesIn, tableBelow } from "./markdown-table.ts";
import { ROOT } from "./root.ts";

const buckets = [1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3];
const METRICS = {
  operations: [
    { function_name: "stripe-webhook", code: "ok", requests: 6, total_ms: 1500, buckets },
    {
      function_name: "stripe-webhook",
      code: "invalid_signature",
      requests: 6,
      total_ms: 1,
      buckets,
    },
  ],
  backlog_seconds: 3,
  marks: 1,
  events: { retry: 2 },
  outbox: {},
  refusals: { staff: 30 },
  alerts: [{ rule: "dispute", severity: "critical", open: 1 }],
};
const text = renderMetrics(METRICS);
const families = parseOpenMetrics(text);
const samples = families.flatMap((family) => family.samples);

function read(file: string): string {
  return readFileSync(join(ROOT, "docs/monitoring", file), "utf8");
}

/** `payments_…` names with the labels that are selected or grouped by. */
function namesIn(expression: string): string[] {
  return expression.match(/\bpayments_[a-z_]+/g) ?? [];
}

describe("the metrics page", () => {
  it("8.2c is OpenMetrics: families, units, suffixes, cumulative buckets, # EOF", () => {
    expect(families.map(({ name, type }) => `${name} ${type}`)).toEqual([
      "payments_requests counter",
      "payments_request_duration_seconds histogram",
      "payments_oldest_unprocessed_age_seconds gauge",
      "payments_refresh_marks gauge",
      "payments_unfinished_events gauge",
      "payments_outbox_messages gauge",
      "payments_refused_calls gauge",
      "payments_open_alerts gauge",
    ]);
    const bucketsOf = samples.filter(({ name }) => name.endsWith("_bucket"));
    expect(bucketsOf.map(({ value }) => value)).toEqual([2, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 12]);
    expect(bucketsOf.at(-1)?.labels).toEqual({ function: "stripe-webhook", le: "+Inf" });
    expect(samples.find(({ name }) => name.endsWith("_sum"))?.value).toBe(1.501);
  });

  it("8.2c is OpenMetrics before anything has happened", () => {
    const empty = {
      ...METRICS,
      operations: [],
      events: {},
      alerts: [],
      backlog_seconds: 0,
      marks: 0,
    };
    expect(() => parseOpenMetrics(renderMetrics(empty))).not.toThrow();
  });

  it("8.2c the parser of this test refuses what is wrong", () => {
    const wrong: [string, string][] = [
      ["# EOF\n", ""],
      ["payments_requests_total{", "payments_requests{"],
      ['le="0.01"} 6', 'le="0.01"} 1'],
      [
        "# UNIT payments_request_duration_seconds seconds",
        "# UNIT payments_request_duration_seconds ms",
      ],
      ['code="ok"', 'code="o"k"'],
      ['code="invalid_signature"', 'code="ok"'],
    ];
    for (const [find, replace] of wrong) {
      expect(text).toContain(find);
      expect(() => parseOpenMetrics(text.replace(find, replace)), find).toThrow();
    }
  });

  it.each(["dashboard.json", "alerts.yml"])("8.2c %s names metrics that exist", (file) => {
    const names = new Set(samples.map(({ name }) => name));
    const used = namesIn(read(file));
    expect(used.length).toBeGreaterThan(5);
    expect(used.filter((name) => !names.has(name))).toEqual([]);
  });

  it("8.2c docs/monitoring/README.md names every metric with its type and labels", () => {
    const documented = tableBelow(read("README.md"), "Metric", "Type", "Labels", "Is").map((
      [name, type, labels],
    ) => `${codesIn(name)[0]} ${type} ${codesIn(labels ?? "").join(",")}`);
    expect(documented).toEqual(families.map(({ name, type, samples: of }) => {
      const labels = Object.keys(of[0]?.labels ?? {}).filter((label) => label !== "le");
      return `${type === "counter" ? `${name}_total` : name} ${type} ${labels.join(",")}`;
    }));
  });

  it("8.2c the dashboard is one that Grafana takes: unique panels, each with a query", () => {
    const { panels } = JSON.parse(read("dashboard.json"));
    expect(new Set(panels.map(({ id }: { id: number }) => id)).size).toBe(panels.length);
    for (const { type, targets } of panels) {
      expect(type).toBe("timeseries");
      expect(targets.length).toBeGreaterThan(0);
    }
  });
});
