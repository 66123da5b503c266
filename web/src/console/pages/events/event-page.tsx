import { useCallback } from "react";
import { Badge } from "../../../ui/badge.tsx";
import { useLive } from "../../api/use-live.ts";
import { Page } from "../../layout/page.tsx";
import { hrefOf } from "../../routing/use-route.ts";
import { useStaff } from "../../staff/staff-context.ts";
import { Facts } from "../../ui/facts.tsx";
import { LiveView } from "../../ui/live-view.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/panel.tsx";
import { ReasonGate } from "../../ui/reason-gate.tsx";
import { Scroll } from "../../ui/scroll.tsx";
import { errorWords, replayWords, toneOf } from "./event-words.ts";
import { Replay } from "./replay.tsx";
import { type EventDetail, eventSchema } from "./schemas.ts";
import { useSettled } from "./use-settled.ts";

/** One event: what came, what became of it, who did what about it. */
export function EventPage({ eventId }: { readonly eventId: string }) {
  return (
    <Page
      title="Event"
      lead={
        <>
          <a href={hrefOf("events")}>Events</a> / <code>{eventId}</code>
        </>
      }
    >
      <ReasonGate what="an event and who did what about it">
        {(reason) => <EventView eventId={eventId} reason={reason} />}
      </ReasonGate>
    </Page>
  );
}

function EventView({ eventId, reason }: { readonly eventId: string; readonly reason: string }) {
  const { ask, may } = useStaff();
  const read = useCallback(
    () => ask("staff_show_event", { p_event: eventId, p_reason: reason }, eventSchema),
    [ask, eventId, reason],
  );
  const live = useLive(read);
  const status = live.value?.event.status;
  // each look at the detail is recorded; the list, which is not, tells when there is something new
  useSettled(eventId, status, live.reload);
  return (
    <LiveView live={live} label="Loading the event">
      {(detail) => (
        <>
          <Panel
            title={detail.event.event_type}
            aside={<Badge tone={toneOf(detail.event.status)}>{detail.event.status}</Badge>}
          >
            <EventFacts detail={detail} />
            {detail.event.replay !== null && may("event.replay") && (
              <Replay
                filter={{ event_id: eventId }}
                label="Replay"
                onDone={() => void live.reload()}
              />
            )}
          </Panel>
          <div className="columns">
            <ObjectPanel detail={detail} />
            <ReceiptPanel detail={detail} />
          </div>
          <AuditPanel detail={detail} />
        </>
      )}
    </LiveView>
  );
}

function EventFacts({ detail: { event } }: { readonly detail: EventDetail }) {
  return (
    <Facts
      facts={[
        ["Received", <Moment key="at" at={event.received_at} exact />],
        ["Made at Stripe", <Moment key="at" at={event.created} exact />],
        [
          "Processed",
          event.processed_at === undefined
            ? "not yet"
            : <Moment key="at" at={event.processed_at} exact />,
        ],
        ["Tries", String(event.attempts)],
        ["Last error", event.last_error === null ? "none" : errorWords(event.last_error)],
        [
          "Next try",
          event.next_attempt_at === undefined
            ? event.status === "retry" ? "at the next run" : "none"
            : <Moment key="at" at={event.next_attempt_at} />,
        ],
        ...(event.replay === null ? [] : [["Replay", replayWords(event.replay)] as const]),
      ]}
    />
  );
}

function ObjectPanel({ detail: { event, object, mark } }: { readonly detail: EventDetail }) {
  return (
    <Panel title="Its object">
      {event.object_id === null
        ? <p className="empty">It is about nothing that is mirrored.</p>
        : (
          <Facts
            facts={[
              ["Id", <code key="id">{event.object_id}</code>],
              ["Kind", event.object_kind ?? "–"],
              [
                "Known as of",
                object?.as_of === undefined
                  ? "never seen"
                  : <Moment key="at" at={object.as_of} exact />,
              ],
              ["Last moved by", object?.moved_by ?? "–"],
              [
                "Deleted",
                object?.deleted_at === undefined
                  ? "no"
                  : <Moment key="at" at={object.deleted_at} exact />,
              ],
              [
                "Marked for a fetch",
                mark === null ? "no" : <Moment key="at" at={mark.marked_at} />,
              ],
              ...(mark === null ? [] : [
                ["Fetches tried", String(mark.attempts)] as const,
                ["Fetch met", mark.last_error ?? "nothing bad"] as const,
              ]),
            ]}
          />
        )}
    </Panel>
  );
}

function ReceiptPanel({ detail: { event, conflicts } }: { readonly detail: EventDetail }) {
  return (
    <Panel title="Receipt">
      <Facts
        facts={[
          ["Request", <code key="id">{event.request_id}</code>],
          ["Verified by secret", <code key="id">{event.secret_fingerprint}</code>],
          ["SHA-256 of the body", <code key="id">{event.body_sha256}</code>],
          ["API version", event.api_version ?? "–"],
          ["Mode", event.livemode ? "live" : "test"],
          ["Kept for a retry", event.keeps],
        ]}
      />
      {conflicts.length > 0 && (
        <p className="field-error">
          {conflicts.length}{" "}
          other deliveries used this id for another event: somebody may hold the signing secret.
        </p>
      )}
    </Panel>
  );
}

function AuditPanel({ detail: { audit } }: { readonly detail: EventDetail }) {
  const { may } = useStaff();
  return (
    <Panel title="In the audit trail">
      <Scroll label="In the audit trail">
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Action</th>
            <th scope="col">Outcome</th>
            <th scope="col">Who</th>
            <th scope="col">Reason</th>
            <th scope="col" className="number">Seal</th>
          </tr>
        </thead>
        <tbody>
          {audit.map((row) => (
            <tr key={row.id}>
              <td>
                <Moment at={row.occurred_at} exact />
              </td>
              <td>
                {may("audit.read")
                  ? (
                    <a href={hrefOf("audit", undefined, { id: row.id, span: "400d" })}>
                      {row.action}
                    </a>
                  )
                  : row.action}
              </td>
              <td>{row.outcome}</td>
              <td>
                {row.actor_type} <code>{row.actor_id}</code>
              </td>
              <td>{row.reason}</td>
              <td className="number">{row.seal_number ?? "pending"}</td>
            </tr>
          ))}
        </tbody>
      </Scroll>
    </Panel>
  );
}
