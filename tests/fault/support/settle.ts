import { brokenInvariants, untilDrained } from "../../support/invariants.ts";
import type { FaultBench } from "./fault-bench.ts";

const IDLE_WITHIN_MS = 2_500;

/** Ends all faults, lets time pass for leases and pauses, finds what was lost; then nothing may be broken. */
export async function settle(bench: FaultBench): Promise<string[]> {
  const { stack, admin, sink } = bench;
  sink.setDown(false);
  await bench.twin("faults", {});
  await bench.twin("clock", { now: Math.floor(Date.now() / 1000) });
  await Promise.race([stack.twin.idle(), pause(IDLE_WITHIN_MS)]);
  await untilDrained(admin, async () => {
    await passTime(bench);
    await until(() => bench.work(["reconcile"]), 10_000);
    for (const task of ["retry", "refresh", "notify", "seal"]) await bench.work([task]);
  }, 20_000);
  return await brokenInvariants({
    admin,
    stripe: bench.stripe,
    stripeUrl: stack.state.stripeUrl,
    outputs: ["stripe-webhook", "payments-worker"].flatMap((name) => stack.functions.logs(name)),
    secrets: [
      ...Object.values(stack.secretKeys),
      stack.state.stripeSecretKey,
      stack.state.webhookSecret,
      bench.secondSecret,
      sink.secret,
      stack.state.auditSigningKey,
    ],
    auditPublicKeys: stack.state.auditPublicKeys,
    taken: sink.taken,
  }).then((broken) => [...broken, ...sink.faults.map((fault) => `the host refused: ${fault}`)]);
}

/** An hour passes for whatever is leased or paused. */
export async function passTime({ admin }: FaultBench): Promise<void> {
  await admin.unsafe(`
    update payments_private.refresh_marks set leased_until = null, next_attempt_at = now();
    update payments_private.processed_events set leased_until = null, next_attempt_at = now() where status = 'retry';
    update payments.outbox set leased_until = null, next_attempt_at = now() where state = 'pending';
    update payments_private.reconcile_runs set leased_until = null;
    update audit.sealer set leased_until = null;
  `);
}

/** Repeats until it is so. @throws when it is not in time */
export async function until(ask: () => Promise<boolean>, timeoutMs: number): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!await ask()) {
    if (Date.now() > end) throw new Error(`It did not come about within ${timeoutMs} ms`);
    await pause(50);
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
