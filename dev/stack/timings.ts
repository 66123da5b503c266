import type { Log } from "./log.ts";

/** Measures the phases of a start; phases may overlap. */
export interface Timings {
  measure<T>(phase: string, work: () => Promise<T>): Promise<T>;
  report(log: Log): void;
}

/** @param now milliseconds, monotonic */
export function createTimings(now: () => number = () => performance.now()): Timings {
  const started = now();
  const phases: { phase: string; from: number; to: number }[] = [];
  return {
    async measure(phase, work) {
      const from = now() - started;
      try {
        return await work();
      } finally {
        phases.push({ phase, from, to: now() - started });
      }
    },
    report(log) {
      for (const { phase, from, to } of phases.toSorted((a, b) => a.from - b.from)) {
        const took = Math.round(to - from);
        log(`${phase.padEnd(22)} ${String(took).padStart(6)} ms   (from ${Math.round(from)} ms)`);
      }
      log(`${"total".padEnd(22)} ${String(Math.round(now() - started)).padStart(6)} ms`);
    },
  };
}
