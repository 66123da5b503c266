import { describe, expect, it } from "vitest";
import { quantile } from "../../../../web/src/console/charts/quantile.ts";
import { linePath, lonePoints, ticksOf } from "../../../../web/src/console/charts/scale.ts";
import {
  latencySeries,
  pipelineSeries,
  stepsOf,
  successSeries,
  totalsOf,
  volumeSeries,
} from "../../../../web/src/console/pages/overview/arrange-series.ts";
import type { Measured } from "../../../../web/src/console/pages/overview/read-overview.ts";
import { BUCKETS_MS } from "../../../../supabase/functions/_shared/operations.ts";

const bounds: readonly number[] = BUCKETS_MS;

describe("a quantile of a histogram", () => {
  it("8.2c is linear within its bucket, and null where there was no request", () => {
    const counts = [0, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0]; // ten between 50 and 100 ms
    expect(quantile(0.5, counts, bounds)).toBe(75);
    expect(quantile(0.9, counts, bounds)).toBe(95);
    expect(quantile(1, counts, bounds)).toBe(100);
    expect(quantile(0.5, counts.map(() => 0), bounds)).toBeNull();
    expect(quantile(0.5, [], bounds)).toBeNull();
  });

  it("8.2c of several buckets lies in the one that holds it; what is above all bounds counts as the last", () => {
    expect(quantile(0.25, [4, 4], [10, 20])).toBe(5);
    expect(quantile(0.75, [4, 4], [10, 20])).toBe(15);
    const above = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
    expect(quantile(0.99, above, bounds)).toBe(10_000);
  });
});

describe("scales", () => {
  it("are round and hold the highest value", () => {
    expect(ticksOf(7)).toEqual([0, 2, 4, 6, 8]);
    expect(ticksOf(48)).toEqual([0, 20, 40, 60]);
    expect(ticksOf(0)).toEqual([0, 1]);
    expect(ticksOf(0.004).at(-1)).toBeGreaterThanOrEqual(0.004);
  });

  it("a line breaks where a value is missing, and a lone value is a dot", () => {
    const at = (value: number) => value;
    expect(linePath([1, 2, null, 3], at, at)).toBe("M0.0 1.0L1.0 2.0M3.0 3.0");
    expect(lonePoints([1, 2, null, 3])).toEqual([3]);
  });
});

describe("the overview's series", () => {
  const since = new Date("2026-11-24T10:00:00Z");
  const row = (minute: number, name: string, requests: number, failed = 0, bucket = 4) => ({
    at: new Date(since.getTime() + minute * 60_000),
    function_name: name,
    requests,
    ok: requests - failed,
    failed,
    buckets: [...bounds, 0].map((_, index) => index === bucket ? requests : 0),
  });
  const overview: Measured = {
    since,
    now: new Date("2026-11-24T10:03:30Z"),
    step_seconds: 60,
    bounds_ms: [...bounds],
    pipeline: [{ at: new Date(since.getTime() + 60_000), backlog_seconds: 42, open_alerts: 3 }],
    series: [
      row(0, "create-checkout", 4, 1),
      row(0, "stripe-webhook", 6, 0, 8),
      row(2, "create-checkout", 2),
      row(2, "payments-worker", 30, 30),
    ],
  };

  it("8.2c have a value for every step; the worker, which a clock calls, counts nowhere", () => {
    expect(stepsOf(overview)).toHaveLength(4);
    expect(volumeSeries(overview)).toMatchObject([
      { name: "stripe-webhook", values: [6, 0, 0, 0] },
      { name: "create-checkout", values: [4, 0, 2, 0] },
    ]);
    expect(totalsOf(overview)).toMatchObject({ requests: 12, success: 1 - 1 / 12 });
  });

  it("8.2c the backlog is unknown, not nothing, where the worker did not look", () => {
    expect(pipelineSeries(overview, "backlog_seconds")[0]?.values).toEqual([null, 42, null, null]);
    expect(pipelineSeries(overview, "open_alerts")[0]?.values).toEqual([null, 3, null, null]);
  });

  it("8.2c success is unknown, not whole, where nobody asked", () => {
    expect(successSeries(overview)[0]?.values).toEqual([0.9, null, 1, null]);
  });

  it("8.2c latency of people leaves the webhook out", () => {
    const [p50] = latencySeries(overview, "people");
    expect(p50?.values).toEqual([75, null, 75, null]);
    expect(totalsOf(overview, "webhook").p50).toBe(1750);
  });
});
