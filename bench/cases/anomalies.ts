import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { projectRoot } from "../../dev/stack/paths.ts";
import {
  type ScratchDatabase,
  startScratchServer,
} from "../../tests/property/support/scratch-database.ts";
import { headCommit, seedsOf, TUNING_SEEDS } from "../support/anomaly-seeds.ts";
import { type BenchCase, type BenchContext, median, round } from "../support/bench-case.ts";
import { curveAsSvg, curveAsText, type CurvePoint } from "../support/draw-curve.ts";
import { KINDS } from "../support/incidents.ts";
import { judge, onsetsOf, type Verdict } from "../support/judge-alerts.ts";
import { scoreShop } from "../support/score-shop.ts";
import { generateShop } from "../support/shop-series.ts";

const SEEDS = 20;
const PLAN = { historyDays: 35, testDays: 10, incidentsOfEach: 4 };
const THRESHOLDS = [3.5, 4, 4.5, 5, 5.5, 6, 7, 8, 10];
const AIM = 0.95;
const PICTURE = "docs/images/anomalies.svg";

/** Verdicts of one seed, in the order of the thresholds. */
interface Judged {
  readonly seed: number;
  readonly verdicts: readonly Verdict[];
}

/**
 * Whether the worker's own detection finds labelled incidents in generated shops: five weeks to learn
 * from, ten days with twenty incidents each. Two databases, because a seed keeps one core busy.
 */
export const anomaliesCase: BenchCase = {
  name: "anomalies",
  what: "precision, recall and delay of anomaly alerts on shops of twenty seeds",
  async run(context) {
    const commit = context.commit ?? headCommit();
    const seeds = context.tuning ? [...TUNING_SEEDS] : seedsOf(commit, SEEDS);
    const server = await startScratchServer();
    const databases = [await server.create("shops_one"), await server.create("shops_two")];
    try {
      const [first] = databases;
      const used = first === undefined ? Number.NaN : await thresholdInUse(first);
      const left = seeds.map((seed, index) => ({ seed, index }));
      const judged: Judged[] = [];
      await Promise.all(databases.map(async (database) => {
        for (let next = left.shift(); next !== undefined; next = left.shift()) {
          judged[next.index] = await judgeShop(database, next.seed);
          process.stderr.write(".");
        }
      }));
      process.stderr.write("\n");
      await reportOn(context, judged, { used, commit: context.tuning ? "tuning" : commit });
    } finally {
      for (const database of databases) await database.close();
      await server.stop();
    }
  },
};

async function thresholdInUse({ admin }: ScratchDatabase): Promise<number> {
  const [row] = await admin`select payments_private.alert_threshold('anomaly') as threshold`;
  return Number(row?.["threshold"]);
}

async function judgeShop(database: ScratchDatabase, seed: number): Promise<Judged> {
  const shop = generateShop(seed, PLAN);
  // an open alert goes on at half of its threshold
  const scores = await scoreShop(database, shop, Math.min(...THRESHOLDS) / 2);
  const onsets = onsetsOf(shop);
  return { seed, verdicts: THRESHOLDS.map((threshold) => judge(onsets, scores, threshold)) };
}

async function reportOn(
  { report, svg }: BenchContext,
  judged: readonly Judged[],
  { used, commit }: { used: number; commit: string },
): Promise<void> {
  const place = THRESHOLDS.indexOf(used);
  if (place < 0) throw new Error(`The curve has no point at the threshold in use, ${used}`);
  const inUse = judged.flatMap(({ verdicts }) => verdicts[place] ?? []);
  const delays = inUse.flatMap(({ incidents }) => incidents).flatMap(({ delay }) => delay ?? []);
  report({
    bench: "anomalies",
    commit,
    seeds: judged.length,
    threshold: used,
    precision: round(median(inUse.map(({ precision }) => precision)), 3),
    recall: round(median(inUse.map(({ recall }) => recall)), 3),
    aim: AIM,
    worst_precision: round(Math.min(...inUse.map(({ precision }) => precision)), 3),
    worst_recall: round(Math.min(...inUse.map(({ recall }) => recall)), 3),
    delay_minutes: round(median(delays), 1),
    delay_p95_minutes: round(quantile(delays, 0.95), 1),
    false_alerts_each: round(sum(inUse.map((v) => v.falseAlerts.length)) / inUse.length),
    indistinguishable: sum(inUse.map((v) => v.indistinguishable)),
    precisions: inUse.map(({ precision }) => round(precision, 3)),
    recalls: inUse.map(({ recall }) => round(recall, 3)),
    seeds_used: judged.map(({ seed }) => seed),
  });
  for (const kind of KINDS) reportKind(report, inUse, kind);
  const curve = THRESHOLDS.map((threshold, index) => pointAt(threshold, index, judged));
  for (const point of curve) report({ bench: "curve", ...point });
  process.stderr.write(curveAsText(curve));
  if (svg) await writeFile(join(projectRoot, PICTURE), curveAsSvg(curve, used));
}

function reportKind(
  report: BenchContext["report"],
  verdicts: readonly Verdict[],
  kind: typeof KINDS[number],
): void {
  const incidents = verdicts.flatMap((verdict) => verdict.incidents)
    .filter((incident) => incident.kind === kind);
  const delays = incidents.flatMap(({ delay }) => delay ?? []);
  const fromStart = incidents.flatMap(({ delayFromStart }) => delayFromStart ?? []);
  report({
    bench: kind,
    incidents: incidents.length,
    told_within_5_minutes: round(delays.filter((delay) => delay <= 5).length / incidents.length, 3),
    told: round(delays.length / incidents.length, 3),
    delay_minutes: round(median(delays), 1),
    from_its_start_minutes: round(median(fromStart), 1),
  });
}

function pointAt(threshold: number, index: number, judged: readonly Judged[]): CurvePoint {
  const verdicts = judged.flatMap((one) => one.verdicts[index] ?? []);
  return {
    threshold,
    precision: round(median(verdicts.map(({ precision }) => precision)), 3),
    recall: round(median(verdicts.map(({ recall }) => recall)), 3),
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
