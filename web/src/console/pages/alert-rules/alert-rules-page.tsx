import { useCallback } from "react";
import { failed } from "../../../api/failure.ts";
import { Badge } from "../../../ui/badge.tsx";
import { Field } from "../../../ui/field.tsx";
import { done } from "../../api/ask.ts";
import { useLive } from "../../api/use-live.ts";
import { Page } from "../../layout/page.tsx";
import { useStaff } from "../../staff/staff-context.ts";
import { Action } from "../../ui/action.tsx";
import { DocLink } from "../../ui/doc-link.tsx";
import { LiveView } from "../../ui/live-view.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Scroll } from "../../ui/scroll.tsx";
import { Select } from "../../ui/select.tsx";
import { Severity } from "../../ui/severity.tsx";
import { raisedAt, thresholdHint } from "./raised-at.ts";
import { readChanges } from "./read-changes.ts";
import { type Rule, rulesSchema } from "./schemas.ts";

/** What can raise an alert: how bad it is, from what on, whether it speaks, and what to do then. */
export function AlertRulesPage() {
  const { ask } = useStaff();
  const read = useCallback(() => ask("staff_list_alert_rules", {}, rulesSchema), [ask]);
  const live = useLive(read);
  return (
    <Page
      title="Alert rules"
      lead={
        <>
          A change works from the next look on. What a rule sees while it is off is not kept.{" "}
          <DocLink path="docs/alerts.md">Who is told, and how</DocLink>
        </>
      }
      live={live}
    >
      <Panel title="Rules">
        <LiveView live={live} label="Loading alert rules" lines={10}>
          {({ rules }) => <RuleTable rules={rules} onDone={() => void live.reload()} />}
        </LiveView>
      </Panel>
    </Page>
  );
}

interface RuleTableProps {
  readonly rules: readonly Rule[];
  readonly onDone: () => void;
}

function RuleTable({ rules, onDone }: RuleTableProps) {
  const { may } = useStaff();
  const changes = may("settings.update");
  return (
    <Scroll label="Rules">
      <thead>
        <tr>
          <th scope="col">Severity</th>
          <th scope="col">Rule</th>
          <th scope="col">Raised at</th>
          <th scope="col">State</th>
          {changes && <th scope="col">Act</th>}
        </tr>
      </thead>
      <tbody>
        {rules.map((rule) => (
          <tr key={rule.rule}>
            <td>
              <Severity of={rule.severity} />
            </td>
            <th scope="row" className="wide">
              {rule.title} <DocLink path={rule.runbook}>Runbook</DocLink>
              <br />
              <code>{rule.rule}</code>
            </th>
            <td>{raisedAt(rule)}</td>
            <td>
              <Badge tone={rule.enabled ? "good" : "bad"}>{rule.enabled ? "on" : "off"}</Badge>
            </td>
            {changes && (
              <td>
                <Change rule={rule} onDone={onDone} />
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </Scroll>
  );
}

const severities = ["critical", "warning", "info"].map((value) => ({ value, label: value }));
const states = [
  { value: "on", label: "on: it is told" },
  { value: "off", label: "off: nobody hears of it" },
];

const explain = {
  invalid_setting: "A threshold is a whole number above zero, a window between 60 and 86400 " +
    "seconds. Nothing was changed.",
};

function Change({ rule, onDone }: { readonly rule: Rule; readonly onDone: () => void }) {
  const { ask } = useStaff();
  const run = async (reason: string, form: FormData) => {
    const changes = readChanges(form, rule);
    if (Object.keys(changes).length === 0) return failed({ code: "nothing_changed" });
    return await ask(
      "staff_set_alert_rule",
      { p_rule: rule.rule, p_changes: changes, p_reason: reason },
      done,
    );
  };
  return (
    <Action
      label="Change"
      title={`Change: ${rule.title}`}
      confirm="Change"
      run={run}
      onDone={onDone}
      explain={explain}
    >
      <p>What is open already keeps its severity.</p>
      <Select
        label="Severity"
        name="severity"
        options={severities}
        defaultValue={rule.severity}
      />
      <Select
        label="State"
        name="enabled"
        options={states}
        defaultValue={rule.enabled ? "on" : "off"}
      />
      {rule.threshold !== null && (
        <Field
          label="Threshold"
          name="threshold"
          inputMode="numeric"
          autoComplete="off"
          defaultValue={rule.threshold}
          hint={thresholdHint(rule)}
        />
      )}
      {rule.window_seconds !== null && (
        <Field
          label="Window"
          name="window_seconds"
          inputMode="numeric"
          autoComplete="off"
          defaultValue={rule.window_seconds}
          hint="Seconds, between 60 and 86400."
        />
      )}
    </Action>
  );
}
