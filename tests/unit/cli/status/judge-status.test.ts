import { describe, expect, it } from "vitest";
import { judgeStatus } from "../../../../cli/status/judge-status.ts";
import type { PipelineStatus } from "../../../../cli/status/read-status.ts";

const CALM: PipelineStatus = {
  marks: { waiting: 3, failing: 0, oldest: 60 },
  events: { queued: 3, retry: 1, dead: 0, oldest_unfinished: 60, quarantined: 0, conflicts: 0 },
  outbox: { pending: 9, never_tried: 9, dead: 0, oldest_pending: 90_000 },
  deletions: { open: 1, stuck: 0, oldest: 5 },
  reconcile: [
    { mode: "hourly", finished: 3000, state: "idle" },
    { mode: "nightly", finished: 80_000, state: "idle" },
    { mode: "scan", finished: null, state: "idle" },
  ],
  purged: 80_000,
  alerts: [],
};

const alert = { rule: "dead_letter", subject: "evt_1", occurrences: 1, age: 60 };

describe("the pipeline's status", () => {
  it("needs nobody while the worker keeps up", () => {
    expect(judgeStatus(CALM)).toEqual([]);
  });

  it.each<[string, Partial<PipelineStatus>]>([
    ["a dead event", { events: { ...CALM.events, dead: 1 } }],
    ["a reused event id", { events: { ...CALM.events, conflicts: 1 } }],
    ["a fetch that waits too long", { marks: { ...CALM.marks, oldest: 901 } }],
    ["a dead domain event", { outbox: { ...CALM.outbox, dead: 1 } }],
    ["a host that does not answer", { outbox: { ...CALM.outbox, pending: 10 } }],
    ["a deleted user who may still be billed", { deletions: { ...CALM.deletions, stuck: 1 } }],
    [
      "a missed hourly run",
      { reconcile: [{ mode: "hourly", finished: 7201, state: "idle" }] },
    ],
    ["a run that never came", { reconcile: [{ mode: "nightly", finished: null, state: "idle" }] }],
    ["a missed purge", { purged: 172_801 }],
    ["a purge that never came", { purged: null }],
    ["an open alert", { alerts: [{ ...alert, severity: "critical" }] }],
  ])("needs a person for %s", (_what, change) => {
    expect(judgeStatus({ ...CALM, ...change })).toHaveLength(1);
  });

  it.each<[string, Partial<PipelineStatus>]>([
    ["an alert for information", { alerts: [{ ...alert, severity: "info" }] }],
    ["a late run that is under way", {
      reconcile: [{ mode: "hourly", finished: 7201, state: "running" }],
    }],
  ])("needs nobody for %s", (_what, change) => {
    expect(judgeStatus({ ...CALM, ...change })).toEqual([]);
  });
});
