import { seededRandom } from "../../../dev/stripe-twin/engine/ids.ts";

/**
 * One thing that happens. `draw` decides everything about it, among what is possible at that moment:
 * any part of a history is a history too, which is what lets a failure shrink.
 */
export interface Command {
  do: Action;
  /** 0 up to, not including, 1. */
  draw: number;
}

/** What may happen, and how often. */
const WEIGHTS = {
  /** Something changes at Stripe. */
  operate: 20,
  /** Time passes at Stripe. */
  wait: 9,
  /** A delivery arrives: any undelivered event, or one again. */
  deliver: 26,
  /** A delivery arrives and the transaction dies before its commit. */
  deliver_and_die: 2,
  /** The same delivery arrives twice at the same moment. */
  deliver_twice: 2,
  /** An event arrives that this version cannot project. */
  deliver_unreadable: 5,
  /** Stripe never delivers it. */
  drop: 4,
  /** A worker goes on to its next step: claim, fetch, finish. */
  step: 34,
  /** A worker is killed before its next step. */
  kill_before: 3,
  /** A worker is killed after its next step's commit, before it learns of it. */
  kill_after: 3,
  /** Leases and pauses run out. */
  expire: 4,
  /** The very object that a worker is about is changed at Stripe, and the event arrives at once. */
  interfere: 12,
  /** A worker sleeps past its lease while another does the same work. */
  overtake: 6,
  /** Two workers fetch one object; who asked first reads last, and in between it changes. */
  cross: 5,
  /** A worker's next call of Stripe or of the host fails. */
  fail: 3,
} as const;

export type Action = keyof typeof WEIGHTS;

export interface History {
  seed: number;
  /** What Stripe's clock is ahead of ours, seconds. */
  skewSeconds: number;
  /** How long ago, by Stripe's clock, it begins. */
  spanSeconds: number;
  /** How far apart two of Stripe's own times may be for one moment: ± this. */
  jitterSeconds: number;
  /** payments_private.settings.verify_snapshots. */
  verifySnapshots: "when_in_doubt" | "always";
  commands: Command[];
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The history of a seed. */
export function generateHistory(seed: number): History {
  const random = seededRandom(Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995);
  for (let index = 0; index < 4; index++) random();
  const always = random() < 0.15;
  return {
    seed,
    skewSeconds: pick(
      [0, 0, -10 * MINUTE, 10 * MINUTE, Math.round((random() - 0.5) * 1200)],
      random(),
    ),
    spanSeconds: pick(
      [5 * MINUTE, 20 * MINUTE, 40 * MINUTE, 40 * MINUTE, 3 * HOUR, 45 * DAY],
      random(),
    ),
    // The rule leans on Stripe's own clocks agreeing within 10 s; `always` leans on nothing.
    jitterSeconds: always ? 10 * MINUTE : pick([0, 0, 5], random()),
    verifySnapshots: always ? "always" : "when_in_doubt",
    commands: Array.from({ length: 40 + Math.floor(random() * 80) }, () => ({
      do: pickAction(random()),
      draw: random(),
    })),
  };
}

/** The item that a number in [0, 1) stands for. */
export function pick<T>(items: readonly T[], draw: number): T {
  const item = items[Math.floor(draw * items.length)];
  if (item === undefined) throw new RangeError("Nothing to pick from");
  return item;
}

/** What is left of a number in [0, 1) after it has picked among `count`. */
export function rest(draw: number, count: number): number {
  return (draw * count) % 1;
}

function pickAction(draw: number): Action {
  const entries = Object.entries(WEIGHTS) as [Action, number][];
  let left = draw * entries.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [action, weight] of entries) {
    if (left < weight) return action;
    left -= weight;
  }
  return "step";
}
