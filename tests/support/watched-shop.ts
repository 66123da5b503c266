// A shop whose minutes and hours a test writes down, so that what comes next can be unusual.
import type postgres from "postgres";
import { drawsFrom } from "../../bench/support/distributions.ts";
import { type Metric, METRICS } from "../../bench/support/incidents.ts";
import { seededRandom } from "../../bench/support/random.ts";

const HOUR = 3_600_000;
const MINUTE = 60_000;
/** What one payment is worth, minor units. */
const TICKET = 2_000;

export interface WatchedShop {
  /** A minute at noon of a usual day; milliseconds for latency, payments for amounts. */
  readonly means: Record<Metric, number>;
  /** How much busier the busiest hour is than the mean, 0 to 1, and which it is (UTC). */
  readonly depth: number;
  readonly peak: number;
  readonly weekend: number;
  /** A week's. */
  readonly growth: number;
}

export const QUIET_SHOP: WatchedShop = {
  means: {
    volume: 60,
    errors: 0.2,
    latency: 120,
    signature_failures: 0.02,
    declines: 1,
    refunds: 0.1,
    "refund_amount:usd": 0.1,
    "amount:usd": 3,
    new_customers: 0.6,
  },
  depth: 0.5,
  peak: 15,
  weekend: 0.7,
  growth: 0.03,
};

/** What is usual for a metric at a moment. */
export function usualAt(shop: WatchedShop, metric: Metric, at: number): number {
  const mean = shop.means[metric];
  if (metric === "latency" || metric === "signature_failures") return mean;
  const hours = at / HOUR;
  const day = 1 + shop.depth * Math.cos(2 * Math.PI * (hours - shop.peak) / 24);
  // people go into a weekend over an evening and a morning, not at midnight
  // the epoch was a Thursday
  const sinceFriday = (hours - 42 + 168) % 168;
  const share = sinceFriday < 48
    ? Math.min(1, sinceFriday / 12)
    : Math.max(0, 1 - (sinceFriday - 48) / 12);
  return mean * day * (1 + (shop.weekend - 1) * share) * (1 + shop.growth) ** (hours / 168 % 52);
}

/** Writes `days` of hours before `until`, with the deviations that chance makes, and expects the next two days. */
export async function recordHours(
  tx: postgres.ISql,
  shop: WatchedShop,
  until: number,
  days = 35,
): Promise<void> {
  const end = Math.floor(until / HOUR) * HOUR;
  for (const metric of METRICS) {
    const hours = Array.from({ length: days * 24 }, (_, index) => end - (index + 1) * HOUR);
    const rates = hours.map((hour) => usualAt(shop, metric, hour + HOUR / 2));
    const unit = metric.includes(":") ? TICKET : 1;
    // half of what is drawn from a normal distribution lies within 0.6745, a quarter beyond 1.15; hours vary
    // twice as much as chance alone makes them, and quarters of a day three times
    const spread = (at: number) => metric === "latency" ? 0.1 * at : at * Math.sqrt(unit);
    await tx`
      insert into payments_private.metric_hours (metric, hour, rate, samples, spread_5, spread_60, spread_360)
      select ${metric}, to_timestamp(h::bigint), r * ${unit}::float8, r, ${spread(0.68)}::float8, ${
      spread(2.3)
    }::float8, ${spread(3.45)}::float8
      from unnest(${listed(hours.map((hour) => hour / 1000))}::text::bigint[], ${
      listed(rates)
    }::text::float8[]) as u (h, r)`;
  }
  await tx`analyze payments_private.metric_hours`;
  await tx`select payments_private.expect_hours(to_timestamp(${
    (end - 12 * HOUR) / 1000
  }), to_timestamp(${(end + 48 * HOUR) / 1000}))`;
}

/** What happens to a metric in a minute, in place of what is usual: things, or milliseconds. */
export type Happening = (metric: Metric, minute: number, usual: number) => number;

/** Writes the minutes from `from` to `to` with the noise of a seed. `happening`: what is not as usual. */
export async function recordMinutes(
  tx: postgres.ISql,
  shop: WatchedShop,
  { from, to, seed = 1, happening = (_metric, _minute, usual) => usual }: {
    from: number;
    to: number;
    seed?: number;
    happening?: Happening;
  },
): Promise<void> {
  const draws = drawsFrom(seededRandom(seed));
  for (const metric of METRICS) {
    const minutes: number[] = [];
    const values: number[] = [];
    const samples: number[] = [];
    for (let minute = from; minute < to; minute += MINUTE) {
      const expected = happening(metric, minute, usualAt(shop, metric, minute + MINUTE / 2));
      const isLevel = metric === "latency";
      const count = isLevel ? 50 : draws.poisson(expected);
      minutes.push(minute / 1000);
      samples.push(count);
      values.push(
        isLevel
          ? expected * Math.exp(0.1 * draws.normal())
          : count * (metric.includes(":") ? TICKET : 1),
      );
    }
    await tx`
      insert into payments_private.metric_minutes (metric, minute, value, samples)
      select ${metric}, to_timestamp(m::bigint), v, s
      from unnest(${listed(minutes)}::text::bigint[], ${listed(values)}::text::float8[], ${
      listed(samples)
    }::text::integer[]) as u (m, v, s)`;
  }
  // what autovacuum does for a table that grows; a plan for the few rows that it had takes for ever
  await tx`analyze payments_private.metric_minutes`;
}

function listed(values: readonly number[]): string {
  return `{${values.join(",")}}`;
}
