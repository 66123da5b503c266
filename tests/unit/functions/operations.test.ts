import { describe, expect, it } from "vitest";
import {
  BUCKETS_MS,
  createOperationRecorder,
  type Operation,
  type OperationBatch,
} from "../../../supabase/functions/_shared/operations.ts";

function recorder(write: (batch: OperationBatch) => Promise<void> = () => Promise.resolve()) {
  const written: OperationBatch[] = [];
  const due: (() => Promise<void>)[] = [];
  const lost: number[] = [];
  const record = createOperationRecorder({
    write: async (batch) => {
      await write(batch);
      written.push(batch);
    },
    lost: (requests) => lost.push(requests),
    later: (run, afterMs) => {
      expect(afterMs).toBe(1000);
      due.push(run);
    },
  });
  return { record, written, due, lost };
}

function operation(changes: Partial<Operation> = {}): Operation {
  return { requestId: crypto.randomUUID(), code: "ok", durationMs: 7, at: 120_500, ...changes };
}

describe("what a function gathers about its requests", () => {
  it("8.2c is flushed once for many requests, with counts, latencies and request ids", async () => {
    const { record, written, due } = recorder();
    const slow = operation({ durationMs: 60_000 });
    for (const one of [operation(), operation(), slow, operation({ code: "on_hold" })]) record(one);
    expect(due).toHaveLength(1);
    await due[0]?.();
    const [batch] = written;
    expect(batch?.records).toHaveLength(4);
    expect(batch?.records[2]).toEqual({
      at: 120_500,
      code: "ok",
      ms: 60_000,
      request_id: slow.requestId,
    });
    const [ok, onHold] = batch?.counts ?? [];
    expect(ok).toMatchObject({ code: "ok", minute: 120_000, requests: 3, total_ms: 60_014 });
    expect(ok?.buckets).toEqual([0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    expect(onHold).toMatchObject({ code: "on_hold", requests: 1 });
  });

  it("8.2c puts each latency in the bucket whose bound it does not pass", async () => {
    const { record, written, due } = recorder();
    for (const durationMs of BUCKETS_MS) record(operation({ durationMs }));
    await due[0]?.();
    expect(written[0]?.counts[0]?.buckets).toEqual([...BUCKETS_MS.map(() => 1), 0]);
  });

  it("decision 13: a flood of bad signatures is one count and no record", async () => {
    const { record, written, due } = recorder();
    for (let n = 0; n < 10_000; n++) record(operation({ code: "invalid_signature" }));
    await due[0]?.();
    expect(written).toHaveLength(1);
    expect(written[0]?.records).toEqual([]);
    expect(written[0]?.counts).toMatchObject([{ code: "invalid_signature", requests: 10_000 }]);
  });

  it("8.2c keeps at most a hundred records a flush and counts the rest", async () => {
    const { record, written, due } = recorder();
    for (let n = 0; n < 250; n++) record(operation());
    await due[0]?.();
    expect(written[0]?.records).toHaveLength(100);
    expect(written[0]?.counts).toMatchObject([{ requests: 250 }]);
  });

  it("8.2c drops what cannot be written, says how much, and goes on", async () => {
    let isDown = true;
    const { record, written, due, lost } = recorder(() =>
      isDown ? Promise.reject(new Error("down")) : Promise.resolve()
    );
    record(operation());
    record(operation());
    await expect(due[0]?.()).resolves.toBeUndefined();
    expect(lost).toEqual([2]);
    isDown = false;
    record(operation());
    await due[1]?.();
    expect(written[0]?.counts).toMatchObject([{ requests: 1 }]);
  });
});
