import { renderAge } from "../render-columns.ts";
import type { PipelineStatus } from "./read-status.ts";

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** A run comes every few seconds; what is older than this was not taken by any. */
const BACKLOG_LIMIT = 15 * MINUTE;
/** Reconciliation is due hourly and daily, the purge daily; twice that is a missed run. */
const RUN_LIMITS: Readonly<Record<string, number>> = { hourly: 2 * HOUR, nightly: 48 * HOUR };
const PURGE_LIMIT = 48 * HOUR;

/** What a person has to look at, each as one sentence with what to do. Empty when there is nothing. */
export function judgeStatus(status: PipelineStatus): string[] {
  const { marks, events, outbox, deletions, alerts } = status;
  const findings: string[] = [];
  const when = (condition: boolean, finding: string) => {
    if (condition) findings.push(finding);
  };
  when(events.dead > 0, `${count(events.dead, "event")} given up: payments dead-letters list`);
  when(outbox.dead > 0, `${count(outbox.dead, "domain event")} the host application never took`);
  when(
    events.conflicts > 0,
    `${
      count(events.conflicts, "delivery", "deliveries")
    } of the last 7 days reused an event id: does somebody hold the signing secret?`,
  );
  when(
    deletions.stuck > 0,
    `${count(deletions.stuck, "deleted user")} may still be billed: end it in Stripe's dashboard`,
  );
  when(
    (marks.oldest ?? 0) > BACKLOG_LIMIT,
    `the oldest fetch waits for ${
      renderAge(marks.oldest ?? 0)
    }: does the scheduler call payments-worker?`,
  );
  when(
    outbox.pending > outbox.never_tried && (outbox.oldest_pending ?? 0) > HOUR,
    `the oldest domain event waits for ${
      renderAge(outbox.oldest_pending ?? 0)
    }: does the host answer 2xx?`,
  );
  findings.push(...missedRuns(status));
  for (const { rule, subject, severity, age } of alerts) {
    when(severity !== "info", `alert ${rule} (${severity}) for ${subject}, ${renderAge(age)} old`);
  }
  return findings;
}

function missedRuns({ reconcile, purged }: PipelineStatus): string[] {
  const late = reconcile.flatMap(({ mode, finished, state }) => {
    const limit = RUN_LIMITS[mode];
    if (limit === undefined || state !== "idle") return [];
    if (finished === null) return [`reconciliation (${mode}) has never finished`];
    return finished > limit
      ? [`reconciliation (${mode}) last finished ${renderAge(finished)} ago`]
      : [];
  });
  if (purged === null) late.push("the purge has never run");
  else if (purged > PURGE_LIMIT) late.push(`the purge last ran ${renderAge(purged)} ago`);
  return late;
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
