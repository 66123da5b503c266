import postgres from "postgres";
import { startStack } from "../../dev/stack/start-stack.ts";
import { type BenchCase, type BenchContext, median, round } from "../support/bench-case.ts";
import { openStatementPool, type StatementPool } from "../support/statement-pool.ts";

const BARE = "insert into bench.bare (id, request) values ($1, ($2::text)::jsonb)";
/** The shared checks: they write to unlogged tables alone, so their commit waits for no disk. */
const AUTHORIZE = "select payments_private.authorize_operation('portal', ($1::text)::jsonb, true)";
/** What a function calls: the checks, the customer, and the audit row. */
const WITH_AUDIT = "select payments.authorize_portal(($1::text)::jsonb)";
const ROUNDS = 6;
const CALLS: Readonly<Record<number, number>> = { 1: 300, 8: 1000 };
const CROWDS = [1_000, 1_000_000];
const AIM = 2.5;

/**
 * `authorize_operation` against an insert of the same request into a table with nothing but a primary
 * key, both committed one by one, in turns on one Postgres with fsync on; first with a thousand users
 * in the tables it looks into, then with a million.
 */
export const authorizeCase: BenchCase = {
  name: "authorize",
  what: "authorize_operation against a bare insert and commit, with a thousand and a million users",
  async run(context) {
    const stack = await startStack({
      durable: true,
      withFunctions: false,
      schedulerIntervalMs: null,
      stateFile: null,
    });
    const { dbUrl } = stack.state;
    try {
      await prepare(dbUrl);
      let there = 0;
      for (const users of CROWDS) {
        await addUsers(dbUrl, there + 1, users);
        there = users;
        for (const connections of [1, 8]) {
          await compare(context, dbUrl, connections, users);
        }
      }
    } finally {
      await stack.stop();
    }
  },
};

async function prepare(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, ssl: false, onnotice: () => {} });
  // what is measured is the way through, so no budget may end
  await sql.unsafe(`
    create schema bench;
    create table bench.bare (id text primary key, request jsonb not null);
    grant usage on schema bench to payments_owner;
    grant insert on bench.bare to payments_owner;
    update payments_private.settings set stripe_burst = 100000000, stripe_interval_seconds = 0.000001,
      user_burst = 1000000, address_burst = 1000000`);
  await sql.end();
}

/** Users from number `first` to `last`, each with a session, a customer and buckets of their own. */
async function addUsers(url: string, first: number, last: number): Promise<void> {
  const sql = postgres(url, { max: 1, ssl: false, onnotice: () => {} });
  const id = (prefix: string) => `('${prefix}-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid`;
  const from = `from generate_series(${first}, ${last}) as n`;
  await sql.unsafe(`
    set session_replication_role = replica;
    insert into auth.users (id, aud, role, email, is_anonymous)
      select ${
    id("00000000")
  }, 'authenticated', 'authenticated', n || '@example.com', false ${from};
    insert into auth.sessions (id, user_id, created_at) select ${id("10000000")}, ${
    id("00000000")
  }, now() ${from};
    insert into payments.customers (id, user_id, created_at) select 'cus_' || n, ${
    id("00000000")
  }, now() ${from};
    insert into payments_private.user_holds (user_id, reason, placed_by, released_by, released_at, release_reason)
      select ${id("00000000")}, 'bench', 'bench', 'bench', now(), 'bench' ${from} where n % 10 = 0;
    insert into payments_private.rate_limits (bucket, subject, arrival_at)
      select b, case b when 'user' then ${
    id("00000000")
  }::text else lpad(to_hex(n), 32, '0') end, now()
      ${from} cross join unnest(array['user', 'address']) as b;
    set session_replication_role = origin`);
  await sql`analyze`;
  await sql`checkpoint`;
  await sql.end();
}

interface Round {
  bare: number;
  authorize: number;
  audited: number;
}

async function compare(
  context: BenchContext,
  url: string,
  connections: number,
  users: number,
): Promise<void> {
  const pool = await openStatementPool(url, "payments_owner", connections);
  const calls = CALLS[connections] ?? 500;
  const rounds: Round[] = [];
  try {
    for (let index = 0; index <= ROUNDS; index++) {
      const requests = Array.from({ length: calls }, () => request(context.random, users));
      const times = await oneRound(pool, requests, index % 2 === 0);
      if (index > 0) rounds.push(times); // the first one warms caches and plans
    }
  } finally {
    await pool.close();
  }
  const perSecond = (of: keyof Round) => round(median(rounds.map((r) => calls / r[of] * 1000)), 0);
  const costs = rounds.map(({ bare, audited }) => round(audited / bare));
  context.report({
    bench: "authorize",
    connections,
    users,
    bare_per_second: perSecond("bare"),
    authorize_per_second: perSecond("authorize"),
    audited_per_second: perSecond("audited"),
    cost_without_audit: round(median(rounds.map(({ bare, authorize }) => authorize / bare))),
    cost: round(median(costs)),
    aim: AIM,
    blocks_each: await blocksEach(url, context.random, users),
    costs,
    calls: calls * ROUNDS,
  });
}

/**
 * Blocks of 8 kB that a call with its audit row looks at, in memory or not: the cost that no other work
 * on the machine disturbs.
 */
async function blocksEach(url: string, random: () => number, users: number): Promise<number> {
  const sql = postgres(url, { max: 1, ssl: false, onnotice: () => {} });
  const looked = async () => {
    const [row] = await sql`
      select pg_stat_clear_snapshot(), (blks_hit + blks_read)::float8 as blocks
      from pg_stat_database where datname = current_database()`;
    return Number(row?.["blocks"]);
  };
  const count = async (calls: number) => {
    const before = await looked();
    const pool = await openStatementPool(url, "payments_owner", 1);
    await pool.run(WITH_AUDIT, Array.from({ length: calls }, () => [request(random, users)]));
    await pool.close(); // a connection that ends hands in its counts
    await sql`select pg_sleep(1)`;
    return await looked() - before;
  };
  const calls = 1000;
  const empty = await count(1);
  const blocks = (await count(calls + 1) - empty) / calls;
  await sql.end();
  return round(blocks, 1);
}

async function oneRound(
  pool: StatementPool,
  requests: readonly string[],
  bareFirst: boolean,
): Promise<Round> {
  const bare = () => pool.run(BARE, requests.map((one) => [crypto.randomUUID(), one]));
  const authorize = () => pool.run(AUTHORIZE, requests.map((one) => [one]));
  const first = bareFirst ? await bare() : await authorize();
  const second = bareFirst ? await authorize() : await bare();
  return {
    bare: bareFirst ? first : second,
    authorize: bareFirst ? second : first,
    audited: await pool.run(WITH_AUDIT, requests.map((one) => [one])),
  };
}

/** A request of some user, as customer-portal sends it; its address is that user's own. */
function request(random: () => number, users: number): string {
  const n = Math.floor(random() * users) + 1;
  const id = (prefix: string) => `${prefix}-0000-4000-8000-${n.toString(16).padStart(12, "0")}`;
  return JSON.stringify({
    user_id: id("00000000"),
    session_id: id("10000000"),
    address_hash: n.toString(16).padStart(32, "0"),
    request_id: crypto.randomUUID(),
    key_fingerprint: "0123456789abcdef",
  });
}
