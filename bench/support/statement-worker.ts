// Runs statements over connections of its own, in a thread of its own: one thread alone would be the
// bottleneck before Postgres is.
import postgres from "postgres";

/** What the thread is told. */
export type Order =
  | { readonly open: { readonly url: string; readonly role: string; readonly connections: number } }
  | { readonly run: { readonly statement: string; readonly rows: readonly string[][] } }
  | { readonly close: true };

const connections: postgres.ReservedSql[] = [];
let pool: postgres.Sql | undefined;

async function obey(order: Order): Promise<void> {
  if ("open" in order) {
    pool = postgres(order.open.url, {
      max: order.open.connections,
      ssl: false,
      onnotice: () => {},
      connection: { role: order.open.role },
    });
    for (let index = 0; index < order.open.connections; index++) {
      connections.push(await pool.reserve());
    }
  } else if ("run" in order) {
    const { statement, rows } = order.run;
    let next = 0;
    await Promise.all(connections.map(async (connection) => {
      for (let row = rows[next++]; row !== undefined; row = rows[next++]) {
        await connection.unsafe(statement, row, { prepare: true });
      }
    }));
  } else {
    for (const connection of connections) connection.release();
    await pool?.end();
  }
}

addEventListener("message", (event) => {
  if (!(event instanceof MessageEvent)) return;
  obey(event.data).then(
    () => postMessage("done"),
    (error: unknown) => postMessage(error instanceof Error ? error.message : "failed"),
  );
});
