// What Stripe tells late belongs to an hour that was summed up before: it is summed up again.
import type postgres from "postgres";
import { afterAll, describe, expect, it } from "vitest";
import { stripeId } from "../../support/payments.ts";
import { adminSql } from "../../support/stack.ts";

const sql = adminSql();
afterAll(() => sql.end());

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOW = Math.floor(Date.now() / HOUR) * HOUR;

class Rolled extends Error {}

/** A shop whose last ten hours were counted and summed up, with nothing in them; it leaves nothing behind. */
async function inShop<T>(act: (tx: postgres.TransactionSql) => Promise<T>): Promise<T> {
  const results: T[] = [];
  await sql.begin(async (tx) => {
    // before any row, as the worker does: else the two wait for each other
    await tx`select pg_advisory_xact_lock(hashtext('payments_private.roll_up_operations'))`;
    for (
      const table of ["metric_minutes", "metric_hours", "metric_baselines", "operation_minutes"]
    ) {
      await tx`delete from ${tx(`payments_private.${table}`)}`;
    }
    await tx`delete from payments.refunds`;
    await tx`insert into payments_private.metric_minutes (metric, minute, value, samples)
      select 'volume', m, 1, 1 from generate_series(${at(-10 * HOUR)}::timestamptz,
        ${at(15 * MINUTE)}::timestamptz, interval '1 minute') as m`;
    await tx`select payments_private.sum_up_hours(${at(-10 * HOUR)}, ${at(0)})`;
    results.push(await act(tx));
    throw new Rolled();
  }).catch((error: unknown) => {
    if (!(error instanceof Rolled)) throw error;
  });
  const [result] = results;
  if (result === undefined) throw new Error("Nothing came of it");
  return result;
}

/** So many milliseconds after the last full hour. */
function at(ms: number): string {
  return new Date(NOW + ms).toISOString();
}

/** Stripe tells of a refund that was made then. */
async function refunded(tx: postgres.TransactionSql, ms: number): Promise<void> {
  await tx`insert into payments.refunds (id, amount, currency, created_at)
    values (${stripeId("re")}, 600, 'usd', ${at(ms)})`;
}

/** The worker's looks from one minute to another, as often as it looks. */
async function watch(tx: postgres.TransactionSql, from: number, to: number): Promise<void> {
  for (let ms = from; ms <= to; ms += MINUTE) {
    await tx`select payments_private.watch_anomalies(${at(ms + 20_000)}::timestamptz)`;
  }
}

/** Refunds of an hour, as they stand in what next weeks are compared with. */
async function summed(tx: postgres.TransactionSql, hour: number, metric = "refunds") {
  const [row] = await tx`select rate * 60 as total from payments_private.metric_hours
    where metric = ${metric} and hour = ${at(hour)}`;
  return row === undefined ? null : Math.round(row["total"]);
}

describe("money that comes late", () => {
  it("8.2b is in the hour that was summed up before, as soon as the next one is", async () => {
    const totals = await inShop(async (tx) => {
      const before = await summed(tx, -3 * HOUR);
      await refunded(tx, -3 * HOUR + 10 * MINUTE);
      await watch(tx, 16 * MINUTE, 77 * MINUTE);
      return [
        before,
        await summed(tx, -3 * HOUR),
        await summed(tx, -3 * HOUR, "refund_amount:usd"),
      ];
    });
    expect(totals).toEqual([0, 1, 600]);
  }, 120_000);

  it("8.2b is in it until the last of the six hours in which its minute is counted", async () => {
    const totals = await inShop(async (tx) => {
      await watch(tx, 16 * MINUTE, 16 * MINUTE);
      // its minute is counted for the last time a moment later
      await refunded(tx, -6 * HOUR + 22 * MINUTE);
      await watch(tx, 17 * MINUTE, 77 * MINUTE);
      return [
        await summed(tx, -6 * HOUR),
        (await tx`select from payments_private.metric_minutes where metric = 'refunds'`).length,
      ];
    });
    expect(totals).toEqual([1, 1]);
  }, 120_000);

  it("8.2b changes no hour whose minutes are gone", async () => {
    const totals = await inShop(async (tx) => {
      await refunded(tx, -3 * HOUR + 10 * MINUTE);
      await tx`delete from payments_private.metric_minutes where minute < ${at(-2 * HOUR)}`;
      await watch(tx, 16 * MINUTE, 16 * MINUTE);
      return [await summed(tx, -3 * HOUR), await summed(tx, -2 * HOUR)];
    });
    expect(totals).toEqual([0, 0]);
  }, 120_000);
});
