import type { Tone } from "../../../billing/status-words.ts";

const tones: Readonly<Record<string, Tone>> = {
  applied: "good",
  ignored: "quiet",
  queued: "attention",
  retry: "attention",
  quarantined: "bad",
  dead: "bad",
};

export const STATUSES = ["applied", "queued", "retry", "dead", "ignored", "quarantined"] as const;

/** How good a status is. */
export function toneOf(status: string): Tone {
  return tones[status] ?? "quiet";
}

const replays: Readonly<Record<string, string>> = {
  stored_projection: "with the projection that was stored when it came",
  stored_body: "with its stored, encrypted body, read by today’s code",
  fetch_event: "with Stripe’s own copy of the event, which Stripe keeps for 30 days",
  fetch_object: "by fetching its object: Stripe has no copy of the event any more",
  unreplayable: "not at all: there is no stored payload, no copy at Stripe and no object",
};

/** How a replay would bring an event about. */
export function replayWords(method: string): string {
  return replays[method] ?? method;
}

/** @see https://www.postgresql.org/docs/17/errcodes-appendix.html */
const classes: Readonly<Record<string, string>> = {
  "22": "a value does not fit its column",
  "23": "a constraint refused the row",
  "40": "it collided with another transaction",
  "42": "a function, table or right is missing",
  "53": "the database was out of resources",
  "55": "a lock was not to be had",
  "57": "the database was stopped or too slow",
  "PP": "no table mirrors this kind of object",
};

/** An error code in words, where it is a SQLSTATE. */
export function errorWords(code: string): string {
  const meaning = /^[0-9A-Z]{5}$/.test(code) ? classes[code.slice(0, 2)] : undefined;
  return meaning === undefined ? code : `${meaning} (${code})`;
}
