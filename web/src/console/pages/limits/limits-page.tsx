import { type ReactNode, useCallback } from "react";
import { failed } from "../../../api/failure.ts";
import { Field } from "../../../ui/field.tsx";
import { done } from "../../api/ask.ts";
import { useLive } from "../../api/use-live.ts";
import { asWords } from "../../format.ts";
import { Page } from "../../layout/page.tsx";
import { useStaff } from "../../staff/staff-context.ts";
import { Action } from "../../ui/action.tsx";
import { DocLink } from "../../ui/doc-link.tsx";
import { LiveView } from "../../ui/live-view.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Scroll } from "../../ui/scroll.tsx";
import { groupSettings } from "./group-settings.ts";
import { type Settings, settingsSchema } from "./read-settings.ts";

/** Limits, caps and rules: one row each, changed one at a time. */
export function LimitsPage() {
  const { ask } = useStaff();
  const read = useCallback(() => ask("staff_read_settings", {}, settingsSchema), [ask]);
  const live = useLive(read);
  return (
    <Page
      title="Limits"
      lead={
        <>
          Each change works on the next request and is kept with what was before.{" "}
          <DocLink path="docs/limits.md">What each one means</DocLink>
        </>
      }
      live={live}
    >
      <LiveView live={live} label="Loading settings" lines={10}>
        {({ settings }) => (
          <div className="columns">
            {groupSettings(settings).map(({ title, names }) => (
              <Group
                key={title}
                title={title}
                names={names}
                settings={settings}
                onDone={() => void live.reload()}
              />
            ))}
          </div>
        )}
      </LiveView>
    </Page>
  );
}

interface GroupProps {
  readonly title: string;
  readonly names: readonly string[];
  readonly settings: Settings;
  readonly onDone: () => void;
}

function Group({ title, names, settings, onDone }: GroupProps) {
  const { may } = useStaff();
  return (
    <Panel title={title}>
      <Scroll label={title}>
        <thead>
          <tr>
            <th scope="col">Setting</th>
            <th scope="col">Value</th>
            {may("settings.update") && <th scope="col">Act</th>}
          </tr>
        </thead>
        <tbody>
          {names.map((name) => (
            <tr key={name}>
              <th scope="row">{asWords(name)}</th>
              <td>
                {shown(name, settings[name])}
              </td>
              {may("settings.update") && (
                <td>
                  <Change name={name} value={settings[name]} onDone={onDone} />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </Scroll>
    </Panel>
  );
}

interface ChangeProps {
  readonly name: string;
  readonly value: Settings[string] | undefined;
  readonly onDone: () => void;
}

function Change({ name, value, onDone }: ChangeProps) {
  const { ask } = useStaff();
  const run = async (reason: string, form: FormData) => {
    const text = form.get("value");
    const changed = typeof text === "string" ? readValue(text, value) : undefined;
    if (changed === undefined) return failed({ code: "invalid_setting" });
    return await ask(
      "staff_update_settings",
      { p_changes: { [name]: changed }, p_reason: reason },
      done,
    );
  };
  return (
    <Action
      label="Change"
      title={`Change ${asWords(name)}?`}
      confirm="Change"
      run={run}
      onDone={onDone}
    >
      <Field
        label="Value"
        name="value"
        autoComplete="off"
        defaultValue={written(value)}
        hint={hintOf(name)}
      />
    </Action>
  );
}

/** A value as one says it. */
function shown(name: string, value: Settings[string] | undefined): ReactNode {
  const text = written(value);
  if (text === "{}" || text === "null") return "no limit";
  if (text === "[]") return name === "country_allow" ? "any" : "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  return <code>{text}</code>;
}

function hintOf(name: string): string {
  if (/_minor$/.test(name)) return 'Minor units by currency: {"usd": 100000}; {} for no limit.';
  if (/^country_(allow|deny)$/.test(name)) return 'ISO codes: ["KP", "IR"]; [] for none.';
  if (/session_age_seconds$/.test(name)) return "Seconds, or null for no limit.";
  return /second_factor$/.test(name) ? "true or false" : "";
}

/** A value as one types it. */
function written(value: Settings[string] | undefined): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? null);
}

/** A value as it was typed; what was text stays text, the rest is JSON. */
function readValue(text: string, before: Settings[string] | undefined): unknown {
  if (typeof before === "string") return text.trim();
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}
