import { z } from "zod";
import { CHAIN_START, type ChainPlace, checkSeal, type Trust } from "./check-seal.ts";
import type { HeadWatch } from "./known-heads.ts";
import {
  type EventPlace,
  type Finding,
  findingSchema,
  headSchema,
  type RowPlace,
  type TrailSource,
} from "./trail.ts";

/** Findings that are kept; the rest is counted. */
const KEPT_FINDINGS = 100;
const SEALED_ROWS_A_PAGE = 2_000;
const ROWS_A_PAGE = 5_000;

const NIL = "00000000-0000-0000-0000-000000000000";
const FIRST_ROW: RowPlace = { id: NIL, occurred_at: "0001-01-01T00:00:00Z" };
const FIRST_EVENT: EventPlace = { id: "", created: "0001-01-01T00:00:00Z" };

/** How far a verification has come; JSON, so that another call can go on with it. */
export const progressSchema = z.object({
  began_at: z.string(),
  phase: z.enum(["seals", "rows", "events", "done"]),
  chain: z.object({ head: headSchema, previous: z.string(), newestRow: z.string() }),
  row: z.object({ id: z.string(), occurred_at: z.string() }),
  event: z.object({ id: z.string(), created: z.string() }),
  seals: z.number(),
  sealed_rows: z.number(),
  rows: z.number(),
  events: z.number(),
  finding_count: z.number(),
  findings: z.array(findingSchema),
});
export type Progress = z.infer<typeof progressSchema>;

/** @param now milliseconds since 1970 */
export function startProgress(now: number): Progress {
  return {
    began_at: new Date(now).toISOString(),
    phase: "seals",
    chain: CHAIN_START,
    row: FIRST_ROW,
    event: FIRST_EVENT,
    seals: 0,
    sealed_rows: 0,
    rows: 0,
    events: 0,
    finding_count: 0,
    findings: [],
  };
}

/** The same progress with more findings: all are counted, the first hundred kept. */
export function withFindings(progress: Progress, findings: readonly Finding[]): Progress {
  return {
    ...progress,
    finding_count: progress.finding_count + findings.length,
    findings: [...progress.findings, ...findings].slice(0, KEPT_FINDINGS),
  };
}

export interface VerifyOptions {
  readonly source: TrailSource;
  readonly trust: Trust;
  readonly heads: HeadWatch;
  /** Told of findings as they come, all of them. */
  readonly onFinding?: (finding: Finding) => void;
}

/**
 * Verifies the next page: seals with their rows first, then rows that no seal has, then events without
 * a row. `phase` is "done" when there is no next page. Memory does not grow with the trail.
 */
export async function verifyNextPage(
  progress: Progress,
  options: VerifyOptions,
): Promise<Progress> {
  switch (progress.phase) {
    case "seals":
      return await verifySeals(progress, options);
    case "rows":
      return await verifyRows(progress, options);
    case "events":
      return await verifyEvents(progress, options);
    case "done":
      return progress;
  }
}

async function verifySeals(progress: Progress, options: VerifyOptions): Promise<Progress> {
  const { source, trust, heads } = options;
  const seals = await source.readSeals(progress.chain.head.number, SEALED_ROWS_A_PAGE);
  let place: ChainPlace = progress.chain;
  const findings: Finding[] = [];
  for (const seal of seals) {
    const checked = checkSeal(place, seal, trust);
    place = checked.place;
    findings.push(...checked.findings, ...heads.pass(place.head));
  }
  const isEnd = seals.length === 0;
  if (isEnd) findings.push(...heads.end(place.head));
  return report(
    {
      ...progress,
      phase: isEnd ? "rows" : "seals",
      chain: place,
      seals: progress.seals + seals.length,
      sealed_rows: seals.reduce((sum, seal) => sum + seal.entries.length, progress.sealed_rows),
    },
    findings,
    options,
  );
}

async function verifyRows(progress: Progress, options: VerifyOptions): Promise<Progress> {
  const page = await options.source.findStrayRows(progress.row, ROWS_A_PAGE, progress.began_at);
  const findings = page.strays.map(({ id, occurred_at, seals }): Finding => ({
    kind: seals === 0 ? "row_unsealed" : "row_sealed_twice",
    id,
    detail: occurred_at,
  }));
  return report(
    {
      ...progress,
      phase: page.last === null ? "events" : "rows",
      row: page.last ?? progress.row,
      rows: progress.rows + page.rows,
    },
    findings,
    options,
  );
}

async function verifyEvents(progress: Progress, options: VerifyOptions): Promise<Progress> {
  const { source } = options;
  const page = await source.findUntoldEvents(progress.event, ROWS_A_PAGE, progress.began_at);
  const findings = page.untold.map(({ id, occurred_at }): Finding => ({
    kind: "event_untold",
    id,
    detail: occurred_at,
  }));
  return report(
    {
      ...progress,
      phase: page.last === null ? "done" : "events",
      event: page.last ?? progress.event,
      events: progress.events + page.rows,
    },
    findings,
    options,
  );
}

function report(progress: Progress, findings: Finding[], { onFinding }: VerifyOptions): Progress {
  for (const finding of findings) onFinding?.(finding);
  return withFindings(progress, findings);
}
