import { type Draws, drawsFrom } from "./distributions.ts";
import { drawIncident, type Incident, KINDS, type Metric, METRICS } from "./incidents.ts";
import { seededRandom } from "./random.ts";

const DAY = 1440;
const WEEK = 7 * DAY;

/** What is usual for one metric of the shop, and how it varies. */
interface Nature {
  /** Things a minute, or milliseconds, over a usual week. */
  readonly mean: number;
  /** Relative standard deviation from minute to minute beyond chance: counts are overdispersed. */
  readonly minuteSpread: number;
  /** Relative standard deviation of a whole day, and of a slow wander within it. */
  readonly daySpread: number;
  readonly wander: number;
  /** How much of the shop's rhythm it follows, 0 to 1. */
  readonly rhythm: number;
}

export interface ShopSeries {
  readonly values: Record<Metric, Float64Array>;
  readonly samples: Record<Metric, Int32Array>;
  /** What was expected before noise and incidents: the generator's own knowledge. */
  readonly usual: Record<Metric, Float64Array>;
  readonly natures: Record<Metric, Nature>;
  /** Labels, in order. */
  readonly incidents: readonly Incident[];
  readonly minutes: number;
  readonly firstTestMinute: number;
  readonly volume: number;
}

export interface ShopPlan {
  readonly historyDays: number;
  readonly testDays: number;
  /** Incidents of each kind in the days that are tested. */
  readonly incidentsOfEach: number;
}

/** A shop's weeks: seasons of day and week, growth, noise, deploys, gaps, and labelled incidents. */
export function generateShop(seed: number, plan: ShopPlan): ShopSeries {
  const draws = drawsFrom(seededRandom(seed));
  const minutes = (plan.historyDays + plan.testDays) * DAY;
  const firstTestMinute = plan.historyDays * DAY;
  const volume = Math.exp(draws.uniform(Math.log(20), Math.log(200)));
  const natures = drawNatures(volume, draws);
  const rhythm = drawRhythm(minutes, draws);
  const incidents = [
    // what is compared with was not all quiet either
    ...spread(0, firstTestMinute, Math.floor(plan.historyDays / 4), volume, draws),
    ...spread(firstTestMinute, minutes, plan.incidentsOfEach * KINDS.length, volume, draws),
  ];
  const blips = drawBlips(minutes, draws);
  const series = { values: {}, samples: {}, usual: {} } as Pick<
    ShopSeries,
    "values" | "samples" | "usual"
  >;
  for (const metric of METRICS) {
    const made = generateMetric(metric, natures[metric], {
      minutes,
      rhythm,
      incidents,
      blips,
      volume,
    }, draws);
    series.values[metric] = made.values;
    series.samples[metric] = made.samples;
    series.usual[metric] = made.usual;
  }
  return { ...series, natures, incidents, minutes, firstTestMinute, volume };
}

function drawNatures(volume: number, draws: Draws): Record<Metric, Nature> {
  const nature = (mean: number, more: Partial<Nature> = {}): Nature => ({
    mean,
    minuteSpread: draws.uniform(0.1, 0.25),
    daySpread: draws.uniform(0.03, 0.08),
    wander: draws.uniform(0.03, 0.08),
    rhythm: 1,
    ...more,
  });
  const payments = volume * draws.uniform(0.03, 0.08);
  const refunds = volume * draws.uniform(0.0005, 0.002);
  return {
    volume: nature(volume),
    errors: nature(volume * draws.uniform(0.002, 0.006), { minuteSpread: 0.4, rhythm: 0.8 }),
    latency: nature(draws.uniform(60, 250), { minuteSpread: 0.12, rhythm: 0.15, daySpread: 0.04 }),
    signature_failures: nature(draws.uniform(0.005, 0.05), { minuteSpread: 0.5, rhythm: 0 }),
    declines: nature(volume * draws.uniform(0.01, 0.03), { minuteSpread: 0.3 }),
    refunds: nature(refunds, { minuteSpread: 0.4 }),
    "refund_amount:usd": nature(refunds, { minuteSpread: 0.4 }),
    "amount:usd": nature(payments),
    new_customers: nature(volume * draws.uniform(0.005, 0.02)),
  };
}

/** The shape of the week, mean about 1, with growth from week to week. */
function drawRhythm(minutes: number, draws: Draws): Float64Array {
  const peak = draws.uniform(12, 20) * 60;
  const depth = draws.uniform(0.35, 0.7);
  const second = draws.uniform(0, 0.2);
  const weekend = draws.uniform(0.5, 0.95);
  const growth = draws.uniform(-0.02, 0.06);
  const rhythm = new Float64Array(minutes);
  for (let minute = 0; minute < minutes; minute++) {
    const angle = 2 * Math.PI * ((minute % DAY) - peak) / DAY;
    const day = 1 + depth * Math.cos(angle) + second * depth * Math.cos(2 * angle);
    const week = Math.floor((minute % WEEK) / DAY) >= 5 ? weekend : 1;
    rhythm[minute] = Math.max(0.05, day * week * (1 + growth) ** (minute / WEEK));
  }
  return rhythm;
}

/** Incidents of every kind in turn, each somewhere in the first half of its own stretch of time. */
function spread(from: number, to: number, count: number, volume: number, draws: Draws): Incident[] {
  const stretch = (to - from) / count;
  const kinds = Array.from(
    { length: count },
    (_, index) => KINDS[index % KINDS.length] ?? KINDS[0],
  );
  for (let index = kinds.length - 1; index > 0; index--) {
    const other = Math.floor(draws.uniform(0, index + 1));
    [kinds[index], kinds[other]] = [kinds[other] ?? KINDS[0], kinds[index] ?? KINDS[0]];
  }
  return kinds.map((kind, index) =>
    drawIncident(kind, from + (index + draws.uniform(0, 0.5)) * stretch, volume, draws)
  );
}

/** A deploy: for a minute or two, requests wait, some fail, then those that waited come at once. */
interface Blip {
  readonly minutes: number;
  readonly errors: number;
  readonly latency: number;
  readonly volume: number;
}

function drawBlips(minutes: number, draws: Draws): Map<number, Blip> {
  const blips = new Map<number, Blip>();
  for (let day = 0; day < minutes / DAY; day++) {
    // one that goes wrong again within minutes is no blip
    const count = draws.poisson(2);
    for (let n = 0; n < count; n++) {
      blips.set(Math.floor((day + (n + draws.uniform(0.1, 0.9)) / count) * DAY), {
        minutes: draws.chance(0.5) ? 1 : 2,
        errors: draws.uniform(0.05, 0.4),
        latency: draws.uniform(1.5, 4),
        volume: draws.uniform(0.3, 0.8),
      });
    }
  }
  return blips;
}

interface Surroundings {
  readonly minutes: number;
  readonly rhythm: Float64Array;
  readonly incidents: readonly Incident[];
  readonly blips: Map<number, Blip>;
  readonly volume: number;
}

function generateMetric(metric: Metric, nature: Nature, around: Surroundings, draws: Draws) {
  const values = new Float64Array(around.minutes);
  const samples = new Int32Array(around.minutes);
  const usual = new Float64Array(around.minutes);
  const effects = effectsOf(metric, around);
  let dayFactor = 1;
  let wander = 0;
  for (let minute = 0; minute < around.minutes; minute++) {
    if (minute % DAY === 0) dayFactor = Math.exp(nature.daySpread * draws.normal());
    // remembers about an hour: a minute resembles the one before it
    wander = wander * 0.985 + nature.wander * Math.sqrt(1 - 0.985 ** 2) * draws.normal();
    const mean = nature.mean * (1 - nature.rhythm + nature.rhythm * (around.rhythm[minute] ?? 1));
    const { times, plus } = effects(minute);
    const noise = dayFactor * Math.exp(wander);
    usual[minute] = mean;
    if (metric === "latency") {
      values[minute] = mean * times * noise * Math.exp(nature.minuteSpread * draws.normal());
      samples[minute] = draws.poisson(around.volume * (around.rhythm[minute] ?? 1));
      continue;
    }
    const count = draws.poisson((mean * times * noise + plus) * draws.gamma(nature.minuteSpread));
    samples[minute] = count;
    values[minute] = metric.includes(":") ? tickets(count, draws) : count;
  }
  return { values, samples, usual };
}

/** What so many payments come to, in minor units: a few are worth many times the usual. */
function tickets(count: number, draws: Draws): number {
  let sum = 0;
  for (let n = 0; n < count; n++) sum += Math.round(2_000 * Math.exp(0.8 * draws.normal()));
  return sum;
}

/** What incidents and deploys do to a metric in a minute. */
function effectsOf(metric: Metric, { incidents, blips, volume, rhythm }: Surroundings) {
  const touching = incidents.filter(({ effects }) => effects[metric] !== undefined);
  return (minute: number): { times: number; plus: number } => {
    let times = 1;
    let plus = 0;
    for (const incident of touching) {
      if (incident.end <= minute || incident.start >= minute + 1) continue;
      // the first and the last minute are hit in part
      const share = Math.min(incident.end, minute + 1) - Math.max(incident.start, minute);
      const progress = (minute + 0.5 - incident.start) / (incident.end - incident.start);
      const effect =
        incident.effects[metric]?.(Math.min(1, Math.max(0, progress)), rhythm[minute] ?? 1) ?? {};
      times *= 1 + ((effect.times ?? 1) - 1) * share;
      plus += (effect.plus ?? 0) * share;
    }
    for (const ago of [0, 1, 2]) {
      const blip = blips.get(minute - ago);
      if (blip === undefined || ago > blip.minutes) continue;
      const isOver = ago === blip.minutes;
      if (metric === "errors" && !isOver) plus += blip.errors * volume * (rhythm[minute] ?? 1);
      if (metric === "latency" && !isOver) times *= blip.latency;
      if (metric === "volume") times *= isOver ? 2 - blip.volume : blip.volume;
    }
    return { times, plus };
  };
}
