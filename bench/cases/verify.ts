import { memoryUsage } from "node:process";
import process from "node:process";
import postgres from "postgres";
import { followTrail } from "../../cli/audit/follow-trail.ts";
import type { Database } from "../../cli/connect/with-database.ts";
import { projectRoot } from "../../dev/stack/paths.ts";
import { startStack } from "../../dev/stack/start-stack.ts";
import { openDatabase } from "../../tests/property/support/scratch-database.ts";
import { makeTestKey } from "../../tests/support/audit-trail.ts";
import { type BenchCase, type BenchContext, round } from "../support/bench-case.ts";

/** Rows of the trail that is verified. */
const ROWS = Number(process.env["PAYMENTS_BENCH_AUDIT_ROWS"] ?? 200_000);

const key = makeTestKey();

/** `payments audit verify` over a long trail: rows a second, and whether its memory grows. */
export const verifyCase: BenchCase = {
  name: "verify",
  what: `verification of ${ROWS} audit rows and its memory`,
  async run(context) {
    // it need not keep what it wrote through a crash
    const stack = await startStack({
      durable: false,
      withFunctions: false,
      schedulerIntervalMs: null,
      stateFile: null,
    });
    const database = openDatabase(stack.state.dbUrl);
    try {
      await make(stack.state.dbUrl);
      await measure(context, database.admin);
    } finally {
      await database.close();
      await stack.stop();
    }
  },
};

async function make(url: string): Promise<void> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "bench/support/make-trail-main.ts", url, String(ROWS)],
    cwd: projectRoot,
    env: {
      PAYMENTS_AUDIT_SIGNING_KEY: key.secret,
      PAYMENTS_AUDIT_PUBLIC_KEYS: JSON.stringify(key.keys),
    },
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("The trail could not be made");
}

async function measure({ report }: BenchContext, admin: postgres.Sql): Promise<void> {
  const heaps: number[] = [];
  const startedAt = performance.now();
  const { progress } = await followTrail(databaseOf(admin, heaps), { keys: key.keys, known: [] }, {
    root: "",
    now: () => new Date(),
    colour: false,
    env: {},
    operator: "bench",
    out: () => {},
    error: () => {},
  });
  const seconds = (performance.now() - startedAt) / 1000;
  const quarter = Math.max(1, Math.floor(heaps.length / 4));
  const highest = (part: readonly number[]) => round(Math.max(...part) / 1024 ** 2, 0);
  report({
    bench: "verify",
    rows: progress.sealed_rows,
    seals: progress.seals,
    findings: progress.finding_count,
    rows_per_second: round(progress.sealed_rows / seconds, 0),
    first_quarter_mb: highest(heaps.slice(0, quarter)),
    last_quarter_mb: highest(heaps.slice(-quarter)),
  });
}

/** Notes the process's resident memory at every page. */
function databaseOf(admin: postgres.Sql, heaps: number[]): Database {
  const ask: Database["read"] = async (run) => {
    heaps.push(memoryUsage().rss);
    const { result } = await admin.begin("read only", async (sql) => ({ result: await run(sql) }));
    return result;
  };
  return {
    name: "bench",
    read: ask,
    readAudit: ask,
    readAsSelf: ask,
    change: ask,
    changeAudit: ask,
  };
}
