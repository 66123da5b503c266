import { useCallback } from "react";
import * as z from "zod/mini";
import { failed } from "../../../api/failure.ts";
import { optionalMoment } from "../../../billing/moment.ts";
import { Field } from "../../../ui/field.tsx";
import { done } from "../../api/ask.ts";
import { useLive } from "../../api/use-live.ts";
import { asWords } from "../../format.ts";
import { Page } from "../../layout/page.tsx";
import { hrefOf } from "../../routing/use-route.ts";
import { useStaff } from "../../staff/staff-context.ts";
import { Action } from "../../ui/action.tsx";
import { DocLink } from "../../ui/doc-link.tsx";
import { Facts } from "../../ui/facts.tsx";
import { LiveView } from "../../ui/live-view.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Scroll } from "../../ui/scroll.tsx";
import { textOf } from "../../ui/text-of.ts";
import { CLASS_WORDS } from "./class-words.ts";

const retentionSchema = z.object({
  classes: z.array(z.object({
    class: z.string(),
    keep_days: z.number(),
    least_days: z.number(),
    most_days: z.number(),
  })),
  purged_at: optionalMoment,
  holds: z.number(),
});

type Retention = z.infer<typeof retentionSchema>;
type Class = Retention["classes"][number];

/** How long what is kept, and what stops its deletion. */
export function RetentionPage() {
  const { ask } = useStaff();
  const read = useCallback(() => ask("staff_read_retention", {}, retentionSchema), [ask]);
  const live = useLive(read);
  return (
    <Page
      title="Retention"
      lead={
        <>
          The purge deletes once a day what is past its time, but for what a legal hold may cover.
          {" "}
          <DocLink path="docs/retention.md">What each class is</DocLink>
        </>
      }
      live={live}
    >
      <LiveView live={live} label="Loading retention" lines={10}>
        {(retention) => (
          <>
            <Purge retention={retention} />
            <Panel title="Classes">
              <ClassTable classes={retention.classes} onDone={() => void live.reload()} />
            </Panel>
          </>
        )}
      </LiveView>
    </Page>
  );
}

function Purge({ retention: { purged_at: at, holds } }: { readonly retention: Retention }) {
  const { may } = useStaff();
  const text = holds === 0 ? "none" : String(holds);
  return (
    <Panel title="Purge">
      <Facts
        facts={[
          ["Last ran", at === undefined ? "never" : <Moment key="at" at={at} />],
          [
            "Legal holds in force",
            may("legal_hold.list") ? <a key="holds" href={hrefOf("legal-holds")}>{text}</a> : text,
          ],
        ]}
      />
    </Panel>
  );
}

interface ClassTableProps {
  readonly classes: readonly Class[];
  readonly onDone: () => void;
}

function ClassTable({ classes, onDone }: ClassTableProps) {
  const { may } = useStaff();
  const changes = may("settings.update");
  return (
    <Scroll label="Classes">
      <thead>
        <tr>
          <th scope="col">Class</th>
          <th scope="col">What goes</th>
          <th scope="col" className="number">Kept</th>
          <th scope="col" className="number">May be</th>
          <th scope="col">A legal hold suspends</th>
          {changes && <th scope="col">Act</th>}
        </tr>
      </thead>
      <tbody>
        {classes.map((one) => (
          <tr key={one.class}>
            <th scope="row">{asWords(one.class)}</th>
            <td className="wide">{CLASS_WORDS[one.class]?.goes}</td>
            <td className="number">{one.keep_days} days</td>
            <td className="number">{one.least_days} to {one.most_days}</td>
            <td className="wide">{CLASS_WORDS[one.class]?.held}</td>
            {changes && (
              <td>
                <Change of={one} onDone={onDone} />
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </Scroll>
  );
}

function Change({ of, onDone }: { readonly of: Class; readonly onDone: () => void }) {
  const { ask } = useStaff();
  const bounds = `between ${of.least_days} and ${of.most_days}`;
  const run = async (reason: string, form: FormData) => {
    const text = textOf(form, "days") ?? "";
    // longer ones the database could not read as a number of days, let alone refuse
    if (!/^\d{1,9}$/.test(text)) return failed({ code: "invalid_setting" });
    return await ask(
      "staff_set_retention",
      { p_class: of.class, p_keep_days: Number(text), p_reason: reason },
      done,
    );
  };
  return (
    <Action
      label="Change"
      title={`How long to keep ${asWords(of.class)}?`}
      confirm="Change"
      run={run}
      onDone={onDone}
      explain={{
        invalid_setting: `Days are a whole number ${bounds}. Nothing was changed.`,
      }}
    >
      <p>
        With fewer days the next purge deletes more, for good. What a legal hold covers stays until
        it is released.
      </p>
      <Field
        label="Days"
        name="days"
        inputMode="numeric"
        autoComplete="off"
        defaultValue={of.keep_days}
        hint={`A whole number ${bounds}.`}
      />
    </Action>
  );
}
