// Locks taken from a second connection: they hold a race open exactly where a test wants it.
import type postgres from "postgres";
import { until } from "../../support/payments.ts";

/** Runs `act` while a transaction that ran `statement` stays open, then ends that transaction. */
export async function whileOpen<T>(
  sql: postgres.Sql,
  statement: string,
  act: (end: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const other = await sql.reserve();
  let ended = false;
  const end = async () => {
    if (ended) return;
    ended = true;
    await other.unsafe("rollback");
    other.release();
  };
  try {
    await other.unsafe("begin");
    await other.unsafe(statement);
    return await act(end);
  } finally {
    await end();
  }
}

/** Waits until somebody waits for a lock on this table. */
export async function someoneWaitsFor(sql: postgres.Sql, table: string): Promise<void> {
  await until(async () => {
    const waiting = await sql`
      select 1 from pg_catalog.pg_locks where relation = ${table}::regclass and not granted`;
    return waiting.length > 0;
  }, 5_000);
}

/** Waits until this many connections wait for locks. */
export async function waiters(sql: postgres.Sql, count: number): Promise<void> {
  await until(async () => {
    const waiting = await sql`select distinct pid from pg_catalog.pg_locks where not granted`;
    return waiting.length >= count;
  }, 5_000);
}
