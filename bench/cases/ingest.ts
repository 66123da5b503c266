import postgres from "postgres";
import { startStack } from "../../dev/stack/start-stack.ts";
import { type BackendTime, watchBackends } from "../support/backend-time.ts";
import { type BenchCase, type BenchContext, median, round } from "../support/bench-case.ts";
import { type BenchEvent, EVENTS_EACH, makeEvents, takeTurns } from "../support/events.ts";
import { PLAIN_PROTOTYPE } from "../support/plain-prototype.ts";
import { openStatementPool, type StatementPool } from "../support/statement-pool.ts";

const INGEST = "select payments.ingest_event(($1::text)::jsonb)";
const PROTOTYPE = "select bench.plain_prototype(($1::text)::jsonb)";
const BARE = "insert into bench.bare (event_id, event) values ($1, ($2::text)::jsonb)";
const ROUNDS = 8;
/** Subscribers in a round, by the number of connections; ten events each. */
const SUBSCRIBERS: Readonly<Record<number, number>> = { 1: 40, 8: 100, 32: 100 };
/** Events that each connection takes in before anything counts: Postgres plans a statement five times before it keeps a plan. */
const WARM_UP_EACH = 100;
/** What a plain prototype's successor is to reach. */
const AIMS: Readonly<Record<number, number>> = { 1: 0.7, 8: 0.65, 32: 0.6 };

/**
 * `ingest_event` against an insert of the same event into a table with nothing but a primary key, both
 * committed one by one, in turns on one Postgres with fsync on.
 */
export const ingestCase: BenchCase = {
  name: "ingest",
  what: "ingest_event against a bare insert and commit, at 1, 8 and 32 connections; and duplicates",
  async run(context) {
    const stack = await startStack({
      durable: true,
      withFunctions: false,
      schedulerIntervalMs: null,
      stateFile: null,
    });
    try {
      const { dbUrl } = stack.state;
      await prepare(dbUrl);
      for (const connections of [1, 8, 32]) await compare(context, dbUrl, connections, "turns");
      await compare(context, dbUrl, 32, "in a row");
    } finally {
      await stack.stop();
    }
  },
};

async function prepare(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, ssl: false, onnotice: () => {} });
  await sql.unsafe(`
    create schema bench;
    create table bench.bare (
      event_id text primary key, event jsonb not null, received_at timestamptz not null default now());
    grant usage on schema bench to payments_webhook;
    grant insert on bench.bare to payments_webhook;
    ${PLAIN_PROTOTYPE}`);
  await sql.end();
}

/** Of a round's events: milliseconds until all were committed, and microseconds of the sessions' processor time. */
interface Taken {
  ms: number;
  backendUs: number;
}

interface Round {
  bare: Taken;
  prototype: Taken;
  ingest: Taken;
  duplicate: Taken;
}

/** In turns, or every subscriber's events in a row: 32 connections then wait for three subscribers' rows. */
type Order = "turns" | "in a row";

async function compare(
  context: BenchContext,
  url: string,
  connections: number,
  order: Order,
): Promise<void> {
  const pool = await openStatementPool(url, "payments_webhook", connections);
  const backends = await watchBackends(url);
  const subscribers = SUBSCRIBERS[connections] ?? 100;
  const warmUp = Math.ceil(connections * WARM_UP_EACH / EVENTS_EACH);
  const rounds: Round[] = [];
  try {
    for (let index = 0; index <= ROUNDS; index++) {
      const makers = index === 0 ? Math.max(subscribers, warmUp) : subscribers;
      const made = await makeEvents(context.random, makers, Math.floor(Date.now() / 1000));
      const events = order === "turns" ? takeTurns(made) : made;
      const times = await oneRound({ pool, backends }, events, index % 2 === 0);
      if (index > 0) rounds.push(times);
    }
  } finally {
    await backends.close();
    await pool.close();
  }
  const each = subscribers * EVENTS_EACH;
  const perSecond = (of: keyof Round) =>
    round(median(rounds.map((r) => each / r[of].ms * 1000)), 0);
  const backendUs = (of: keyof Round) =>
    round(median(rounds.map((r) => r[of].backendUs / each)), 0);
  const ratios = rounds.map(({ bare, ingest }) => round(bare.ms / ingest.ms));
  const prototypes = rounds.map(({ bare, prototype }) => round(bare.ms / prototype.ms));
  context.report({
    bench: "ingest",
    connections,
    order,
    bare_per_second: perSecond("bare"),
    ingest_per_second: perSecond("ingest"),
    ratio: round(median(ratios)),
    prototype_ratio: round(median(prototypes)),
    aim: order === "turns" ? AIMS[connections] ?? null : null,
    ratios,
    bare_backend_us: backendUs("bare"),
    prototype_backend_us: backendUs("prototype"),
    ingest_backend_us: backendUs("ingest"),
    events: each * ROUNDS,
  });
  context.report({
    bench: "duplicate",
    connections,
    order,
    duplicate_per_second: perSecond("duplicate"),
    cost: round(median(rounds.map(({ duplicate, ingest }) => duplicate.ms / ingest.ms))),
  });
}

async function oneRound(
  on: { pool: StatementPool; backends: BackendTime },
  events: readonly BenchEvent[],
  bareFirst: boolean,
): Promise<Round> {
  const take = async (statement: string, rows: readonly string[][]): Promise<Taken> => {
    const before = await on.backends.read();
    const ms = await on.pool.run(statement, rows);
    return { ms, backendUs: await on.backends.read() - before };
  };
  const bare = () => take(BARE, events.map(({ id, ingest }) => [id, ingest]));
  const prototype = () => take(PROTOTYPE, events.map((event) => [event.ingest]));
  const ingest = () => take(INGEST, events.map((event) => [event.ingest]));
  const first = bareFirst ? await bare() : await ingest();
  const middle = await prototype();
  const last = bareFirst ? await ingest() : await bare();
  return {
    bare: bareFirst ? first : last,
    prototype: middle,
    ingest: bareFirst ? last : first,
    duplicate: await ingest(),
  };
}
