import { HANDLED_EVENTS } from "../../../supabase/functions/_shared/handled-events.ts";
import { STRIPE_API_VERSION } from "../../../supabase/functions/_shared/stripe-client.ts";
import type { FaultBench } from "./fault-bench.ts";
import { pause } from "./settle.ts";

const FAULTS = {
  api: [
    { path: "/v1/products", kind: "429", probability: 0.1, method: "GET" },
    { kind: "500", probability: 0.05, method: "GET" },
    { kind: "garbage", probability: 0.03, method: "GET" },
    { kind: "content_type", probability: 0.03, method: "GET" },
    { kind: "timeout", probability: 0.02, times: 1, method: "GET" },
  ],
  delivery: { duplicate: 0.3, reorder: 0.5, delay_ms: 10, drop: 0.1 },
};

/** What a storm did, for those who want to see. */
export interface StormReport {
  postgresRestarts: number;
  functionKills: number;
  secretRotations: number;
}

/**
 * Load and everything at once: deliveries shuffled, doubled and dropped, Stripe's API failing, the host
 * down, Stripe's clock ten minutes off, the secret rolled, Postgres and the functions killed.
 */
export async function storm(bench: FaultBench, { rounds, clockSkewSeconds }: {
  rounds: number;
  clockSkewSeconds: number;
}): Promise<StormReport> {
  const { stack, sink } = bench;
  const report: StormReport = { postgresRestarts: 0, functionKills: 0, secretRotations: 0 };
  await bench.twin("clock", { now: Math.floor(Date.now() / 1000) + clockSkewSeconds });
  await bench.twin("faults", FAULTS);
  let over = false;
  const workers = [1, 2].map(async () => {
    while (!over) {
      await Promise.race([bench.work(), pause(2_000)]);
      await pause(100);
    }
  });
  for (let round = 0; round < rounds; round++) {
    sink.setDown(round % 2 === 0);
    const load = bench.makeThingsHappen(6);
    await pause(100);
    await stack.functions.kill(round % 2 === 0 ? "stripe-webhook" : "payments-worker");
    report.functionKills++;
    await stack.postgres.restart(round % 2 === 0 ? "immediate" : "kill");
    report.postgresRestarts++;
    rotate(bench, round);
    report.secretRotations++;
    await load;
    await bench.makeThingsHappen(4);
    await pause(300);
  }
  over = true;
  await Promise.all(workers);
  return report;
}

/** Old, then both, then the new one alone, and back. */
function rotate({ stack, secondSecret }: FaultBench, round: number): void {
  const first = stack.state.webhookSecret;
  const secrets = [
    { secret: secondSecret, previousSecret: first },
    { secret: secondSecret },
    { secret: first, previousSecret: secondSecret },
    { secret: first },
  ];
  stack.twin.setEndpoints([{
    url: `${stack.state.functionsUrl}/stripe-webhook`,
    enabledEvents: Object.keys(HANDLED_EVENTS),
    apiVersion: STRIPE_API_VERSION,
    ...secrets[round % secrets.length] ?? { secret: first },
  }]);
}
