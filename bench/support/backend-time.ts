import { readFile } from "node:fs/promises";
import postgres from "postgres";

/** Processor time that the sessions of a database have taken. Does not grow when others use the cores. */
export interface BackendTime {
  /** Microseconds so far. */
  read(): Promise<number>;
  close(): Promise<void>;
}

/** Watches the sessions that are open now, its own aside. Linux only: reads /proc/<pid>/schedstat. */
export async function watchBackends(url: string): Promise<BackendTime> {
  const sql = postgres(url, { max: 1, ssl: false, onnotice: () => {} });
  const sessions = await sql<{ pid: number }[]>`
    select a.pid from pg_stat_activity as a
    where a.backend_type = 'client backend' and a.pid <> pg_backend_pid()`;
  return {
    async read() {
      const each = await Promise.all(sessions.map(async ({ pid }) => {
        const [nanoseconds] = (await readFile(`/proc/${pid}/schedstat`, "utf8")).split(" ");
        return Number(nanoseconds) / 1000;
      }));
      return each.reduce((sum, one) => sum + one, 0);
    },
    close: () => sql.end(),
  };
}
