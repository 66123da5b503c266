import { useCallback, useEffect, useState } from "react";
import { Badge } from "../../../ui/badge.tsx";
import { done } from "../../api/ask.ts";
import { useLive } from "../../api/use-live.ts";
import { Page } from "../../layout/page.tsx";
import { useStaff } from "../../staff/staff-context.ts";
import { Action } from "../../ui/action.tsx";
import { Choice } from "../../ui/choice.tsx";
import { DocLink } from "../../ui/doc-link.tsx";
import { LiveView } from "../../ui/live-view.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/panel.tsx";
import { ReasonGate } from "../../ui/reason-gate.tsx";
import { Scroll } from "../../ui/scroll.tsx";
import { Severity } from "../../ui/severity.tsx";
import { type Alert, alertsSchema } from "./schemas.ts";
import { Subject } from "./subject.tsx";
import { useAlertsChanged } from "./use-alerts-changed.ts";

const shownChoices = [{ value: "open", label: "Open" }, { value: "all", label: "All" }] as const;

/** What people must hear of, who is on it, and what to do about it. */
export function AlertsPage() {
  return (
    <ReasonGate title="Alerts" what="alerts, which may name users">
      {(reason) => <Alerts reason={reason} />}
    </ReasonGate>
  );
}

function Alerts({ reason }: { readonly reason: string }) {
  const { ask } = useStaff();
  const [shown, setShown] = useState("open");
  const read = useCallback(
    () => ask("staff_list_alerts", { p_reason: reason, p_open: shown === "open" }, alertsSchema),
    [ask, reason, shown],
  );
  const live = useLive(read);
  const { reload } = live;
  // each look at the list is recorded; the overview, which is not, tells when there is something new
  const stamp = useAlertsChanged();
  useEffect(() => {
    if (stamp > 1) void reload();
  }, [stamp, reload]);
  return (
    <Page
      title="Alerts"
      live={live}
      aside={
        <Choice
          label="Which"
          name="shown"
          options={shownChoices}
          value={shown}
          onChange={setShown}
        />
      }
    >
      <Panel title={shown === "open" ? "Open alerts" : "All alerts"}>
        <LiveView live={live} label="Loading alerts">
          {({ alerts }) =>
            alerts.length === 0
              ? <p className="empty">No alert is open. That is how it should be.</p>
              : <AlertTable alerts={alerts} onDone={() => void reload()} />}
        </LiveView>
      </Panel>
    </Page>
  );
}

interface AlertTableProps {
  readonly alerts: readonly Alert[];
  readonly onDone: () => void;
}

function AlertTable({ alerts, onDone }: AlertTableProps) {
  const { may } = useStaff();
  const manages = may("alert.manage");
  return (
    <Scroll label="Alerts">
      <thead>
        <tr>
          <th scope="col">Severity</th>
          <th scope="col">Alert</th>
          {manages && <th scope="col">Act</th>}
          <th scope="col">About</th>
          <th scope="col">Since</th>
          <th scope="col">Last seen</th>
          <th scope="col" className="number">Times</th>
          <th scope="col">State</th>
          <th scope="col">Told</th>
        </tr>
      </thead>
      <tbody>
        {worstFirst(alerts).map((alert) => (
          <tr key={alert.id}>
            <td>
              <Severity of={alert.severity} />
            </td>
            <td className="wide">
              {alert.title} <DocLink path={alert.runbook}>Runbook</DocLink>
            </td>
            {manages && (
              <td>
                <Acts alert={alert} onDone={onDone} />
              </td>
            )}
            <td>
              <Subject alert={alert} />
            </td>
            <td>
              <Moment at={alert.first_seen_at} />
            </td>
            <td>
              <Moment at={alert.last_seen_at} />
            </td>
            <td className="number">{alert.occurrences}</td>
            <td>
              <AlertState alert={alert} />
            </td>
            <td>{alert.delivery ?? "–"}</td>
          </tr>
        ))}
      </tbody>
    </Scroll>
  );
}

const ranks = ["critical", "warning", "info"];

/** Open ones by how bad they are, then the others; within these as they came, the newest first. */
function worstFirst(alerts: readonly Alert[]): Alert[] {
  const rank = ({ severity, resolved_at: over }: Alert) =>
    over === undefined ? ranks.indexOf(severity) : ranks.length;
  return alerts.toSorted((one, other) => rank(one) - rank(other));
}

function AlertState({ alert }: { readonly alert: Alert }) {
  if (alert.resolved_at !== undefined) {
    return (
      <>
        <Badge tone="quiet">resolved</Badge> <Moment at={alert.resolved_at} />
      </>
    );
  }
  return alert.acknowledged_at === undefined ? <Badge tone="bad">open</Badge> : (
    <>
      <Badge tone="attention">taken</Badge> <Moment at={alert.acknowledged_at} />
    </>
  );
}

interface ActsProps {
  readonly alert: Alert;
  readonly onDone: () => void;
}

function Acts({ alert, onDone }: ActsProps) {
  const { ask } = useStaff();
  if (alert.resolved_at !== undefined) return null;
  const call = (procedure: "staff_acknowledge_alert" | "staff_resolve_alert") => (reason: string) =>
    ask(procedure, { p_alert: alert.id, p_reason: reason }, done);
  return (
    <div className="row">
      {alert.acknowledged_at === undefined && (
        <Action
          label="Take"
          title={`Take on: ${alert.title}`}
          confirm="Take it"
          run={call("staff_acknowledge_alert")}
          onDone={onDone}
        >
          <p>The others see that you are on it.</p>
        </Action>
      )}
      <Action
        label="Resolve"
        title={`Resolve: ${alert.title}`}
        confirm="Resolve"
        run={call("staff_resolve_alert")}
        onDone={onDone}
      >
        <p>It is over. If it happens again, a new alert opens and is told.</p>
      </Action>
    </div>
  );
}
