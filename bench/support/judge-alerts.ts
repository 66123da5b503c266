import { distinguishableFrom } from "./distinguishable.ts";
import type { Incident, IncidentKind, Metric } from "./incidents.ts";
import type { ShopSeries } from "./shop-series.ts";

/** A minute in which a metric was as unusual as `score` says. */
export interface Score {
  readonly metric: Metric;
  /** Since the series began. */
  readonly minute: number;
  readonly score: number;
}

interface Alert {
  readonly metric: Metric;
  /** When people are told, minutes since the series began. */
  readonly at: number;
}

export interface Told {
  readonly kind: IncidentKind;
  readonly story: string;
  /** Minutes from when it began, or could be told from chance, to the alert; null: never told. */
  readonly delay: number | null;
  /** Minutes from when it began. */
  readonly delayFromStart: number | null;
}

export interface Verdict {
  readonly incidents: readonly Told[];
  /** Drifts that nobody could have told from chance before they were over. */
  readonly indistinguishable: number;
  readonly falseAlerts: readonly Alert[];
  readonly precision: number;
  readonly recall: number;
}

/** As watch_anomalies closes an alert. */
const QUIET_MINUTES = 15;
/** A minute is looked at 15 s after its end, by a worker that is called every 10 s. */
const CLOSING_MINUTES = 1 + 25 / 60;
const WITHIN_MINUTES = 5;

/** From when each tested incident could be told; null: never before it was over. */
export type Onsets = ReadonlyMap<Incident, number | null>;

/** What people should hear of, once for all thresholds. */
export function onsetsOf(series: ShopSeries): Onsets {
  return new Map(
    series.incidents.filter(({ start }) => start >= series.firstTestMinute).map((incident) => [
      incident,
      incident.kind === "slow drift" ? distinguishableFrom(series, incident) : incident.start,
    ]),
  );
}

/** What people would have been told at a threshold, compared with what happened. `scores`: by time. */
export function judge(onsets: Onsets, scores: readonly Score[], threshold: number): Verdict {
  const alerts = alertsOf(scores, threshold);
  const tested = [...onsets.keys()];
  const incidents = [...onsets].flatMap(([incident, onset]) =>
    onset === null ? [] : [tell(incident, onset, alerts)]
  );
  const falseAlerts = alerts.filter((alert) =>
    !tested.some((incident) => explains(incident, alert))
  );
  const told = incidents.filter(({ delay }) => delay !== null).length;
  const inTime = incidents.filter(({ delay }) => delay !== null && delay <= WITHIN_MINUTES).length;
  return {
    incidents,
    indistinguishable: tested.length - incidents.length,
    falseAlerts,
    // one incident counts once, however many of its metrics speak: the stricter of two ways to count
    precision: told + falseAlerts.length === 0 ? 1 : told / (told + falseAlerts.length),
    recall: inTime / incidents.length,
  };
}

/** Opened at the threshold; an open one stays so as long as half of it is reached now and then. */
function alertsOf(scores: readonly Score[], threshold: number): Alert[] {
  const alerts: Alert[] = [];
  const lastSeen = new Map<Metric, number>();
  for (const scored of scores) {
    const { metric, minute, score } = scored;
    const isOpen = minute - (lastSeen.get(metric) ?? -Infinity) <= QUIET_MINUTES;
    if (score < (isOpen ? threshold / 2 : threshold)) continue;
    if (!isOpen) alerts.push({ ...scored, at: minute + CLOSING_MINUTES });
    lastSeen.set(metric, minute);
  }
  return alerts;
}

function explains(incident: Incident, { metric, at }: Alert): boolean {
  return incident.effects[metric] !== undefined && at >= incident.start &&
    at <= incident.end + QUIET_MINUTES;
}

function tell(incident: Incident, onset: number, alerts: readonly Alert[]): Told {
  const first = Math.min(
    ...alerts.filter((alert) => explains(incident, alert)).map(({ at }) => at),
  );
  const isTold = Number.isFinite(first);
  return {
    kind: incident.kind,
    story: incident.story,
    delay: isTold ? Math.max(0, first - onset) : null,
    delayFromStart: isTold ? first - incident.start : null,
  };
}
