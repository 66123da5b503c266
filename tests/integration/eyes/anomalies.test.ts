import fc from "fast-check";
import type postgres from "postgres";
import { afterAll, describe, expect, it } from "vitest";
import type { Metric } from "../../../bench/support/incidents.ts";
import { runTasks } from "../../support/pipeline.ts";
import { adminSql, signUp } from "../../support/stack.ts";
import {
  type Happening,
  QUIET_SHOP,
  recordHours,
  recordMinutes,
  type WatchedShop,
} from "../../support/watched-shop.ts";

const sql = adminSql();
afterAll(() => sql.end());

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** A Wednesday morning. */
const MORNING = Date.UTC(2026, 5, 10, 10);
const THRESHOLD = 5;

/** Before any row, as the worker does: else the two wait for each other. */
async function takeTurn(tx: postgres.ISql): Promise<void> {
  await tx`select pg_advisory_xact_lock(hashtext('payments_private.roll_up_operations'))`;
}

async function forget(tx: postgres.ISql): Promise<void> {
  await tx`delete from payments_private.metric_minutes`;
  await tx`delete from payments_private.metric_hours`;
  await tx`delete from payments_private.metric_baselines`;
  await tx`delete from payments_private.alerts where rule = 'anomaly'`;
}

class Rolled extends Error {}

/** Runs in a transaction that knows no other shop and leaves nothing behind. */
async function inShop<T>(act: (tx: postgres.ISql) => Promise<T>): Promise<T> {
  const results: T[] = [];
  await sql.begin(async (tx) => {
    await takeTurn(tx);
    await forget(tx);
    results.push(await act(tx));
    throw new Rolled();
  }).catch((error: unknown) => {
    if (!(error instanceof Rolled)) throw error;
  });
  const [result] = results;
  if (result === undefined) throw new Error("Nothing came of it");
  return result;
}

interface Unusual {
  metric: Metric;
  /** After the beginning of what was asked for. */
  minutes: number;
}

/** The first minute of each metric in which its score reaches the threshold. */
async function unusual(tx: postgres.ISql, from: number, to: number): Promise<Unusual[]> {
  const rows = await tx<{ metric: Metric; minute: Date }[]>`
    select metric, min(minute) as minute
    from payments_private.score_minutes(to_timestamp(${from / 1000}), to_timestamp(${to / 1000}))
    where score >= ${THRESHOLD} group by metric order by 2, 1`;
  return rows.map(({ metric, minute }) => ({
    metric,
    minutes: (minute.getTime() - from) / MINUTE,
  }));
}

const metricsOf = (found: readonly Unusual[]) => found.map(({ metric }) => metric).toSorted();

/** What is unusual in the half hour after ten o'clock of a shop to which this happens then. */
function morning(
  happening: Happening,
  shop: WatchedShop = QUIET_SHOP,
  days = 35,
): Promise<Unusual[]> {
  return inShop(async (tx) => {
    await recordHours(tx, shop, MORNING, days);
    await recordMinutes(tx, shop, { from: MORNING - 6 * HOUR, to: MORNING + HOUR / 2, happening });
    return await unusual(tx, MORNING, MORNING + HOUR / 2);
  });
}

/** From ten o'clock on: things a minute on top, or times as many. */
function from10(changes: Partial<Record<Metric, { plus?: number; times?: number }>>): Happening {
  return (metric, minute, usual) => {
    const { plus = 0, times = 1 } = minute < MORNING ? {} : changes[metric] ?? {};
    return usual * times + plus;
  };
}

describe("what is unusual", () => {
  it.each<[string, Parameters<typeof from10>[0]]>([
    ["card testing", { declines: { plus: 20 }, new_customers: { plus: 5 } }],
    ["refund fraud", { refunds: { plus: 5 }, "refund_amount:usd": { plus: 5 } }],
    ["a leaked credential", { signature_failures: { plus: 10 }, "amount:usd": { times: 5 } }],
    ["an outage that fails requests", { errors: { plus: 30 }, latency: { times: 4 } }],
    ["an outage in which nothing arrives", { volume: { times: 0.02 } }],
  ])(
    "8.2b %s is noticed within five minutes, in the metrics that it touches alone",
    async (_name, changes) => {
      const found = await morning(from10(changes));
      expect(metricsOf(found)).toEqual(Object.keys(changes).toSorted());
      // the minute that tells it is over half a minute later
      for (const { metric, minutes } of found) expect(minutes, metric).toBeLessThanOrEqual(3);
    },
  );

  it("8.2b a slow drift is noticed though no five minutes of it stand out", async () => {
    const start = MORNING - 5 * HOUR;
    const small = { ...QUIET_SHOP, growth: 0 };
    const happening: Happening = (metric, minute, usual) =>
      metric === "declines" && minute >= start
        ? usual * (1 + 1.1 * (minute - start) / (5 * HOUR))
        : usual;
    const found = await inShop(async (tx) => {
      await recordHours(tx, small, MORNING);
      // hours of this metric vary little more than chance makes them
      await tx`update payments_private.metric_baselines set scale_60 = 1.2 where metric = 'declines'`;
      await recordMinutes(tx, small, {
        from: MORNING - 6 * HOUR,
        to: MORNING + HOUR / 2,
        happening,
      });
      return await unusual(tx, MORNING, MORNING + HOUR / 2);
    });
    expect(metricsOf(found)).toEqual(["declines"]);
  });

  it("8.2b a deploy of two minutes is nothing unusual", async () => {
    const found = await morning((metric, minute, usual) => {
      if (minute < MORNING || minute >= MORNING + 2 * MINUTE) return usual;
      return { errors: 40, latency: 600, volume: usual / 2 }[metric as string] ?? usual;
    });
    expect(found).toEqual([]);
  });

  it("8.2b few things are nothing unusual, however rare they are", async () => {
    const found = await inShop(async (tx) => {
      await recordHours(tx, QUIET_SHOP, MORNING);
      await recordMinutes(tx, QUIET_SHOP, { from: MORNING - 6 * HOUR, to: MORNING + HOUR / 2 });
      // six where one in an hour is usual, and eight are the least
      await tx`update payments_private.metric_minutes set value = 2, samples = 2
        where metric = 'signature_failures' and minute >= to_timestamp(${MORNING / 1000})
          and minute < to_timestamp(${(MORNING + 3 * MINUTE) / 1000})`;
      return await unusual(tx, MORNING, MORNING + HOUR / 2);
    });
    expect(found).toEqual([]);
  });

  it("8.2b a quiet week has nothing unusual", async () => {
    const found = await inShop(async (tx) => {
      const week = 7 * 24 * HOUR;
      await recordHours(tx, QUIET_SHOP, MORNING + week, 42);
      await tx`select payments_private.expect_hours(to_timestamp(${
        (MORNING - 12 * HOUR) / 1000
      }), to_timestamp(${(MORNING + week) / 1000}))`;
      await recordMinutes(tx, QUIET_SHOP, { from: MORNING, to: MORNING + week });
      return await unusual(tx, MORNING, MORNING + week);
    });
    expect(found).toEqual([]);
  });

  it("8.2b seasons and growth are nothing unusual, whatever they are", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          depth: fc.double({ min: 0, max: 0.8, noNaN: true }),
          peak: fc.integer({ min: 0, max: 23 }),
          weekend: fc.double({ min: 0.6, max: 1.2, noNaN: true }),
          growth: fc.double({ min: -0.05, max: 0.08, noNaN: true }),
        }),
        fc.integer({ min: 0, max: 6 }),
        async (season, day) => {
          const from = MORNING + day * 24 * HOUR;
          const found = await inShop(async (tx) => {
            const shop = { ...QUIET_SHOP, ...season };
            await recordHours(tx, shop, from);
            await recordMinutes(tx, shop, { from: from - 6 * HOUR, to: from + 6 * HOUR });
            return await unusual(tx, from, from + 6 * HOUR);
          });
          expect(found).toEqual([]);
        },
      ),
      { numRuns: 4, seed: 82 },
    );
  });

  it("8.2b nothing is said before the warm-up is over", async () => {
    const attack = from10({ declines: { plus: 20 } });
    expect(await morning(attack, QUIET_SHOP, 27)).toEqual([]);
    expect(metricsOf(await morning(attack, QUIET_SHOP, 29))).toEqual(["declines"]);
  });

  it("8.2b an hour that nobody counted is neither unusual nor what is usual next week", async () => {
    const gap = [MORNING - 2 * HOUR, MORNING - HOUR].map((at) => at / 1000);
    const after = await inShop(async (tx) => {
      await recordHours(tx, QUIET_SHOP, MORNING - 6 * HOUR);
      await recordMinutes(tx, QUIET_SHOP, { from: MORNING - 12 * HOUR, to: MORNING + 2 * HOUR });
      await tx`delete from payments_private.metric_minutes
        where minute >= to_timestamp(${gap[0] ?? 0}) and minute < to_timestamp(${gap[1] ?? 0})`;
      await tx`select payments_private.sum_up_hours(to_timestamp(${
        (MORNING - 6 * HOUR) / 1000
      }), to_timestamp(${MORNING / 1000}))`;
      const hours =
        await tx`select distinct extract(hour from hour at time zone 'UTC')::integer as hour
        from payments_private.metric_hours where hour >= to_timestamp(${
          (MORNING - 6 * HOUR) / 1000
        }) order by 1`;
      return {
        found: await unusual(tx, MORNING - 3 * HOUR, MORNING + 2 * HOUR),
        hours: hours.map(({ hour }) => hour),
      };
    });
    expect(after).toEqual({ found: [], hours: [4, 5, 6, 7, 9] });
  });

  it("8.2b an attack of last week is not what is usual this week", async () => {
    const rates = await inShop(async (tx) => {
      await recordHours(tx, QUIET_SHOP, MORNING);
      const ask = () =>
        tx`select rate from payments_private.metric_baselines
          where metric = 'declines' and hour = to_timestamp(${MORNING / 1000})`;
      const [before] = await ask();
      await tx`update payments_private.metric_hours set rate = rate * 20
        where metric = 'declines' and hour between to_timestamp(${
        MORNING / 1000
      }) - interval '169 hours'
          and to_timestamp(${MORNING / 1000}) - interval '167 hours'`;
      await tx`delete from payments_private.metric_baselines`;
      await tx`select payments_private.expect_hours(to_timestamp(${MORNING / 1000}), to_timestamp(${
        (MORNING + HOUR) / 1000
      }))`;
      const [after] = await ask();
      return { before: Number(before?.["rate"]), after: Number(after?.["rate"]) };
    });
    expect(rates.after / rates.before).toBeGreaterThan(0.8);
    expect(rates.after / rates.before).toBeLessThan(1.25);
  });
});

/** The last whole minute, as watch_anomalies sees it. */
function thisMinute(): number {
  return Math.floor((Date.now() - 15_000) / MINUTE) * MINUTE;
}

/** Requests as functions flush them, from so many minutes ago until so many minutes from now. */
async function requests(
  tx: postgres.ISql,
  minute: number,
  code: string,
  count: number,
  [from, to]: readonly [number, number],
): Promise<void> {
  for (let at = minute + from * MINUTE; at < minute + to * MINUTE; at += MINUTE) {
    await tx`
      insert into payments_private.operation_minutes as m (minute, function_name, code, requests, total_ms, buckets)
      values (to_timestamp(${at / 1000}), 'create-checkout', ${code}, ${count}, ${
      count * 80
    }, array[0,0,0,0,${count}::bigint,0,0,0,0,0,0,0])
      on conflict (minute, function_name, code) do update set requests = excluded.requests, buckets = excluded.buckets`;
  }
}

/** Five weeks in which nothing varied, and the last hours: 60 requests a minute, no errors. */
async function evenWeeks(tx: postgres.ISql, minute: number): Promise<void> {
  const even = { ...QUIET_SHOP, depth: 0, weekend: 1, growth: 0 };
  await recordHours(tx, even, minute);
  await recordMinutes(tx, even, { from: minute - 7 * HOUR, to: minute - 20 * MINUTE });
  await tx`delete from payments_private.operation_minutes where function_name = 'create-checkout'`;
  await requests(tx, minute, "ok", 60, [-20, 30]);
}

async function openAnomalies(tx: postgres.ISql) {
  return [
    ...await tx`
      select a.subject, a.severity, a.resolved_at is null as open,
        (select count(*)::integer from payments_private.alert_deliveries as d where d.alert_id = a.id) as told
      from payments_private.alerts as a where a.rule = 'anomaly' order by a.subject, a.first_seen_at`,
  ];
}

function watch(tx: postgres.ISql, minute: number, minutesOn: number) {
  return tx`select payments_private.watch_anomalies(to_timestamp(${
    (minute + minutesOn * MINUTE + 20_000) / 1000
  }))`;
}

describe("the alert", () => {
  it("8.2b is raised once for what goes on, stays while it fades, and is closed after a quiet quarter of an hour", async () => {
    const minute = thisMinute();
    const told = await inShop(async (tx) => {
      await evenWeeks(tx, minute);
      await watch(tx, minute, 0);
      const quiet = await openAnomalies(tx);
      await requests(tx, minute, "ok", 30, [0, 6]);
      await requests(tx, minute, "unavailable", 30, [0, 6]);
      for (const on of [1, 2, 3, 4, 5, 6]) await watch(tx, minute, on);
      const during = await openAnomalies(tx);
      await tx`update payments_private.alerts set last_seen_at = last_seen_at - interval '30 minutes' where rule = 'anomaly'`;
      // what the long windows still have in them would keep it open for hours
      await tx`delete from payments_private.metric_minutes where metric = 'errors'`;
      await tx`delete from payments_private.operation_minutes where code = 'unavailable'`;
      await requests(tx, minute, "ok", 60, [0, 6]);
      await watch(tx, minute, 10);
      return { quiet, during, after: await openAnomalies(tx) };
    });
    expect(told).toEqual({
      quiet: [],
      during: [{ subject: "errors", severity: "warning", open: true, told: 1 }],
      after: [{ subject: "errors", severity: "warning", open: false, told: 1 }],
    });
  });

  it("8.2b a rule that is switched off says nothing, and one with a higher threshold less", async () => {
    const minute = thisMinute();
    const raised = await inShop(async (tx) => {
      await evenWeeks(tx, minute);
      await requests(tx, minute, "unavailable", 30, [-6, 0]);
      await tx`update payments_private.alert_rules set enabled = false where rule = 'anomaly'`;
      await watch(tx, minute, -1);
      const off = await openAnomalies(tx);
      await tx`update payments_private.alert_rules set enabled = true, threshold = 1000 where rule = 'anomaly'`;
      await watch(tx, minute, 0);
      return [...off, ...await openAnomalies(tx)];
    });
    expect(raised).toEqual([]);
  });

  it("8.2b money and people are counted in the minute that they came in, once however late", async () => {
    const { user } = await signUp();
    const minute = thisMinute();
    const then = (minute - 3 * MINUTE) / 1000;
    const rows = await inShop(async (tx) => {
      await tx`delete from payments.refunds`;
      const at = tx`to_timestamp(${then}) + interval '10 seconds'`;
      await tx`insert into payments_private.declines (event_id, user_id, payment_id, occurred_at)
        values ('evt_counted', ${user.id}, 'pi_counted', ${at})`;
      const refund = (id: string) =>
        tx`insert into payments.refunds (id, amount, currency, created_at) values (${id}, 700, 'usd', ${at})`;
      await refund("re_counted");
      await watch(tx, minute, 0);
      await refund("re_late");
      await watch(tx, minute, 1);
      return [
        ...await tx`select metric, value::integer, samples from payments_private.metric_minutes
          where minute = to_timestamp(${then}) and metric in ('declines', 'refunds', 'refund_amount:usd') order by 1`,
      ];
    });
    expect(rows).toEqual([
      { metric: "declines", value: 1, samples: 1 },
      { metric: "refund_amount:usd", value: 1400, samples: 2 },
      { metric: "refunds", value: 2, samples: 2 },
    ]);
  });

  it("8.2b a statistic that fails takes no hard threshold with it, and people hear of it", async () => {
    const told = await inShop(async (tx) => {
      await tx.unsafe(
        `create or replace function payments_private.watch_anomalies(p_now timestamptz default now())
        returns void language plpgsql as $$ begin perform 1 / 0; end $$`,
      );
      await tx`delete from payments_private.alerts where rule = 'signature_failures'`;
      await tx`insert into payments_private.operation_minutes
          (minute, function_name, code, requests, total_ms, buckets)
        values (date_trunc('minute', now()), 'stripe-webhook', 'invalid_signature', 5000, 0, array[5000,0,0,0,0,0,0,0,0,0,0,0])
        on conflict (minute, function_name, code) do update set requests = excluded.requests`;
      await tx`select payments.detect()`;
      return [
        ...await tx`select rule, subject, detail ->> 'error' as error from payments_private.alerts
          where rule in ('anomaly', 'signature_failures') and resolved_at is null order by rule`,
      ];
    });
    expect(told).toEqual([
      { rule: "anomaly", subject: "the detector", error: "22012" },
      { rule: "signature_failures", subject: "stripe-webhook", error: null },
    ]);
  });

  it("8.2b what Stripe tells hours late is counted within five minutes, where the long windows see it", async () => {
    const fifth = Math.floor(Date.now() / (5 * MINUTE)) * 5 * MINUTE;
    const counts = await inShop(async (tx) => {
      await tx`delete from payments.refunds`;
      await watch(tx, fifth, -2);
      await tx`insert into payments.refunds (id, amount, currency, created_at)
        values ('re_hours_late', 700, 'usd', to_timestamp(${(fifth - 5 * HOUR) / 1000}))`;
      const counted: number[] = [];
      for (const on of [-1, 0]) {
        await watch(tx, fifth, on);
        const rows = await tx`select from payments_private.metric_minutes where metric = 'refunds'`;
        counted.push(rows.length);
      }
      return counted;
    });
    expect(counts).toEqual([0, 1]);
  });

  it("8.2b a stranger's junk does not hide that the customers are gone", async () => {
    const minute = thisMinute();
    const volume = await inShop(async (tx) => {
      await tx`delete from payments_private.operation_minutes where function_name = 'create-checkout'`;
      await requests(tx, minute, "ok", 7, [-3, -2]);
      for (const code of ["invalid_signature", "unauthorized", "not_found", "rate_limited"]) {
        await requests(tx, minute, code, 500, [-3, -1]);
      }
      await requests(tx, minute, "forbidden", 2, [-3, -2]);
      const [from, to] = [minute - 3 * MINUTE, minute - MINUTE].map((at) => at / 1000);
      await tx`update payments_private.operation_minutes set requests = 0 where function_name <> 'create-checkout'`;
      await tx`select payments_private.count_minutes(
        to_timestamp(${from ?? 0}), to_timestamp(${from ?? 0}), to_timestamp(${to ?? 0}))`;
      return [
        ...await tx`select value::integer from payments_private.metric_minutes where metric = 'volume' order by minute`,
      ];
    });
    expect(volume).toEqual([{ value: 9 }, { value: 0 }]);
  });

  it("8.2b the worker raises it for a burst that its own roll-up counted, exactly once", async () => {
    const minute = thisMinute();
    const clean = async (tx: postgres.ISql) => {
      await takeTurn(tx);
      await forget(tx);
      await tx`delete from payments_private.operation_minutes where function_name = 'create-checkout'`;
    };
    try {
      await sql.begin(async (tx) => {
        await clean(tx);
        await evenWeeks(tx, minute);
        await requests(tx, minute, "unavailable", 30, [-6, 0]);
      });
      await runTasks(["detect"]);
      await runTasks(["detect"]);
      const alerts = await openAnomalies(sql);
      expect(alerts.filter(({ subject }) => subject === "errors"))
        .toEqual([{ subject: "errors", severity: "warning", open: true, told: 1 }]);
    } finally {
      await sql.begin(clean);
    }
  });
});
