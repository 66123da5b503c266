// npm run chaos -- --seed N --minutes M: storms and kills on the real stack until the time is up.
// npm run chaos -- --property N --seed S: N random histories. Each prints one JSON object a line.
import { parseArgs } from "node:util";
import { KILL_POINTS, killAtEach } from "./support/kill-points.ts";
import { startFaultBench } from "./support/fault-bench.ts";
import { isLostConnection } from "./support/lost-connections.ts";
import { settle } from "./support/settle.ts";
import { storm } from "./support/storm.ts";
import { propertyChaos } from "./support/property-chaos.ts";

for (const kind of ["error", "unhandledrejection"] as const) {
  globalThis.addEventListener(kind, (event) => {
    const thrown: unknown = "reason" in event
      ? event.reason
      : "error" in event
      ? event.error
      : null;
    if (thrown instanceof Error && isLostConnection(thrown)) event.preventDefault();
  });
}

const { values } = parseArgs({
  args: Deno.args,
  options: {
    seed: { type: "string", default: "1" },
    minutes: { type: "string", default: "5" },
    property: { type: "string" },
  },
});

function readNumber(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value < 0) {
    console.error(`--${name} must be a number, not ${text}`);
    Deno.exit(2);
  }
  return value;
}

const seed = Math.floor(readNumber("seed", values.seed));
const passed = values.property === undefined
  ? await stackChaos(seed, readNumber("minutes", values.minutes))
  : await propertyChaos({ count: Math.floor(readNumber("property", values.property)), seed });
Deno.exit(passed ? 0 : 1);

async function stackChaos(firstSeed: number, minutes: number): Promise<boolean> {
  const end = Date.now() + minutes * 60_000;
  let allHeld = true;
  for (let seed = firstSeed; allHeld && (seed === firstSeed || Date.now() < end); seed++) {
    const startedAt = Date.now();
    const bench = await startFaultBench(seed);
    try {
      const missed = await killAtEach(bench, KILL_POINTS);
      const report = await storm(bench, {
        rounds: 4,
        clockSkewSeconds: seed % 2 === 0 ? -600 : 600,
      });
      const broken = await settle(bench);
      allHeld = broken.length === 0 && missed.length === 0;
      console.log(JSON.stringify({
        kind: "stack",
        seed,
        passed: allHeld,
        seconds: Math.round((Date.now() - startedAt) / 1000),
        kill_points: KILL_POINTS.length,
        kill_points_missed: missed,
        ...report,
        broken,
      }));
    } finally {
      await bench.stop();
    }
  }
  return allHeld;
}
