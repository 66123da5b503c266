import type { ScratchDatabase } from "../../tests/property/support/scratch-database.ts";
import { type Metric, METRICS } from "./incidents.ts";
import type { Score } from "./judge-alerts.ts";
import type { ShopSeries } from "./shop-series.ts";

/** A Monday. */
const EPOCH = Date.UTC(2026, 0, 5) / 60_000;
const DAY = 1440;

/**
 * Scores a shop's minutes with the functions that the worker runs, a day at a time: hours are summed up,
 * the next day is expected, then it is scored. Scores below `least` are left out.
 */
export async function scoreShop(
  { admin }: ScratchDatabase,
  series: ShopSeries,
  least: number,
): Promise<Score[]> {
  await admin`truncate payments_private.metric_minutes, payments_private.metric_hours, payments_private.metric_baselines`;
  for (const metric of METRICS) {
    await admin`
      insert into payments_private.metric_minutes (metric, minute, value, samples)
      select ${metric}, to_timestamp((${EPOCH}::bigint + n - 1) * 60), v, s
      from unnest(${arrayOf(series.values[metric])}::text::float8[], ${
      arrayOf(series.samples[metric])
    }::text::integer[])
        with ordinality as u (v, s, n)`;
  }
  await admin`analyze payments_private.metric_minutes`;
  const scores: Score[] = [];
  for (let day = 0; day < series.minutes / DAY; day++) {
    const from = (EPOCH + day * DAY) * 60;
    const to = from + DAY * 60;
    if (day * DAY >= series.firstTestMinute) {
      const rows = await admin<{ metric: Metric; minute: string; score: number }[]>`
        select metric, extract(epoch from minute)::bigint / 60 as minute, score
        from payments_private.score_minutes(to_timestamp(${from}), to_timestamp(${to})) where score >= ${least}
        order by minute`;
      scores.push(...rows.map((row) => ({ ...row, minute: Number(row.minute) - EPOCH })));
    }
    await admin`select payments_private.sum_up_hours(to_timestamp(${from}), to_timestamp(${to}))`;
    if (day % 7 === 0) {
      await admin`analyze payments_private.metric_hours, payments_private.metric_baselines`;
    }
  }
  return scores;
}

function arrayOf(values: Float64Array | Int32Array): string {
  return `{${values.join(",")}}`;
}
