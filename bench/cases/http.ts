import { startStack } from "../../dev/stack/start-stack.ts";
import { type BenchCase, round } from "../support/bench-case.ts";
import { deliverAll, percentile } from "../support/deliver.ts";
import { makeEvents } from "../support/events.ts";

const WARM_UP_SUBSCRIBERS = 10;
const SUBSCRIBERS = 60;

/**
 * Events a second through the whole local path: gateway, Deno function (verify, parse, project),
 * Supabase Lite, Postgres with fsync on. All of it and the sender share this machine's cores, so the
 * figure says how much the stack carries, not what hosted Supabase does.
 */
export const httpCase: BenchCase = {
  name: "http",
  what: "events a second end to end through gateway, function, REST and Postgres",
  async run({ random, report }) {
    const stack = await startStack({ durable: true, schedulerIntervalMs: null, stateFile: null });
    try {
      const endpoint = {
        url: `${stack.state.functionsUrl}/stripe-webhook`,
        secret: stack.state.webhookSecret,
      };
      const fresh = (count: number) => makeEvents(random, count, Math.floor(Date.now() / 1000));
      await deliverAll(endpoint, await fresh(WARM_UP_SUBSCRIBERS), 8);
      for (const parallel of [1, 8, 32]) {
        const events = await fresh(SUBSCRIBERS);
        const startedAt = performance.now();
        const latencies = await deliverAll(endpoint, events, parallel);
        const seconds = (performance.now() - startedAt) / 1000;
        report({
          bench: "http",
          parallel,
          events: events.length,
          events_per_second: round(events.length / seconds, 0),
          p50_ms: round(percentile(latencies, 0.5), 1),
          p95_ms: round(percentile(latencies, 0.95), 1),
          body_bytes: round(
            events.reduce((sum, { body }) => sum + body.length, 0) / events.length,
            0,
          ),
        });
      }
    } finally {
      await stack.stop();
    }
  },
};
