import type { ErrorCode } from "./errors.ts";

/** How one request ended. */
export interface Operation {
  readonly requestId: string;
  readonly code: OutcomeCode;
  readonly durationMs: number;
  /** Unix milliseconds. */
  readonly at: number;
}

export type OutcomeCode = ErrorCode | "ok" | "preflight";

/** What the database takes; times are Unix milliseconds. */
export interface OperationBatch {
  records: { at: number; code: string; ms: number; request_id: string }[];
  counts: {
    minute: number;
    code: string;
    requests: number;
    total_ms: number;
    buckets: number[];
  }[];
}

/** Upper bounds of the histogram in milliseconds; one more bucket holds what is above. */
export const BUCKETS_MS = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000] as const;

/** Most records of one flush; what is beyond is in the counts all the same. */
const MAX_RECORDS = 100;
const FLUSH_AFTER_MS = 1000;

/**
 * Refused before anybody was authenticated: strangers can cause these at will, so they are counted and
 * leave no record (decision 13).
 */
const NOISE: ReadonlySet<OutcomeCode> = new Set<OutcomeCode>([
  "preflight",
  "bad_request",
  "invalid_signature",
  "unauthorized",
  "https_required",
  "not_found",
  "method_not_allowed",
  "payload_too_large",
  "unsupported_media_type",
  "rate_limited",
  "misconfigured",
]);

export interface OperationRecorderOptions {
  write: (batch: OperationBatch) => Promise<void>;
  /** Told how many requests are in no statistics because the batch could not be written. */
  lost: (requests: number) => void;
  /** Runs something later, beside the requests. */
  later: (run: () => Promise<void>, afterMs: number) => void;
}

/**
 * Gathers how requests end in this isolate and writes them at most once a second, after the responses.
 * A batch that cannot be written is dropped: a request is never slower or lost for its statistics, and
 * memory is bounded by the number of codes and MAX_RECORDS.
 */
export function createOperationRecorder(
  { write, lost, later }: OperationRecorderOptions,
): (operation: Operation) => void {
  let batch: OperationBatch = { records: [], counts: [] };
  let isScheduled = false;

  const flush = async () => {
    const full = batch;
    batch = { records: [], counts: [] };
    isScheduled = false;
    try {
      await write(full);
    } catch {
      lost(full.counts.reduce((sum, { requests }) => sum + requests, 0));
    }
  };

  return (operation) => {
    count(batch, operation);
    if (!NOISE.has(operation.code) && batch.records.length < MAX_RECORDS) {
      batch.records.push({
        at: operation.at,
        code: operation.code,
        ms: operation.durationMs,
        request_id: operation.requestId,
      });
    }
    if (isScheduled) return;
    isScheduled = true;
    later(flush, FLUSH_AFTER_MS);
  };
}

function count({ counts }: OperationBatch, { code, at, durationMs }: Operation): void {
  const minute = Math.floor(at / 60_000) * 60_000;
  let row = counts.find((one) => one.code === code && one.minute === minute);
  if (row === undefined) {
    row = {
      minute,
      code,
      requests: 0,
      total_ms: 0,
      buckets: Array.from({ length: BUCKETS_MS.length + 1 }, () => 0),
    };
    counts.push(row);
  }
  row.requests++;
  row.total_ms += durationMs;
  const bound = BUCKETS_MS.findIndex((most) => durationMs <= most);
  const bucket = bound < 0 ? BUCKETS_MS.length : bound;
  row.buckets[bucket] = (row.buckets[bucket] ?? 0) + 1;
}
