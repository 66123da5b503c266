import { startStack } from "../../dev/stack/start-stack.ts";
import { type BenchCase, round } from "../support/bench-case.ts";
import { deliverAll } from "../support/deliver.ts";
import { makeEvents } from "../support/events.ts";
import { childRunning, residentKilobytes } from "../support/process-memory.ts";

const BATCH_SUBSCRIBERS = 25;
const WARM_UP_BATCHES = 2;
const BATCHES = 4;

/** Resident memory of the webhook function's process while it takes a thousand events. */
export const memoryCase: BenchCase = {
  name: "memory",
  what: "memory of the webhook function under 1,000 events",
  async run({ random, report }) {
    const stack = await startStack({ schedulerIntervalMs: null, stateFile: null });
    try {
      const endpoint = {
        url: `${stack.state.functionsUrl}/stripe-webhook`,
        secret: stack.state.webhookSecret,
      };
      const pid = await childRunning("stripe-webhook/index.ts");
      const sizes: number[] = [];
      for (let batch = 1 - WARM_UP_BATCHES; batch <= BATCHES; batch++) {
        const now = Math.floor(Date.now() / 1000);
        await deliverAll(endpoint, await makeEvents(random, BATCH_SUBSCRIBERS, now), 8);
        if (batch >= 0) sizes.push(await residentKilobytes(pid));
      }
      const before = sizes[0] ?? Number.NaN;
      const after = sizes.at(-1) ?? Number.NaN;
      report({
        bench: "memory",
        before_mb: round(before / 1024, 1),
        after_mb: round(after / 1024, 1),
        growth: round(after / before),
        every_250_events_mb: sizes.map((size) => round(size / 1024, 1)),
      });
    } finally {
      await stack.stop();
    }
  },
};
