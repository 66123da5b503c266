import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import postgres from "postgres";

/** Reads one of this folder's SQL files. */
export function readSql(name: string): Promise<string> {
  return Deno.readTextFile(join(dirname(fileURLToPath(import.meta.url)), name));
}

/** A URL of the stack's database, without a query string. */
export function databaseUrl(user: string, password: string, port: number): string {
  return `postgresql://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`;
}

/** A small pool that stays quiet about notices. */
export function connect(url: string, max = 1): postgres.Sql {
  return postgres(url, { max, ssl: false, onnotice: () => {} });
}
