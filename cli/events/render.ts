import { renderColumns } from "../render-columns.ts";
import type { EventRecord } from "./read-event.ts";

const MEANINGS: Readonly<Record<string, string>> = {
  applied: "had its effect",
  queued: "recorded; its object waits for a fetch",
  ignored: "recorded; its type has no effect here, or it is older than 30 days",
  quarantined: "recorded; what it shows disagrees with its type, so it is never applied",
  retry: "recorded; could not be applied yet, the worker is at it",
  dead: "recorded; given up, see payments dead-letters show",
};

/** One event for a person. */
export function renderEvent({ event, object, mark, conflicts, audit }: EventRecord): string {
  const lines: [string, string | null][] = [
    ["status", `${event.status}: ${MEANINGS[event.status] ?? "an unknown status"}`],
    ["object", event.object_id === null ? "–" : `${event.object_kind} ${event.object_id}`],
    ["made", event.created],
    ["received", event.received_at],
    ["finished", event.processed_at],
    ["attempts", String(event.attempts)],
    ["next try", event.next_attempt_at],
    ["last error", event.last_error],
    ["keeps", event.keeps],
    ["verified by", `secret ${event.secret_fingerprint}`],
    ["request", event.request_id],
    ["body sha-256", event.body_sha256],
  ];
  if (object !== null) {
    const gone = object.deleted_at === null ? "" : `, deleted ${object.deleted_at}`;
    lines.push([
      "known as of",
      `${object.as_of} by ${object.moved_by}, ticket ${object.ticket}${gone}`,
    ]);
  }
  if (mark !== null) {
    const trouble = mark.last_error === null ? "" : `, last error ${mark.last_error}`;
    lines.push([
      "fetch due",
      `${mark.next_attempt_at}, ${mark.attempts} tries, ticket ${mark.ticket}${trouble}`,
    ]);
  }
  for (const conflict of conflicts) {
    lines.push([
      "CONFLICT",
      `${conflict.received_at} ${conflict.event_type} ${
        conflict.object_id ?? "–"
      }, request ${conflict.request_id}`,
    ]);
  }
  const facts = lines.flatMap(([name, value]) =>
    value === null ? [] : [`  ${name.padEnd(13)} ${value}\n`]
  );
  const trail = renderColumns(
    ["AUDIT", "ACTOR", "ACTION", "OUTCOME", "REASON"],
    audit.map((entry) => [
      entry.occurred_at,
      `${entry.actor_type} ${entry.actor_id ?? ""}`.trim(),
      entry.action,
      entry.outcome,
      entry.reason ?? "",
    ]),
  );
  return `${event.event_id}  ${event.event_type}\n${facts.join("")}\n${trail}`;
}
