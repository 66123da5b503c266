import { useCallback, useState } from "react";
import { Badge } from "../../../ui/badge.tsx";
import { Button } from "../../../ui/button.tsx";
import { useSingleFlight } from "../../../ui/use-single-flight.ts";
import { useLive } from "../../api/use-live.ts";
import { Page } from "../../layout/page.tsx";
import { hrefOf, useRoute } from "../../routing/use-route.ts";
import { useStaff } from "../../staff/staff-context.ts";
import { LiveView } from "../../ui/live-view.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Scroll } from "../../ui/scroll.tsx";
import { EventFilter } from "./event-filter.tsx";
import { errorWords, toneOf } from "./event-words.ts";
import { filterOf } from "./filter-of.ts";
import { ReplayMatching } from "./replay.tsx";
import { type EventRow, eventsSchema } from "./schemas.ts";

const everyMs = 5_000;
const pageSize = 50;

/** Stripe's events as they came and what became of them. */
export function EventsPage() {
  const { ask, may } = useStaff();
  const { query } = useRoute();
  const key = query.toString();
  const read = useCallback(
    () =>
      ask("staff_list_events", {
        p_filter: filterOf(new URLSearchParams(key)),
        p_limit: pageSize,
      }, eventsSchema),
    [ask, key],
  );
  const live = useLive(read, { everyMs });
  return (
    <Page
      title="Events"
      lead="What Stripe told us and what became of it. Payloads are not kept, so none are shown."
      live={live}
    >
      <EventFilter query={query} />
      <Panel
        title="Events"
        aside={may("event.replay") && (
          <ReplayMatching
            key={key}
            query={query}
            onDone={() => void live.reload()}
          />
        )}
      >
        <LiveView live={live} label="Loading events">
          {({ events }) =>
            events.length === 0
              ? <p className="empty">No event matches. Widen the time, or clear the filter.</p>
              : <EventTable key={key} events={events} filterKey={key} />}
        </LiveView>
      </Panel>
    </Page>
  );
}

interface EventTableProps {
  readonly events: readonly EventRow[];
  readonly filterKey: string;
}

function EventTable({ events, filterKey }: EventTableProps) {
  const { ask } = useStaff();
  const [older, setOlder] = useState<readonly EventRow[]>([]);
  const [isAll, setIsAll] = useState(events.length < pageSize);
  const seen = new Set(events.map(({ event_id: id }) => id));
  const rows = [...events, ...older.filter(({ event_id: id }) => !seen.has(id))];
  const { busy, run } = useSingleFlight(async () => {
    const last = rows.at(-1);
    if (last === undefined) return "done" as const;
    const outcome = await ask("staff_list_events", {
      p_filter: {
        ...filterOf(new URLSearchParams(filterKey)),
        before_at: last.received_at.toISOString(),
        before_id: last.event_id,
      },
      p_limit: pageSize,
    }, eventsSchema);
    if (outcome.ok) {
      setOlder([...older, ...outcome.value.events]);
      setIsAll(outcome.value.events.length < pageSize);
    }
    return "done" as const;
  });
  return (
    <>
      <Scroll label="Events">
        <thead>
          <tr>
            <th scope="col">Received</th>
            <th scope="col">Status</th>
            <th scope="col">Type</th>
            <th scope="col">Event</th>
            <th scope="col">Object</th>
            <th scope="col" className="number">Tries</th>
            <th scope="col">Last error</th>
          </tr>
        </thead>
        <tbody>{rows.map((event) => <EventLine key={event.event_id} event={event} />)}</tbody>
      </Scroll>
      {!isAll && <Button look="quiet" busy={busy} onClick={run}>Older events</Button>}
    </>
  );
}

function EventLine({ event }: { readonly event: EventRow }) {
  const { object_id: object, last_error: error } = event;
  return (
    <tr>
      <td>
        <Moment at={event.received_at} />
      </td>
      <td>
        <Badge tone={toneOf(event.status)}>{event.status}</Badge>
      </td>
      <td>{event.event_type}</td>
      <td>
        <a href={hrefOf("events", event.event_id)}>
          <code title={event.event_id}>{event.event_id}</code>
        </a>
      </td>
      <td>
        {object === null ? "–" : (
          <a href={hrefOf("events", undefined, { object, span: "30d" })}>
            <code title={object}>{object}</code>
          </a>
        )}
      </td>
      <td className="number">{event.attempts}</td>
      <td>{error === null ? "" : errorWords(error)}</td>
    </tr>
  );
}
