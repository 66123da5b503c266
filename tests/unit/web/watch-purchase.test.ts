import { expect, test } from "vitest";
import { failed, networkFailure, type Outcome, succeeded } from "../../../web/src/api/failure.ts";
import type { PurchaseRows } from "../../../web/src/checkout/judge-purchase.ts";
import { type PurchaseState, watchPurchase } from "../../../web/src/checkout/watch-purchase.ts";

const nothing: PurchaseRows = {
  session: undefined,
  subscriptionStatus: undefined,
  paymentStatus: undefined,
};

function rows(status: string, rest: Partial<PurchaseRows> = {}, mode = "subscription") {
  return succeeded({ ...nothing, session: { mode, status, paymentStatus: "paid" }, ...rest });
}

/** Watches against a clock of its own; the last answer repeats for ever. */
async function watch(
  answers: Outcome<PurchaseRows>[],
  sync: () => Promise<unknown> = () => new Promise(() => {}),
) {
  const states: PurchaseState[] = [];
  const delays: number[] = [];
  let time = 0;
  let reads = 0;
  await watchPurchase({
    read: () => Promise.resolve(answers[Math.min(reads++, answers.length - 1)] ?? rows("open")),
    sync,
    onState: (state) => states.push(state),
    sleep: (milliseconds) => {
      delays.push(milliseconds);
      time += milliseconds;
      return Promise.resolve();
    },
    now: () => time,
    signal: new AbortController().signal,
  });
  return { states, delays, reads, last: states.at(-1) };
}

test("says active only once the subscription's own row says so", async () => {
  const { states } = await watch([
    succeeded(nothing),
    rows("complete"),
    rows("complete", { subscriptionStatus: "incomplete" }),
    rows("complete", { subscriptionStatus: "active" }),
  ]);
  expect(states).toEqual([
    { stage: "confirming" },
    { stage: "confirming" },
    { stage: "confirming" },
    { stage: "settled", verdict: "active" },
  ]);
});

test("says paid for a one-time purchase once the payment succeeded", async () => {
  const { states } = await watch([
    rows("complete", {}, "payment"),
    rows("complete", { paymentStatus: "succeeded" }, "payment"),
  ]);
  expect(states.at(-1)).toEqual({ stage: "settled", verdict: "paid" });
});

test("says that nothing was paid when the checkout expired or the payment failed", async () => {
  expect((await watch([rows("expired")])).last).toEqual({ stage: "settled", verdict: "expired" });
  expect((await watch([rows("complete", { subscriptionStatus: "incomplete_expired" })])).last)
    .toEqual({ stage: "settled", verdict: "failed" });
});

test("asks less and less often, says that it takes long, and stops by itself", async () => {
  const { delays, reads, states, last } = await watch([rows("open")]);
  expect(delays.slice(0, 4)).toEqual([400, 600, 900, 1350]);
  expect(Math.max(...delays)).toBe(5_000);
  expect(reads).toBeLessThan(60);
  expect(states).toContainEqual({ stage: "slow", verdict: "open", watching: true });
  expect(last).toEqual({ stage: "slow", verdict: "open", watching: false });
});

test("goes on through a failure in between", async () => {
  const { states } = await watch([
    failed(networkFailure),
    rows("complete", { subscriptionStatus: "active" }),
  ]);
  expect(states.map((state) => state.stage)).toEqual(["unreachable", "settled"]);
});

test("stops when the page is left", async () => {
  const controller = new AbortController();
  const states: PurchaseState[] = [];
  await watchPurchase({
    read: () => {
      controller.abort();
      return Promise.resolve(rows("open"));
    },
    sync: () => Promise.resolve(),
    onState: (state) => states.push(state),
    sleep: () => Promise.resolve(),
    now: () => 0,
    signal: controller.signal,
  });
  expect(states).toEqual([]);
});

test("looks as soon as Stripe was asked, without waiting for its turn", async () => {
  const states: PurchaseState[] = [];
  const asked = Promise.withResolvers<void>();
  let known: Outcome<PurchaseRows> = succeeded(nothing);
  const watching = watchPurchase({
    read: () => Promise.resolve(known),
    sync: () => asked.promise,
    onState: (state) => states.push(state),
    sleep: () => new Promise(() => {}), // its turn never comes
    now: () => 0,
    signal: new AbortController().signal,
  });
  await Promise.resolve();
  known = rows("complete", { subscriptionStatus: "active" });
  asked.resolve();
  await watching;
  expect(states.at(-1)).toEqual({ stage: "settled", verdict: "active" });
});

test("goes on looking by itself when Stripe could not be asked", async () => {
  const { states, reads } = await watch(
    [rows("open"), rows("open"), rows("open"), rows("complete", { subscriptionStatus: "active" })],
    () => Promise.reject(new Error("offline")),
  );
  expect(reads).toBe(4);
  expect(states.at(-1)).toEqual({ stage: "settled", verdict: "active" });
});
