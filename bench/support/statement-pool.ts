import type { Order } from "./statement-worker.ts";

const THREADS = 2;

/** Connections over which rows of parameters are worked off as fast as they can. */
export interface StatementPool {
  /** Milliseconds until every row has been committed. */
  run(statement: string, rows: readonly string[][]): Promise<number>;
  close(): Promise<void>;
}

/** Opens `connections` connections as a database role, spread over threads. */
export async function openStatementPool(
  url: string,
  role: string,
  connections: number,
): Promise<StatementPool> {
  const threads = Math.min(THREADS, connections);
  const workers = Array.from(
    { length: threads },
    () => new Worker(new URL("./statement-worker.ts", import.meta.url), { type: "module" }),
  );
  await Promise.all(
    workers.map((worker) =>
      order(worker, { open: { url, role, connections: connections / threads } })
    ),
  );
  return {
    async run(statement, rows) {
      const startedAt = performance.now();
      await Promise.all(workers.map((worker, index) =>
        order(worker, {
          run: { statement, rows: rows.filter((_, row) => row % threads === index) },
        })
      ));
      return performance.now() - startedAt;
    },
    async close() {
      await Promise.all(workers.map((worker) => order(worker, { close: true })));
      for (const worker of workers) worker.terminate();
    },
  };
}

function order(worker: Worker, what: Order): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => data === "done" ? resolve() : reject(new Error(String(data)));
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage(what);
  });
}
