import { startStack } from "../../dev/stack/start-stack.ts";
import type { Task } from "../../supabase/functions/payments-worker/task.ts";
import { openDatabase } from "../../tests/property/support/scratch-database.ts";
import { makeTestKey, runTask, sealer } from "../../tests/support/audit-trail.ts";
import { type BenchCase, type BenchContext, median, round } from "../support/bench-case.ts";
import { openStatementPool, type StatementPool } from "../support/statement-pool.ts";

const WRITERS = 32;
const ROUNDS = 24;
const ROWS_A_ROUND = 4_000;
const SEAL_EVERY_MS = 1_000;
const AIM = 0.95;

const key = makeTestKey();
const APPEND = "select audit.append('system', null, 'purge.finished', 'success', 'purge', $1)";
const PLAIN = "select bench.append('system', null, 'purge.finished', 'success', 'purge', $1)";

/**
 * `audit.append` while a sealer works against the same with none, and against a log that could not be
 * sealed at all.
 */
export const auditCase: BenchCase = {
  name: "audit",
  what: "append with sealing on and off at 32 writers",
  async run(context) {
    const stack = await startStack({
      durable: true,
      withFunctions: false,
      schedulerIntervalMs: null,
      stateFile: null,
    });
    const database = openDatabase(stack.state.dbUrl);
    try {
      await database.admin.unsafe(PLAIN_LOG);
      const seal = sealer({ rpc: database.as("payments_worker"), key });
      const pool = await openStatementPool(stack.state.dbUrl, "payments_owner", WRITERS);
      try {
        await compareAppends(context, pool, seal);
      } finally {
        await pool.close();
      }
    } finally {
      await database.close();
      await stack.stop();
    }
  },
};

/** The log as it was before it was sealed: the same columns, checks and indexes, no text, no mark. */
const PLAIN_LOG = `
create schema bench authorization payments_owner;
create table bench.logs (like audit.audit_logs including all) partition by range (occurred_at);
alter table bench.logs drop column payload, drop column client_commitment;
create table bench.logs_all partition of bench.logs default;
alter table bench.logs owner to payments_owner;
create function bench.append(
  p_actor_type text, p_actor_id text, p_action text, p_outcome text, p_resource_type text default null,
  p_resource_id text default null, p_request_id text default null, p_key_fingerprint text default null,
  p_reason text default null, p_detail jsonb default '{}'
) returns uuid language plpgsql volatile security definer set search_path = '' as $$
declare
  moment timestamptz := clock_timestamp();
  new_id uuid := gen_random_uuid();
begin
  insert into bench.logs (id, occurred_at, actor_type, actor_id, action, outcome, resource_type, resource_id,
    request_id, key_fingerprint, reason, detail)
  values (new_id, moment, p_actor_type, p_actor_id, p_action, p_outcome, p_resource_type, p_resource_id,
    p_request_id, p_key_fingerprint, p_reason, coalesce(p_detail, '{}'));
  return new_id;
end $$`;

type Variant = "on" | "off" | "plain";
const ORDERS: readonly Variant[][] = [["on", "off", "plain"], ["plain", "on", "off"], [
  "off",
  "plain",
  "on",
]];

async function compareAppends(
  { report, random }: BenchContext,
  pool: StatementPool,
  seal: Task,
): Promise<void> {
  const rounds: Record<Variant, number>[] = [];
  for (let index = 0; index <= ROUNDS; index++) {
    const times = { on: 0, off: 0, plain: 0 };
    for (const variant of ORDERS[index % ORDERS.length] ?? []) {
      const rows = Array.from({ length: ROWS_A_ROUND }, () => [String(random())]);
      const stop = variant === "on" ? startSealing(seal) : () => Promise.resolve();
      times[variant] = await pool.run(variant === "plain" ? PLAIN : APPEND, rows);
      await stop();
      await runTask(seal); // what is left does not burden the next one
    }
    if (index > 0) rounds.push(times); // the first one warms caches and plans
  }
  const perSecond = (of: Variant) =>
    round(median(rounds.map((r) => ROWS_A_ROUND / r[of] * 1000)), 0);
  const ratio = (base: Variant) => rounds.map((r) => round(r[base] / r.on));
  report({
    bench: "audit",
    writers: WRITERS,
    on_per_second: perSecond("on"),
    off_per_second: perSecond("off"),
    plain_per_second: perSecond("plain"),
    ratio: round(median(ratio("off"))),
    aim: AIM,
    ratio_to_plain: round(median(ratio("plain"))),
    ratios: ratio("off"),
    ratios_to_plain: ratio("plain"),
    rows: ROWS_A_ROUND * ROUNDS,
  });
}

/** Seals at an interval, as the worker does, until it is stopped. */
function startSealing(seal: Task): () => Promise<void> {
  let isOver = false;
  const work = (async () => {
    while (!isOver) {
      await runTask(seal);
      await new Promise((resolve) => setTimeout(resolve, SEAL_EVERY_MS));
    }
  })();
  return async () => {
    isOver = true;
    await work;
  };
}
