import { useCallback, useRef, useState } from "react";
import { type Outcome } from "../../../api/failure.ts";
import { Field } from "../../../ui/field.tsx";
import { useLive } from "../../api/use-live.ts";
import { asWords } from "../../format.ts";
import { Page } from "../../layout/page.tsx";
import { goTo, hrefOf } from "../../routing/use-route.ts";
import { useStaff } from "../../staff/staff-context.ts";
import { Action } from "../../ui/action.tsx";
import { Choice } from "../../ui/choice.tsx";
import { LiveView } from "../../ui/live-view.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/panel.tsx";
import { ReasonGate } from "../../ui/reason-gate.tsx";
import { Scroll } from "../../ui/scroll.tsx";
import { Select } from "../../ui/select.tsx";
import { Severity } from "../../ui/severity.tsx";
import { Clock } from "./clock.tsx";
import { type IncidentBrief, incidentsSchema, openedSchema } from "./schemas.ts";

const shownChoices = [{ value: "open", label: "Open" }, { value: "all", label: "All" }] as const;

export const KINDS = [
  "key_leak",
  "forged_events",
  "data_exposure",
  "fraud",
  "outage",
  "restore",
  "other",
].map((value) => ({ value, label: asWords(value) }));

export const SEVERITIES = ["low", "medium", "high", "critical"]
  .map((value) => ({ value, label: value }));

/** Records with a clock. */
export function IncidentsPage() {
  return (
    <ReasonGate title="Incidents" what="incidents">
      {(reason) => <Incidents reason={reason} />}
    </ReasonGate>
  );
}

function Incidents({ reason }: { readonly reason: string }) {
  const { ask, may } = useStaff();
  const [shown, setShown] = useState("open");
  const read = useCallback(
    () =>
      ask("staff_list_incidents", { p_reason: reason, p_all: shown === "all" }, incidentsSchema),
    [ask, reason, shown],
  );
  const live = useLive(read);
  return (
    <Page
      title="Incidents"
      lead="What went wrong, since when we know, what the authority must hear, why it happened and what follows."
      live={live}
      aside={
        <>
          <Choice
            label="Which"
            name="shown"
            options={shownChoices}
            value={shown}
            onChange={setShown}
          />
          {may("incident.manage") && <OpenIncident />}
        </>
      }
    >
      <Panel title={shown === "open" ? "Open incidents" : "All incidents"}>
        <LiveView live={live} label="Loading incidents">
          {({ incidents }) =>
            incidents.length === 0
              ? <p className="empty">No incident{shown === "open" ? " is open" : ""}.</p>
              : <IncidentTable incidents={incidents} />}
        </LiveView>
      </Panel>
    </Page>
  );
}

function IncidentTable({ incidents }: { readonly incidents: readonly IncidentBrief[] }) {
  return (
    <Scroll label="Incidents">
      <thead>
        <tr>
          <th scope="col">Severity</th>
          <th scope="col">Incident</th>
          <th scope="col">Kind</th>
          <th scope="col">Aware since</th>
          <th scope="col">Authority</th>
          <th scope="col">State</th>
        </tr>
      </thead>
      <tbody>
        {incidents.toReversed().map((incident) => (
          <tr key={incident.id}>
            <td>
              <Severity of={incident.severity} />
            </td>
            <td className="wide">
              <a href={hrefOf("incidents", incident.id)}>{incident.title}</a>
            </td>
            <td>{asWords(incident.kind)}</td>
            <td>
              <Moment at={incident.aware_at} />
            </td>
            <td>
              <Clock incident={incident} />
            </td>
            <td>
              {incident.closed_at === undefined ? "open" : (
                <>
                  closed <Moment at={incident.closed_at} />
                </>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </Scroll>
  );
}

function OpenIncident() {
  const { ask } = useStaff();
  const opened = useRef<string>(undefined);
  const run = async (reason: string, form: FormData): Promise<Outcome<unknown>> => {
    const outcome = await ask("staff_open_incident", {
      p_kind: form.get("kind"),
      p_severity: form.get("severity"),
      p_title: form.get("title"),
      p_reason: reason,
    }, openedSchema);
    if (outcome.ok) opened.current = outcome.value.incident;
    return outcome;
  };
  return (
    <Action
      label="Open an incident"
      look="primary"
      title="Open an incident?"
      confirm="Open"
      run={run}
      onDone={() => goTo("incidents", opened.current)}
    >
      <p>
        The clock begins now: 72 hours until the authority has to hear of it, unless no personal
        data is concerned.
      </p>
      <Select label="Kind" name="kind" options={KINDS} />
      <Select label="Severity" name="severity" options={SEVERITIES} defaultValue="high" />
      <Field
        label="Title"
        name="title"
        autoComplete="off"
        hint="One sentence: what is happening?"
      />
    </Action>
  );
}
