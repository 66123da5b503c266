import { useCallback } from "react";
import { Badge } from "../../../ui/badge.tsx";
import { useLive } from "../../api/use-live.ts";
import { asWords, formatCount } from "../../format.ts";
import { Page } from "../../layout/page.tsx";
import { hrefOf } from "../../routing/use-route.ts";
import { useStaff } from "../../staff/staff-context.ts";
import { Facts } from "../../ui/facts.tsx";
import { LiveView } from "../../ui/live-view.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/panel.tsx";
import { ReasonGate } from "../../ui/reason-gate.tsx";
import { Severity } from "../../ui/severity.tsx";
import { Clock } from "./clock.tsx";
import { IncidentActions } from "./incident-actions.tsx";
import { type Incident, incidentSchema } from "./schemas.ts";
import { Timeline } from "./timeline.tsx";

/** One incident: its clock, what is known, what was done and when. */
export function IncidentPage({ incidentId }: { readonly incidentId: string }) {
  return (
    <ReasonGate title="Incident" what="an incident">
      {(reason) => <IncidentView incidentId={incidentId} reason={reason} />}
    </ReasonGate>
  );
}

interface IncidentViewProps {
  readonly incidentId: string;
  readonly reason: string;
}

function IncidentView({ incidentId, reason }: IncidentViewProps) {
  const { ask, may } = useStaff();
  const read = useCallback(
    () => ask("staff_show_incident", { p_incident: incidentId, p_reason: reason }, incidentSchema),
    [ask, incidentId, reason],
  );
  const live = useLive(read);
  const incident = live.value?.incident ?? undefined;
  return (
    <Page
      title={incident?.title ?? "Incident"}
      lead={
        <>
          <a href={hrefOf("incidents")}>Incidents</a> / <code>{incidentId}</code>
        </>
      }
      live={live}
    >
      <LiveView live={live} label="Loading the incident" lines={8}>
        {({ incident, timeline }) =>
          incident === null ? <p className="empty">There is no such incident.</p> : (
            <>
              <div className="columns">
                <Panel title="The authority’s clock" aside={<Severity of={incident.severity} />}>
                  <Clock incident={incident} />
                </Panel>
                <Panel
                  title="Where it stands"
                  aside={incident.closed_at === undefined
                    ? <Badge tone="bad">open</Badge>
                    : <Badge tone="quiet">closed</Badge>}
                >
                  <Standing incident={incident} />
                </Panel>
              </div>
              {may("incident.manage") && incident.closed_at === undefined && (
                <IncidentActions
                  incident={incident}
                  onDone={() => void live.reload()}
                />
              )}
              <div className="columns">
                <Panel title="Timeline">
                  <Timeline entries={timeline ?? []} />
                </Panel>
                <Assessment incident={incident} />
              </div>
            </>
          )}
      </LiveView>
    </Page>
  );
}

function Standing({ incident }: { readonly incident: Incident }) {
  const { notices } = incident;
  return (
    <Facts
      facts={[
        ["Kind", asWords(incident.kind)],
        ["Detected", <Moment key="at" at={incident.detected_at} exact />],
        ["Aware", <Moment key="at" at={incident.aware_at} exact />],
        [
          "Personal data",
          incident.personal_data === null
            ? "not assessed yet"
            : incident.personal_data
            ? "yes"
            : "no",
        ],
        [
          "Affected users",
          `${formatCount(notices.affected)}, ${formatCount(notices.delivered)} told` +
          (notices.pending + notices.dead === 0
            ? ""
            : `, ${formatCount(notices.pending)} pending, ${formatCount(notices.dead)} failed`),
        ],
        ...(incident.closed_at === undefined
          ? []
          : [["Closed", <Moment key="at" at={incident.closed_at} exact />] as const]),
      ]}
    />
  );
}

function Assessment({ incident }: { readonly incident: Incident }) {
  const texts = ([
    ["Nature", incident.nature],
    ["People", countOf(incident.people_count, incident.people_categories)],
    ["Records", countOf(incident.record_count, incident.record_categories)],
    ["Likely consequences", incident.likely_consequences],
    ["Measures", incident.measures],
    ["Contact", incident.contact],
    ["Why no notice", incident.no_notice_reason],
    ["Authority’s reference", incident.authority_reference],
    ["Why late", incident.reason_if_late],
    ["Told otherwise", incident.told_otherwise],
    ["Root cause", incident.root_cause],
  ] as const).filter(([, text]) => text !== null);
  return (
    <Panel title="What is known">
      {texts.length === 0 && incident.follow_ups.length === 0
        ? <p className="empty">Nothing is assessed yet.</p>
        : <Facts facts={texts} />}
      {incident.follow_ups.length > 0 && (
        <>
          <h3>Follow-ups</h3>
          <ul>
            {incident.follow_ups.map(({ what, owner, due }) => (
              <li key={`${what} ${owner}`}>{what}: {owner}, by {due}</li>
            ))}
          </ul>
        </>
      )}
    </Panel>
  );
}

function countOf(count: number | null, categories: string | null): string | null {
  const parts = [count === null ? null : formatCount(count), categories].filter((one) =>
    one !== null
  );
  return parts.length === 0 ? null : parts.join(": ");
}
