import { generateHistory, type History } from "./history.ts";
import { type Outcome, runHistory } from "./run-history.ts";
import type { ScratchDatabase } from "./scratch-database.ts";
import { describeFailure, shrink } from "./shrink.ts";

/** What a row of histories came to. */
export interface Search {
  histories: number;
  events: number;
  /** How often each thing was done at Stripe, was about to happen at a kill, and came of a delivery. */
  operations: Record<string, number>;
  kills: Record<string, number>;
  deliveries: Record<string, number>;
  /** The first history that failed, and how. */
  failed: { history: History; failures: string[] } | null;
}

/** Plays the histories of `firstSeed` and the seeds after it until one fails or `count` have held. */
export async function search(
  database: ScratchDatabase,
  { firstSeed, count, each }: { firstSeed: number; count: number; each?: (seed: number) => void },
): Promise<Search> {
  const result: Search = {
    histories: 0,
    events: 0,
    operations: {},
    kills: {},
    deliveries: {},
    failed: null,
  };
  for (let index = 0; index < count; index++) {
    const history = generateHistory(firstSeed + index);
    each?.(history.seed);
    const outcome = await runHistory(database, history);
    note(result, outcome);
    if (outcome.failures.length > 0) {
      return { ...result, failed: { history, failures: outcome.failures } };
    }
  }
  return result;
}

/** The smallest history that still fails, as text. */
export async function explain(database: ScratchDatabase, history: History): Promise<string> {
  const smallest = await shrink(
    history,
    async (smaller) => (await runHistory(database, smaller)).failures.length > 0,
  );
  return describeFailure(smallest, (await runHistory(database, smallest)).failures);
}

function note(result: Search, outcome: Outcome): void {
  result.histories++;
  result.events += outcome.events;
  for (const name of outcome.operations) count(result.operations, name);
  for (const name of outcome.kills) count(result.kills, name);
  for (const [name, times] of Object.entries(outcome.deliveries)) {
    count(result.deliveries, name, times);
  }
}

function count(counts: Record<string, number>, name: string, times = 1): void {
  counts[name] = (counts[name] ?? 0) + times;
}
