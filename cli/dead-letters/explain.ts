import type { DeadLetter } from "./dead-letter.ts";

/** Three sentences about an event that had no effect yet. */
export interface Explanation {
  readonly failed: string;
  readonly replay: string;
  readonly next: string;
}

/** @see https://www.postgresql.org/docs/17/errcodes-appendix.html */
const SQLSTATE_CLASSES: Readonly<Record<string, string>> = {
  "22": "a value does not fit its column",
  "23": "a constraint refused the row",
  "40": "it collided with another transaction",
  "42": "a function, table or right is missing",
  "53": "the database was out of resources",
  "55": "a lock was not to be had",
  "57": "the database was stopped or too slow",
  "PP": "no table mirrors this kind of object",
};

const REPLAY: Readonly<Record<DeadLetter["replay"], string>> = {
  stored_projection: "with the projection that was stored when it came",
  stored_body: "with its stored, encrypted body, read by today's code",
  fetch_event: "with Stripe's own copy of the event, which Stripe keeps for 30 days",
  fetch_object: "by fetching its object: Stripe has no copy of the event any more",
  unreplayable: "not at all: there is no stored payload, no copy at Stripe and no object",
};

/** Says what failed, how a replay would bring the event about, and what happens without one. */
export function explain(letter: DeadLetter): Explanation {
  return { failed: failure(letter), replay: REPLAY[letter.replay], next: next(letter) };
}

function failure({ attempts, last_error: error }: DeadLetter): string {
  const tries = attempts === 1 ? "1 try" : `${attempts} tries`;
  if (error === null) return `${tries}, not tried since it was put in line`;
  const meaning = /^[0-9A-Z]{5}$/.test(error) ? SQLSTATE_CLASSES[error.slice(0, 2)] : undefined;
  return `${tries}, the last one: ${
    meaning === undefined ? error : `${meaning} (SQLSTATE ${error})`
  }`;
}

function next({ status, next_attempt_at: at, replay }: DeadLetter): string {
  if (status === "retry") {
    return at === null ? "the worker tries again in its next run" : `the worker tries again ${at}`;
  }
  if (replay === "unreplayable") return "nothing: the record stays until it is purged";
  return "nothing until somebody replays it, Stripe delivers it again or its object is fetched";
}
