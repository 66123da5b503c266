import { startStack } from "../../dev/stack/start-stack.ts";
import { type BenchCase, round } from "../support/bench-case.ts";
import { deliverAll } from "../support/deliver.ts";
import { EVENTS_EACH, makeEvents } from "../support/events.ts";
import { childRunning, residentKilobytes } from "../support/process-memory.ts";

const BATCH_SUBSCRIBERS = 25;
const WARM_UP_BATCHES = 2;
const BATCHES = 8;
const BATCHES_IN_THOUSAND = 4;

/** Without a limit the runtime lets its heap grow for a long time before it collects. */
const HEAP_LIMIT_MB = 32;

/**
 * Resident memory of the webhook function's process, thousand by thousand events. Its heap is limited, so
 * that what is kept for ever shows: as growth, and in the end as a dead process.
 */
export const memoryCase: BenchCase = {
  name: "memory",
  what: "memory of the webhook function, thousand by thousand events",
  async run({ random, report }) {
    const stack = await startStack({
      schedulerIntervalMs: null,
      stateFile: null,
      functionsEnv: { DENO_V8_FLAGS: `--max-old-space-size=${HEAP_LIMIT_MB}` },
    });
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
      if (await childRunning("stripe-webhook/index.ts") !== pid) {
        throw new Error("the function died");
      }
      const at = (index: number) => sizes.at(index) ?? Number.NaN;
      report({
        bench: "memory",
        events: BATCHES * BATCH_SUBSCRIBERS * EVENTS_EACH,
        heap_limit_mb: HEAP_LIMIT_MB,
        start_mb: round(at(0) / 1024, 1),
        end_mb: round(at(-1) / 1024, 1),
        growth_first_thousand: round(at(BATCHES_IN_THOUSAND) / at(0)),
        growth_last_thousand: round(at(-1) / at(-1 - BATCHES_IN_THOUSAND)),
        every_250_events_mb: sizes.map((size) => round(size / 1024, 1)),
      });
    } finally {
      await stack.stop();
    }
  },
};
