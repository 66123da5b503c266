import { expect, test } from "vitest";
import { allTasks, drain } from "../../../supabase/functions/payments-worker/task.ts";

/** A queue that is claimed in batches, and a clock that a handled item moves. */
function queueOf(count: number, { itemMs = 0, failing = [] as number[] } = {}) {
  const waiting = Array.from({ length: count }, (_, n) => n);
  let clock = 0;
  let atOnce = 0;
  const seen = { claims: 0, mostAtOnce: 0, handled: [] as number[] };
  return {
    seen,
    run: (budgetMs: number) =>
      drain({
        claim: () => {
          seen.claims++;
          return Promise.resolve(waiting.splice(0, 4));
        },
        handle: async (item) => {
          seen.mostAtOnce = Math.max(seen.mostAtOnce, ++atOnce);
          await Promise.resolve();
          atOnce--;
          clock += itemMs;
          seen.handled.push(item);
          return !failing.includes(item);
        },
        now: () => clock,
        batch: 4,
        parallel: 3,
        budgetMs,
      }),
  };
}

test("I9 works a queue off batch by batch and stops at the first that is not full", async () => {
  const { run, seen } = queueOf(10);
  expect(await run(1000)).toMatchObject({ done: 10, failed: 0 });
  expect(seen.claims).toBe(3);
  expect(seen.handled.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("counts what failed and goes on", async () => {
  const { run } = queueOf(6, { failing: [0, 5] });
  expect(await run(1000)).toMatchObject({ done: 4, failed: 2 });
});

test("claims nothing more once its time is up, and finishes what it claimed", async () => {
  const { run, seen } = queueOf(100, { itemMs: 100 });
  expect(await run(500)).toEqual({ done: 8, failed: 0, ms: 800 });
  expect(seen.claims).toBe(2);
});

test("works on no more at once than it may", async () => {
  const { run, seen } = queueOf(8);
  await run(1000);
  expect(seen.mostAtOnce).toBe(3);
});

test("adds up several tasks under one name", async () => {
  const task = (done: number) => () => Promise.resolve({ done, failed: 1, ms: 2 });
  const run = { requestId: "r", log: () => {}, forced: false };
  expect(await allTasks(task(3), task(4))(run)).toEqual({ done: 7, failed: 2, ms: 4 });
});
