import postgres from "postgres";
import Stripe from "stripe";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Stack, startStack } from "../../../dev/stack/start-stack.ts";
import type { Figures } from "../../../dev/traffic/read-figures.ts";
import { readStartOptions } from "../../../dev/traffic/read-options.ts";
import { runTraffic } from "../../../dev/traffic/run-traffic.ts";
import { type Day, makeChoices } from "../../../dev/traffic/storyline.ts";
import { differences } from "../../support/truth.ts";

const SHORT_DAY: Day = {
  morningShoppers: 2,
  renewals: 2,
  refunds: 1,
  stolenCards: 30,
  shoppersInOutage: 1,
  eveningShoppers: 1,
};

describe("a busy day of the demo shop", () => {
  let stack: Stack;
  let sql: postgres.Sql;
  let figures: Figures;
  const lines: string[] = [];

  beforeAll(async () => {
    // a stack of its own: what other tests leave behind is no part of the day
    stack = await startStack({ stateFile: null, schedulerIntervalMs: 500 });
    sql = postgres(stack.state.dbUrl, { max: 2, ssl: false, onnotice: () => {} });
    figures = await runTraffic(stack.state, {
      seed: 5,
      day: SHORT_DAY,
      pauseMs: 0,
      mostMs: 110_000,
      say: (line) => lines.push(line),
      signal: new AbortController().signal,
    });
  }, 120_000);
  afterAll(async () => {
    await sql?.end();
    await stack?.stop();
  });

  it("7.2a has its card-testing attack stopped: one hold, one alert, no checkout left open", async () => {
    const holds =
      await sql`select user_id, reason from payments_private.user_holds where released_at is null`;
    expect(holds).toHaveLength(1);
    expect(holds[0]?.["reason"]).toBe("card_testing");
    const alerts =
      await sql`select subject, severity from payments_private.alerts where rule = 'card_testing'`;
    expect([...alerts]).toEqual([{ subject: holds[0]?.["user_id"], severity: "critical" }]);
    // declines are told by webhook: a card or two may be tried before the last one has arrived
    const tried = Number(/after (\d+) cards/.exec(lines.join("\n"))?.[1]);
    const [limit] = await sql`select declines_per_hour as n from payments_private.settings`;
    expect(tried).toBeGreaterThanOrEqual(Number(limit?.["n"]));
    expect(tried).toBeLessThan(SHORT_DAY.stolenCards);
  });

  it("I7: has its outage healed: nothing waits, and every table is as Stripe has it", async () => {
    expect(lines.find((line) => line.startsWith("16:30"))).toContain("1 have paid, 0 have");
    expect(figures.waiting).toBe(0);
    const url = new URL(stack.state.stripeUrl);
    const stripe = new Stripe(stack.state.stripeSecretKey, {
      host: url.hostname,
      port: Number(url.port),
      protocol: "http",
      telemetry: false,
    });
    expect(await differences(sql, stripe, [])).toEqual([]);
  });

  it("prints what the database holds", async () => {
    const [row] = await sql`
      select (select count(*)::int from payments.customers where user_id is not null) as customers,
        (select count(*)::int from payments.payments where status = 'succeeded') as payments,
        (select count(*)::int from payments.refunds) as refunds,
        (select count(*)::int from payments_private.declines) as declines,
        (select count(*)::int from payments_private.processed_events) as events`;
    expect(lines.at(-1)).toBe(
      `24:00  ${
        row?.["customers"]
      } customers, ${figures.active_subscriptions} active subscriptions, ` +
        `${row?.["payments"]} payments, ${row?.["declines"]} declined, ${
          row?.["refunds"]
        } refunds, ` +
        `1 on hold, ${figures.open_alerts} open alerts, ${row?.["events"]} events, 0 waiting.`,
    );
    // two in the morning, one in the outage, one in the evening, and the thief
    expect(row).toMatchObject({ customers: 5, refunds: 1 });
  });

  it("ends when it is told to, in the middle of a pause", async () => {
    const stopping = new AbortController();
    const running = runTraffic(stack.state, {
      seed: 1,
      day: SHORT_DAY,
      pauseMs: 600_000,
      mostMs: 600_000,
      say: () => {},
      signal: stopping.signal,
    });
    stopping.abort(new Error("stopped"));
    await expect(running).rejects.toThrow("stopped");
  });
});

describe("what people choose", () => {
  it("is the same for the same seed", () => {
    const day = (seed: number) => {
      const choices = makeChoices(seed);
      return [choices.shopping(), choices.some([1, 2, 3, 4, 5], 3), choices.pause()];
    };
    expect(day(7)).toEqual(day(7));
    expect(day(7)).not.toEqual(day(8));
  });
});

describe("npm start", () => {
  it.each([
    [[], { traffic: false, seed: 1 }],
    [["--traffic"], { traffic: true, seed: 1 }],
    [["--traffic", "--seed", "7"], { traffic: true, seed: 7 }],
  ])("reads %j", (args, options) => {
    expect(readStartOptions(args)).toEqual(options);
  });

  it.each([[["--trafic"]], [["--seed", "7"]], [["--traffic", "--seed", "x"]], [["more"]]])(
    "refuses %j",
    (args) => {
      expect(() => readStartOptions(args)).toThrow();
    },
  );
});
