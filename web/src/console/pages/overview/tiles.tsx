import type { ReactNode } from "react";
import type { Tone } from "../../../billing/status-words.ts";
import { formatClock, formatCount, formatLatency, formatShare, formatSpan } from "../../format.ts";
import { hrefOf } from "../../routing/use-route.ts";
import { totalsOf } from "./arrange-series.ts";
import type { Overview } from "./read-overview.ts";

/** What a person has to look at begins here. */
const backlogLimitSeconds = 900;

/** The figures one reads first. */
export function Tiles({ overview }: { readonly overview: Overview }) {
  const totals = totalsOf(overview);
  const people = totalsOf(overview, "people");
  const { events, incidents, now } = overview;
  const open = overview.alerts.reduce((sum, alert) => sum + alert.open, 0);
  const untaken = overview.alerts.reduce((sum, alert) => sum + alert.untaken, 0);
  const isCritical = overview.alerts.some(({ severity }) => severity === "critical");
  const dead = events["dead"] ?? 0;
  const lost = overview.outbox["dead"] ?? 0;
  const waiting = (events["queued"] ?? 0) + (events["retry"] ?? 0) + overview.marks;
  const due = incidents.notify_due_at;
  return (
    <dl className="tiles">
      <Tile name="Requests" note={`${formatCount(totals.perMinute)} a minute`}>
        {formatCount(totals.requests)}
      </Tile>
      <Tile
        name="Success rate"
        note="a refusal is an answer"
        tone={totals.success === null || totals.success >= 0.999
          ? "good"
          : totals.success >= 0.99
          ? "attention"
          : "bad"}
      >
        {totals.success === null ? "–" : formatShare(totals.success)}
      </Tile>
      <Tile
        name="Latency p95"
        note={people.p99 === null ? "nobody waited" : `p99 ${formatLatency(people.p99)}`}
      >
        {people.p95 === null ? "–" : formatLatency(people.p95)}
      </Tile>
      <Tile
        name="Backlog"
        note={`${formatCount(waiting)} waiting`}
        tone={overview.backlog_seconds > backlogLimitSeconds ? "bad" : "good"}
      >
        {formatSpan(overview.backlog_seconds)}
      </Tile>
      <Tile
        name="Dead letters"
        note="events given up"
        tone={dead > 0 ? "bad" : "good"}
        href={hrefOf("events", undefined, { status: "dead", span: "30d" })}
      >
        {formatCount(dead)}
      </Tile>
      <Tile
        name="Domain events"
        note={lost === 0 ? "to be told to the host" : `${formatCount(lost)} given up`}
        tone={lost > 0 ? "bad" : "good"}
      >
        {formatCount(overview.outbox["pending"] ?? 0)}
      </Tile>
      <Tile
        name="Open alerts"
        note={open === 0 ? "quiet" : `${formatCount(untaken)} in nobody’s hands`}
        tone={open === 0 ? "good" : isCritical ? "bad" : "attention"}
        href={hrefOf("alerts")}
      >
        {formatCount(open)}
      </Tile>
      <Tile
        name="Incidents"
        note={due === undefined
          ? "no clock runs"
          : `${formatClock((due.getTime() - now.getTime()) / 1000)} left`}
        tone={incidents.open === 0 ? "good" : due === undefined ? "attention" : "bad"}
        href={hrefOf("incidents")}
      >
        {formatCount(incidents.open)}
      </Tile>
    </dl>
  );
}

interface TileProps {
  readonly name: string;
  readonly note: string;
  readonly children: ReactNode;
  readonly tone?: Tone;
  readonly href?: string;
}

function Tile({ name, note, children, tone = "quiet", href }: TileProps) {
  return (
    <div className={`tile tile-${tone}`}>
      <dt>{href === undefined ? name : <a href={href}>{name}</a>}</dt>
      <dd className="tile-figure">{children}</dd>
      <dd className="tile-note">{note}</dd>
    </div>
  );
}
