import { renderColumns } from "../render-columns.ts";
import type { DeadLetter } from "./dead-letter.ts";
import { explain } from "./explain.ts";

/** One line each. */
export function renderDeadLetters(letters: readonly DeadLetter[]): string {
  return renderColumns(
    ["EVENT", "TYPE", "OBJECT", "STATUS", "TRIES", "ERROR", "REPLAY"],
    letters.map((letter) => [
      letter.event_id,
      letter.event_type,
      letter.object_id ?? "–",
      letter.status,
      String(letter.attempts),
      letter.last_error ?? "–",
      letter.replay,
    ]),
  );
}

/** One event, explained. */
export function renderDeadLetter(letter: DeadLetter): string {
  const { failed, replay, next } = explain(letter);
  const object = letter.object_id === null ? "–" : `${letter.object_kind} ${letter.object_id}`;
  return `${letter.event_id}  ${letter.event_type}
  object    ${object}
  made      ${letter.created}
  received  ${letter.received_at}
  status    ${letter.status}
  failed    ${failed}
  replay    ${replay}
  next      ${next}
`;
}
