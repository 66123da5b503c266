import { useCallback } from "react";
import { useLive } from "../../api/use-live.ts";
import type { Series } from "../../charts/series.ts";
import { TimeChart } from "../../charts/time-chart.tsx";
import { formatCount, formatLatency, formatShare, formatSpan } from "../../format.ts";
import { Page } from "../../layout/page.tsx";
import { goTo, useRoute } from "../../routing/use-route.ts";
import { useStaff } from "../../staff/staff-context.ts";
import { LiveView } from "../../ui/live-view.tsx";
import { Choice } from "../../ui/choice.tsx";
import {
  latencySeries,
  pipelineSeries,
  stepsOf,
  successSeries,
  totalsOf,
  volumeSeries,
} from "./arrange-series.ts";
import { Endings } from "./endings.tsx";
import { OpenAlerts } from "./open-alerts.tsx";
import { type Overview, overviewSchema } from "./read-overview.ts";
import { Standing } from "./standing.tsx";
import { Tiles } from "./tiles.tsx";

const spans = [
  { value: "15", label: "15 min", everyMs: 5_000 },
  { value: "60", label: "1 h", everyMs: 5_000 },
  { value: "360", label: "6 h", everyMs: 10_000 },
  { value: "1440", label: "24 h", everyMs: 30_000 },
  // a month of minutes is some work to add up, and hardly moves
  { value: "10080", label: "7 d", everyMs: 120_000 },
  { value: "43200", label: "30 d", everyMs: 600_000 },
] as const;

/** How the pipeline does, now and over a span. */
export function OverviewPage() {
  const { ask } = useStaff();
  const { query } = useRoute();
  const asked = query.get("minutes");
  const { value: minutes, everyMs } = spans.find(({ value }) => value === asked) ?? spans[1];
  const read = useCallback(
    () => ask("staff_read_overview", { p_minutes: Number(minutes) }, overviewSchema),
    [ask, minutes],
  );
  const live = useLive(read, { everyMs });
  return (
    <Page
      title="Overview"
      live={live}
      aside={
        <Choice
          label="Span"
          name="span"
          options={spans}
          value={minutes}
          onChange={(value) => goTo("overview", undefined, { minutes: value })}
        />
      }
    >
      <LiveView live={live} label="Loading the figures" lines={8}>
        {(overview) => <Figures overview={overview} />}
      </LiveView>
    </Page>
  );
}

function Figures({ overview }: { readonly overview: Overview }) {
  const times = stepsOf(overview);
  const totals = totalsOf(overview);
  const people = totalsOf(overview, "people");
  const webhook = totalsOf(overview, "webhook");
  const success = successSeries(overview);
  return (
    <>
      <Standing overview={overview} />
      <Tiles overview={overview} />
      <div className="charts">
        <TimeChart
          title="Requests"
          figure={`${formatCount(totals.requests)} in all, a bar is ${
            formatSpan(overview.step_seconds)
          }`}
          times={times}
          series={volumeSeries(overview)}
          kind="bars"
          format={formatCount}
        />
        <TimeChart
          title="Success rate"
          figure={totals.success === null ? "–" : formatShare(totals.success)}
          times={times}
          series={success}
          kind="lines"
          format={formatShare}
          min={floorOf(success)}
          max={1}
        />
        <TimeChart
          title="Latency of what people wait for"
          figure={people.p95 === null ? "–" : `p95 ${formatLatency(people.p95)}`}
          times={times}
          series={latencySeries(overview, "people")}
          kind="lines"
          format={formatLatency}
        />
        <TimeChart
          title="Latency of the webhook"
          figure={webhook.p95 === null ? "–" : `p95 ${formatLatency(webhook.p95)}`}
          times={times}
          series={latencySeries(overview, "webhook")}
          kind="lines"
          format={formatLatency}
        />
        <TimeChart
          title="Backlog"
          figure={`oldest ${formatSpan(overview.backlog_seconds)}`}
          times={times}
          series={pipelineSeries(overview, "backlog_seconds")}
          kind="lines"
          format={formatSpan}
        />
        <TimeChart
          title="Alerts over time"
          figure={`${formatCount(overview.alerts.reduce((sum, { open }) => sum + open, 0))} open`}
          times={times}
          series={pipelineSeries(overview, "open_alerts")}
          kind="bars"
          format={formatCount}
        />
        <OpenAlerts overview={overview} />
        <Endings overview={overview} />
      </div>
    </>
  );
}

/** A scale from zero would hide what matters: 99% and 100% are far apart. */
function floorOf(success: readonly Series[]): number {
  const lowest = Math.min(
    1,
    ...success.flatMap(({ values }) => values.flatMap((one) => one ?? [])),
  );
  return [0.99, 0.9, 0.5].find((floor) => lowest >= floor) ?? 0;
}
