import { UsageError } from "../command-io.ts";
import type { DeadLetterFilter } from "./dead-letter.ts";

/** The options that choose dead letters. */
export interface FilterOptions {
  readonly type?: string;
  readonly object?: string;
  readonly status?: string;
  readonly since?: string;
}

const EVENT_ID = /^evt_\w{1,250}$/;
const SPAN = /^(\d{1,6})(m|h|d)$/;
const SPAN_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** @throws UsageError for an option that cannot be meant */
export function readFilter(options: FilterOptions, now: Date): DeadLetterFilter {
  const { type, object, status, since } = options;
  if (status !== undefined && status !== "retry" && status !== "dead") {
    throw new UsageError("--status is retry or dead");
  }
  return {
    ...(type === undefined ? {} : { event_type: type }),
    ...(object === undefined ? {} : { object_id: object }),
    ...(status === undefined ? {} : { status }),
    ...(since === undefined ? {} : { received_since: readSince(since, now) }),
  };
}

/** @throws UsageError for what is no event id */
export function readEventId(text: string): string {
  if (!EVENT_ID.test(text)) throw new UsageError("An event id looks like evt_1QbT…");
  return text;
}

function readSince(text: string, now: Date): string {
  const span = SPAN.exec(text);
  if (span !== null) {
    const unit = span[2] === "m" ? "m" : span[2] === "h" ? "h" : "d";
    return new Date(now.getTime() - Number(span[1]) * SPAN_MS[unit]).toISOString();
  }
  const at = Date.parse(text);
  if (!/^\d{4}-\d{2}-\d{2}/.test(text) || Number.isNaN(at)) {
    throw new UsageError("--since is a span like 30m, 12h or 7d, or a date like 2026-11-24");
  }
  return new Date(at).toISOString();
}
