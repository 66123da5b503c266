import type { Draws } from "./distributions.ts";

export const METRICS = [
  "volume",
  "errors",
  "latency",
  "signature_failures",
  "declines",
  "refunds",
  "refund_amount:usd",
  "amount:usd",
  "new_customers",
] as const;
export type Metric = typeof METRICS[number];

export const KINDS = [
  "card testing",
  "refund fraud",
  "credential leak",
  "slow drift",
  "outage",
] as const;
export type IncidentKind = typeof KINDS[number];

/** What an incident does to a minute that lies wholly inside of it. */
export interface Effect {
  /** Multiplies what is usual. */
  readonly times?: number;
  /** Comes on top, things a minute. */
  readonly plus?: number;
}

/** A label: what happened, when, and to which metrics. Minutes since the series began, with fractions. */
export interface Incident {
  readonly kind: IncidentKind;
  readonly start: number;
  readonly end: number;
  /** `progress` from 0 at the start to 1 at the end; `rhythm`: how busy the shop is, 1 as usual. */
  readonly effects: Partial<Record<Metric, (progress: number, rhythm: number) => Effect>>;
  /** What was drawn, for people. */
  readonly story: string;
}

const always = (effect: Effect) => () => effect;

/** Draws one incident. `volume`: the shop's requests a minute. */
export function drawIncident(
  kind: IncidentKind,
  start: number,
  volume: number,
  draws: Draws,
): Incident {
  const shape = SHAPES[kind](volume, draws);
  return { kind, start, end: start + shape.minutes, effects: shape.effects, story: shape.story };
}

interface Shape {
  readonly minutes: number;
  readonly effects: Incident["effects"];
  readonly story: string;
}

const SHAPES: Record<IncidentKind, (volume: number, draws: Draws) => Shape> = {
  /** Stolen cards are tried one after another through new accounts. */
  "card testing": (_volume, draws) => {
    const rate = draws.uniform(10, 60);
    return {
      minutes: draws.uniform(10, 45),
      effects: {
        declines: always({ plus: rate }),
        new_customers: always({ plus: rate / 4 }),
        volume: always({ plus: rate * 2 }),
      },
      story: `${rate.toFixed(0)} cards a minute`,
    };
  },
  /** Somebody with a dashboard login pays back in a hurry. */
  "refund fraud": (_volume, draws) => {
    const rate = draws.uniform(3, 10);
    return {
      minutes: draws.uniform(8, 30),
      effects: {
        refunds: always({ plus: rate }),
        "refund_amount:usd": always({ plus: rate }),
        volume: always({ plus: rate }),
      },
      story: `${rate.toFixed(1)} refunds a minute`,
    };
  },
  /** An address with a guessed secret, or a key that charges saved cards. */
  "credential leak": (_volume, draws) => {
    const rate = draws.uniform(6, 40);
    if (draws.chance(0.5)) {
      return {
        minutes: draws.uniform(10, 60),
        effects: { signature_failures: always({ plus: rate }), volume: always({ plus: rate }) },
        story: `${rate.toFixed(0)} forged deliveries a minute`,
      };
    }
    const times = draws.uniform(3, 8);
    return {
      minutes: draws.uniform(10, 60),
      effects: {
        "amount:usd": always({ times, plus: 8 }),
        declines: always({ plus: rate / 2 }),
        volume: always({ plus: rate }),
      },
      story: `${times.toFixed(1)} times the usual payments`,
    };
  },
  /** Something gets worse so slowly that no minute stands out. */
  "slow drift": (_volume, draws) => {
    const metric = draws.pick(["declines", "errors", "latency"] as const);
    const most = draws.uniform(3, 6);
    return {
      minutes: draws.uniform(180, 360),
      effects: { [metric]: (progress: number) => ({ times: 1 + (most - 1) * progress }) },
      story: `${metric} up to ${most.toFixed(1)} times`,
    };
  },
  /** Functions fail, or nothing arrives. */
  "outage": (volume, draws) => {
    const minutes = draws.uniform(8, 60);
    if (draws.chance(0.5)) {
      const share = draws.uniform(0.3, 1);
      return {
        minutes,
        effects: {
          errors: (_progress, rhythm) => ({ plus: share * volume * rhythm }),
          latency: always({ times: draws.uniform(2, 10) }),
        },
        story: `${(share * 100).toFixed(0)} % fail`,
      };
    }
    const left = draws.uniform(0, 0.1);
    return {
      minutes,
      effects: { volume: always({ times: left }), "amount:usd": always({ times: left }) },
      story: `${(left * 100).toFixed(0)} % arrive`,
    };
  },
};
