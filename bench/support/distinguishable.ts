import { type Incident, type Metric, METRICS } from "./incidents.ts";
import type { ShopSeries } from "./shop-series.ts";

const WINDOWS = [5, 15, 30, 60, 120, 240, 360];
/** Five: about one false alarm a year, looking every minute. Two more: then 98 of 100 have passed it. */
const DEVIATIONS = 7;
/** What the median of four earlier weeks adds to the variance that does not average out. */
const BASELINE_ERROR = 1 + Math.PI / 2 / 4;

/**
 * From when on something that grows could be told from chance by one who knows what only the generator
 * knows: the true rate, the true noise, and the best of seven windows. Null: never.
 *
 * Nothing here depends on what was drawn or on what the detector says.
 */
export function distinguishableFrom(series: ShopSeries, incident: Incident): number | null {
  const times = METRICS.flatMap((metric) => {
    const minute = incident.effects[metric] === undefined
      ? null
      : firstMinute(series, incident, metric);
    return minute === null ? [] : [minute];
  });
  return times.length === 0 ? null : Math.min(...times);
}

function firstMinute(series: ShopSeries, incident: Incident, metric: Metric): number | null {
  for (let minute = Math.ceil(incident.start); minute < incident.end; minute++) {
    for (const window of WINDOWS) {
      if (deviations(series, incident, metric, minute, window) >= DEVIATIONS) return minute;
    }
  }
  return null;
}

function deviations(
  series: ShopSeries,
  incident: Incident,
  metric: Metric,
  end: number,
  window: number,
) {
  const nature = series.natures[metric];
  let usual = 0;
  let changed = 0;
  let squares = 0;
  for (let minute = end - window; minute < end; minute++) {
    const rate = series.usual[metric][minute] ?? 0;
    const progress = (minute + 0.5 - incident.start) / (incident.end - incident.start);
    const effect = progress < 0 ? {} : incident.effects[metric]?.(progress, 1) ?? {};
    usual += rate;
    changed += rate * (effect.times ?? 1) + (effect.plus ?? 0);
    squares += rate ** 2;
  }
  const chance = metric === "latency" ? 0 : 1 / usual;
  const fast = nature.minuteSpread ** 2 * squares / usual ** 2;
  const slow = (nature.daySpread ** 2 + nature.wander ** 2) * BASELINE_ERROR;
  return Math.log(changed / usual) / Math.sqrt(chance + fast + slow);
}
