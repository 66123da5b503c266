import { quantile } from "../../charts/quantile.ts";
import type { Series } from "../../charts/series.ts";
import type { Measured, OverviewRow } from "./read-overview.ts";

/** What people wait for; the worker and Stripe's deliveries have their own pace. */
const forPeople: ReadonlySet<string> = new Set([
  "create-checkout",
  "customer-portal",
  "sync-billing",
]);

/** The functions, each with its colour; one that is new here shares the last. */
const tones: readonly (readonly [name: string, tone: string])[] = [
  ["stripe-webhook", "c1"],
  ["create-checkout", "c2"],
  ["customer-portal", "c3"],
  ["sync-billing", "c4"],
];

/** When each step of the span begins, also of those in which nothing happened. */
export function stepsOf({ since, now, step_seconds: step }: Measured): Date[] {
  const count = Math.floor((now.getTime() - since.getTime()) / (step * 1000)) + 1;
  return Array.from(
    { length: count },
    (_, index) => new Date(since.getTime() + index * step * 1000),
  );
}

/** Rows by step, those of the worker left out: it is called by the clock, whatever people do. */
function byStep(overview: Measured, keep: (row: OverviewRow) => boolean): OverviewRow[][] {
  const { since, step_seconds: step } = overview;
  const steps: OverviewRow[][] = stepsOf(overview).map(() => []);
  for (const row of overview.series) {
    if (row.function_name === "payments-worker" || !keep(row)) continue;
    steps[Math.round((row.at.getTime() - since.getTime()) / (step * 1000))]?.push(row);
  }
  return steps;
}

function sum(rows: readonly OverviewRow[], of: (row: OverviewRow) => number): number {
  return rows.reduce((total, row) => total + of(row), 0);
}

/** Requests a step, by function. */
export function volumeSeries(overview: Measured): Series[] {
  return tones.map(([name, tone]) => ({
    name,
    tone,
    values: byStep(overview, (row) => row.function_name === name)
      .map((rows) => sum(rows, ({ requests }) => requests)),
  })).filter(({ values }) => values.some((value) => value > 0));
}

/** The share of requests that did not fail by our fault or Stripe's; null where there was none. */
export function successSeries(overview: Measured): Series[] {
  return [{
    name: "Succeeded or refused",
    tone: "good",
    values: byStep(overview, () => true).map(successOf),
  }];
}

function successOf(rows: readonly OverviewRow[]): number | null {
  const requests = sum(rows, (row) => row.requests);
  return requests === 0 ? null : 1 - sum(rows, (row) => row.failed) / requests;
}

const shares = [["p50", 0.5, "c1"], ["p95", 0.95, "c5"], ["p99", 0.99, "c6"]] as const;

/** p50, p95 and p99 of what people wait for, or of the webhook. */
export function latencySeries(overview: Measured, of: "people" | "webhook"): Series[] {
  const steps = byStep(
    overview,
    ({ function_name: name }) => of === "people" ? forPeople.has(name) : name === "stripe-webhook",
  );
  return shares.map(([name, share, tone]) => ({
    name,
    tone,
    values: steps.map((rows) => quantile(share, addBuckets(rows), overview.bounds_ms)),
  }));
}

function addBuckets(rows: readonly OverviewRow[]): number[] {
  const added: number[] = [];
  for (const { buckets } of rows) {
    buckets.forEach((count, index) => added[index] = (added[index] ?? 0) + count);
  }
  return added;
}

/** The worst of each step: how far behind the pipeline was, how many alerts were open. */
export function pipelineSeries(
  overview: Measured,
  of: "backlog_seconds" | "open_alerts",
): Series[] {
  const { since, step_seconds: step } = overview;
  const values: (number | null)[] = stepsOf(overview).map(() => null);
  for (const row of overview.pipeline) {
    const index = Math.round((row.at.getTime() - since.getTime()) / (step * 1000));
    if (index >= 0 && index < values.length) values[index] = row[of];
  }
  return [
    of === "backlog_seconds"
      ? { name: "Oldest unprocessed", tone: "c5", values }
      : { name: "Open alerts", tone: "c6", values },
  ];
}

/** The figures of the whole span. */
export interface Totals {
  readonly requests: number;
  readonly perMinute: number;
  readonly success: number | null;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

export function totalsOf(overview: Measured, of: "all" | "people" | "webhook" = "all"): Totals {
  const rows = byStep(
    overview,
    ({ function_name: name }) =>
      of === "all" || (of === "people" ? forPeople.has(name) : name === "stripe-webhook"),
  ).flat();
  const requests = sum(rows, (row) => row.requests);
  const minutes = Math.max(1, (overview.now.getTime() - overview.since.getTime()) / 60_000);
  const at = (share: number) => quantile(share, addBuckets(rows), overview.bounds_ms);
  return {
    requests,
    perMinute: requests / minutes,
    success: successOf(rows),
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
  };
}
