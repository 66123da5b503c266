import { signatureHeader } from "../../tests/support/sign-event.ts";
import type { BenchEvent } from "./events.ts";

/** Where deliveries go, and what signs them. */
export interface Endpoint {
  readonly url: string;
  readonly secret: string;
}

/**
 * Posts every event, `parallel` at a time, each signed.
 * @returns milliseconds of each delivery
 * @throws when one is answered with anything but 200
 */
export async function deliverAll(
  { url, secret }: Endpoint,
  events: readonly BenchEvent[],
  parallel: number,
): Promise<number[]> {
  const latencies: number[] = [];
  let next = 0;
  const postOne = async ({ body }: BenchEvent) => {
    const signature = await signatureHeader(body, secret, Math.floor(Date.now() / 1000));
    const startedAt = performance.now();
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", "stripe-signature": signature },
      body,
    });
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
    await response.body?.cancel();
    latencies.push(performance.now() - startedAt);
  };
  await Promise.all(Array.from({ length: parallel }, async () => {
    for (let event = events[next++]; event !== undefined; event = events[next++]) {
      await postOne(event);
    }
  }));
  return latencies;
}

/** The value below which `share` of the values lie. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
