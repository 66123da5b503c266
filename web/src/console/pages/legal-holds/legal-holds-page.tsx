import { useCallback } from "react";
import { formatShortDay } from "../../../format/date.ts";
import { useLive } from "../../api/use-live.ts";
import { Page } from "../../layout/page.tsx";
import { hrefOf } from "../../routing/use-route.ts";
import { useStaff } from "../../staff/staff-context.ts";
import { DocLink } from "../../ui/doc-link.tsx";
import { LiveView } from "../../ui/live-view.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/panel.tsx";
import { ReasonGate } from "../../ui/reason-gate.tsx";
import { Scroll } from "../../ui/scroll.tsx";
import { Person } from "./person.tsx";
import { Place } from "./place.tsx";
import { Release } from "./release.tsx";
import { type LegalHold, legalHoldsSchema } from "./schemas.ts";

/** What must not be purged, for whom it is kept, and the two people that it takes to let it go. */
export function LegalHoldsPage() {
  return (
    <ReasonGate title="Legal holds" what="legal holds, which may name users">
      {(reason) => <LegalHolds reason={reason} />}
    </ReasonGate>
  );
}

function LegalHolds({ reason }: { readonly reason: string }) {
  const { ask, may } = useStaff();
  const read = useCallback(
    () => ask("staff_list_legal_holds", { p_reason: reason }, legalHoldsSchema),
    [ask, reason],
  );
  const live = useLive(read);
  const onDone = () => void live.reload();
  return (
    <Page
      title="Legal holds"
      lead={
        <>
          What a hold may cover is not purged. One person asks for its release, another gives it;
          who placed it gives none. <DocLink path="docs/retention.md">What a hold freezes</DocLink>
        </>
      }
      live={live}
      aside={may("legal_hold.set") && <Place onDone={onDone} />}
    >
      <Panel title="In force">
        <LiveView live={live} label="Loading legal holds">
          {({ holds }) =>
            holds.length === 0
              ? <p className="empty">No legal hold is in force.</p>
              : <HoldTable holds={holds} onDone={onDone} />}
        </LiveView>
      </Panel>
    </Page>
  );
}

interface HoldTableProps {
  readonly holds: readonly LegalHold[];
  readonly onDone: () => void;
}

function HoldTable({ holds, onDone }: HoldTableProps) {
  return (
    <Scroll label="Legal holds">
      <thead>
        <tr>
          <th scope="col">On</th>
          <th scope="col">Happened</th>
          <th scope="col">Placed by</th>
          <th scope="col">Reason</th>
          <th scope="col">Release</th>
        </tr>
      </thead>
      <tbody>
        {holds.map((hold) => (
          <tr key={hold.id}>
            <td>
              <Held hold={hold} />
            </td>
            <td>
              <Span hold={hold} />
            </td>
            <td>
              <Person id={hold.placed_by} /> <Moment at={hold.placed_at} />
            </td>
            <td className="wide">{hold.reason}</td>
            <td className="wide">
              <Release hold={hold} onDone={onDone} />
            </td>
          </tr>
        ))}
      </tbody>
    </Scroll>
  );
}

function Held(
  { hold: { scope, user_id: user, resource_id: resource } }: { readonly hold: LegalHold },
) {
  const { may } = useStaff();
  if (user !== null) {
    const id = <code>{user}</code>;
    return <>user {may("billing.read") ? <a href={hrefOf("customers", user)}>{id}</a> : id}</>;
  }
  if (resource !== null) {
    return (
      <>
        object <code>{resource}</code>
      </>
    );
  }
  return scope === "time" ? "a time" : "everything";
}

/** When what is held happened: days to read at a glance, the exact times in their titles. */
function Span({ hold: { from, until } }: { readonly hold: LegalHold }) {
  if (from === undefined) return until === undefined ? "at any time" : <>until {day(until)}</>;
  return until === undefined ? <>from {day(from)} on</> : <>{day(from)} to {day(until)}</>;
}

function day(at: Date) {
  return <time dateTime={at.toISOString()} title={at.toISOString()}>{formatShortDay(at)}</time>;
}
