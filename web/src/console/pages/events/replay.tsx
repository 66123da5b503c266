import { useState } from "react";
import { type Outcome, succeeded } from "../../../api/failure.ts";
import { useStaff } from "../../staff/staff-context.ts";
import { Action } from "../../ui/action.tsx";
import { replayWords } from "./event-words.ts";
import { filterOf } from "./filter-of.ts";
import { type DryRun, dryRunSchema, replayedSchema } from "./schemas.ts";

const unsettled: ReadonlySet<string> = new Set(["dead", "retry"]);

interface ReplayProps {
  readonly filter: Readonly<Record<string, string>>;
  readonly label: string;
  readonly onDone: () => void;
}

/**
 * Puts events back in line, in two steps: a dry run says which and how, then the same question once more
 * does it. Both are in the audit trail with their reasons.
 */
export function Replay({ filter, label, onDone }: ReplayProps) {
  const { ask } = useStaff();
  const [plan, setPlan] = useState<DryRun>();
  const [replayed, setReplayed] = useState<string>();
  const dryRun = async (reason: string): Promise<Outcome<unknown>> => {
    const outcome = await ask(
      "staff_replay_events",
      { p_filter: filter, p_reason: reason, p_dry_run: true },
      dryRunSchema,
    );
    if (outcome.ok) setPlan(outcome.value);
    return outcome;
  };
  const replay = async (reason: string): Promise<Outcome<unknown>> => {
    const outcome = await ask(
      "staff_replay_events",
      { p_filter: filter, p_reason: reason, p_dry_run: false },
      replayedSchema,
    );
    if (!outcome.ok) return outcome;
    const { replayed: count, unreplayable } = outcome.value;
    setPlan(undefined);
    setReplayed(
      `${count} put back in line${
        unreplayable === 0 ? "" : `, ${unreplayable} cannot be replayed`
      }.`,
    );
    return succeeded(undefined);
  };
  return (
    <div className="row">
      {replayed !== undefined && <p className="fine" role="status">{replayed}</p>}
      {plan === undefined
        ? (
          <Action
            label={label}
            title="What would a replay do?"
            confirm="Dry run"
            run={dryRun}
            onDone={() => setReplayed(undefined)}
          >
            <p>Nothing is changed yet: this shows which events would be tried again, and how.</p>
          </Action>
        )
        : <Planned plan={plan} replay={replay} onDone={onDone} />}
    </div>
  );
}

interface PlannedProps {
  readonly plan: DryRun;
  readonly replay: (reason: string) => Promise<Outcome<unknown>>;
  readonly onDone: () => void;
}

function Planned({ plan: { matching, letters }, replay, onDone }: PlannedProps) {
  if (matching === 0) return <p className="fine" role="status">Nothing there is to be replayed.</p>;
  const methods = new Map<string, number>();
  for (const { replay: method } of letters) methods.set(method, (methods.get(method) ?? 0) + 1);
  const count = matching === 1 ? "1 event" : `${matching} events`;
  return (
    <>
      <p className="fine" role="status">Dry run: {count}.</p>
      <Action
        label={`Replay ${count}`}
        look="primary"
        title={`Replay ${count}?`}
        confirm="Replay"
        run={replay}
        onDone={onDone}
      >
        <p>They are tried again at the worker’s next run, from the first try on:</p>
        <ul>
          {[...methods].map(([method, n]) => <li key={method}>{n} × {replayWords(method)}</li>)}
        </ul>
        <p>Applying one twice changes nothing twice.</p>
      </Action>
    </>
  );
}

interface ReplayMatchingProps {
  readonly query: URLSearchParams;
  readonly onDone: () => void;
}

/** A replay of all that the list's filter finds, where the filter is about events that are not settled. */
export function ReplayMatching({ query, onDone }: ReplayMatchingProps) {
  const status = query.get("status") ?? "";
  if (!unsettled.has(status)) return null;
  const { since, ...filter } = filterOf(query);
  return (
    <Replay
      filter={{ ...filter, ...(since === undefined ? {} : { received_since: since }) }}
      label="Replay all of these"
      onDone={onDone}
    />
  );
}
