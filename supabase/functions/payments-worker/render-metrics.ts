import { BUCKETS_MS } from "../_shared/operations.ts";
import type { Metrics } from "./store.ts";

export const OPENMETRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels = Readonly<Record<string, string>>;

/**
 * Metrics as OpenMetrics text. Labels are function names, codes, rules and statuses: closed lists, so the
 * number of series is bounded.
 *
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
export function renderMetrics(metrics: Metrics): string {
  return [
    family("payments_requests", "counter", "Requests by function and outcome code.", [
      ...metrics.operations.map((row) =>
        sample("payments_requests_total", labelsOf(row), row.requests)
      ),
    ]),
    family(
      "payments_request_duration_seconds",
      "histogram",
      "Latency of requests, as the function measured it.",
      byFunction(metrics).flatMap(histogram),
      "seconds",
    ),
    gauge("payments_oldest_unprocessed_age_seconds", "Age of the oldest thing to do.", [
      sample("payments_oldest_unprocessed_age_seconds", {}, metrics.backlog_seconds),
    ], "seconds"),
    gauge("payments_refresh_marks", "Objects that are to be fetched from Stripe.", [
      sample("payments_refresh_marks", {}, metrics.marks),
    ]),
    gauge(
      "payments_unfinished_events",
      "Stripe events that are not applied, by status.",
      byName("payments_unfinished_events", "status", ["queued", "retry", "dead"], metrics.events),
    ),
    gauge(
      "payments_outbox_messages",
      "Domain events that are not delivered, by state.",
      byName("payments_outbox_messages", "state", ["pending", "dead"], metrics.outbox),
    ),
    gauge(
      "payments_refused_calls",
      "Calls of the last 10 to 20 minutes that a limit or a staff permission refused.",
      byName(
        "payments_refused_calls",
        "bucket",
        ["user", "address", "stripe", "staff"],
        metrics.refusals,
      ),
    ),
    gauge(
      "payments_open_alerts",
      "Open alerts by rule and severity.",
      metrics.alerts.map(({ rule, severity, open }) =>
        sample("payments_open_alerts", { rule, severity }, open)
      ),
    ),
    "# EOF\n",
  ].join("");
}

function family(
  name: string,
  type: string,
  help: string,
  samples: readonly string[],
  unit?: string,
): string {
  const unitLine = unit === undefined ? "" : `# UNIT ${name} ${unit}\n`;
  return `# TYPE ${name} ${type}\n${unitLine}# HELP ${name} ${help}\n${samples.join("")}`;
}

function gauge(name: string, help: string, samples: readonly string[], unit?: string): string {
  return family(name, "gauge", help, samples, unit);
}

function sample(name: string, labels: Labels, value: number): string {
  const inside = Object.entries(labels).map(([key, text]) => `${key}="${escapeLabel(text)}"`);
  return `${name}${inside.length === 0 ? "" : `{${inside.join(",")}}`} ${value}\n`;
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function labelsOf({ function_name, code }: Metrics["operations"][number]): Labels {
  return { function: function_name, code };
}

function byName(
  name: string,
  label: string,
  all: readonly string[],
  counts: Readonly<Record<string, number>>,
): string[] {
  return all.map((one) => sample(name, { [label]: one }, counts[one] ?? 0));
}

interface Latencies {
  name: string;
  requests: number;
  totalMs: number;
  buckets: number[];
}

/** The codes of a function together: latency by code would be a series for each bucket and code. */
function byFunction({ operations }: Metrics): Latencies[] {
  const found = new Map<string, Latencies>();
  for (const { function_name: name, requests, total_ms, buckets } of operations) {
    const sum = found.get(name) ?? { name, requests: 0, totalMs: 0, buckets: [] };
    found.set(name, {
      name,
      requests: sum.requests + requests,
      totalMs: sum.totalMs + total_ms,
      buckets: buckets.map((count, index) => count + (sum.buckets[index] ?? 0)),
    });
  }
  return [...found.values()];
}

function histogram({ name, requests, totalMs, buckets }: Latencies): string[] {
  const metric = "payments_request_duration_seconds";
  let upTo = 0;
  const bounds = [...BUCKETS_MS.map((ms) => openMetricsNumber(ms / 1000)), "+Inf"];
  return [
    ...bounds.map((le, index) => {
      upTo += buckets[index] ?? 0;
      return sample(`${metric}_bucket`, { function: name, le }, upTo);
    }),
    sample(`${metric}_count`, { function: name }, requests),
    sample(`${metric}_sum`, { function: name }, totalMs / 1000),
  ];
}

/** A bucket's bound is written as a float, 1.0 rather than 1, so that every producer names it alike. */
function openMetricsNumber(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
