import { readFile } from "node:fs/promises";
import postgres from "postgres";
import { type CommandIo, UsageError } from "../command-io.ts";
import { type DatabaseTarget, readDatabaseUrl } from "./database-target.ts";
import { readRunningStack } from "./stack-state.ts";

const CONNECT_TIMEOUT_SECONDS = 10;
const STATEMENT_TIMEOUT_MS = 30_000;

/** Where a command finds its database. */
export interface DatabaseOptions {
  readonly dbUrl?: string;
}

/** One transaction, as the owner of what it asks for. */
export interface Database {
  /** Reads tables and functions of `payments_private`; changes nothing. */
  read<T>(ask: (sql: postgres.TransactionSql) => Promise<T>): Promise<T>;
  /** Reads the audit log; changes nothing. */
  readAudit<T>(ask: (sql: postgres.TransactionSql) => Promise<T>): Promise<T>;
  /** Reads as the role of the URL, whatever that is: for the catalogue and other owners' schemas. */
  readAsSelf<T>(ask: (sql: postgres.TransactionSql) => Promise<T>): Promise<T>;
  /** Runs what changes something, whole or not at all. */
  change<T>(run: (sql: postgres.TransactionSql) => Promise<T>): Promise<T>;
}

/** Opens the database a command is about, and closes it again whatever happens. */
export async function withDatabase<T>(
  io: CommandIo,
  options: DatabaseOptions,
  use: (database: Database) => Promise<T>,
): Promise<T> {
  const target = await findTarget(io, options);
  const sql = postgres({
    host: target.host,
    port: target.port,
    user: target.user,
    password: target.password,
    database: target.database,
    ssl: await tlsSettings(target),
    max: 1,
    connect_timeout: CONNECT_TIMEOUT_SECONDS,
    connection: { application_name: "payments", statement_timeout: STATEMENT_TIMEOUT_MS },
    onnotice: () => {},
  });
  const as = <R>(role: string, mode: string, run: (sql: postgres.TransactionSql) => Promise<R>) =>
    sql.begin(mode, async (transaction) => {
      await transaction`select set_config('role', ${role}, true)`;
      return { result: await run(transaction) };
    }).then(({ result }) => result);
  try {
    return await use({
      read: (ask) => as("payments_owner", "read only", ask),
      readAudit: (ask) => as("audit_owner", "read only", ask),
      readAsSelf: (ask) => as("none", "read only", ask),
      change: (run) => as("payments_owner", "read write", run),
    });
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/**
 * `--db-url`, else the environment, else the running local stack.
 *
 * @throws UsageError for a connection without verified TLS where PAYMENTS_ENV is production
 */
export async function findTarget(io: CommandIo, options: DatabaseOptions): Promise<DatabaseTarget> {
  const target = await chooseTarget(io, options);
  if (io.env["PAYMENTS_ENV"] === "production" && target.tls !== "verified") {
    throw new UsageError(
      "PAYMENTS_ENV is production: the database's URL needs sslmode=verify-full, on this machine too",
    );
  }
  return target;
}

async function chooseTarget(io: CommandIo, { dbUrl }: DatabaseOptions): Promise<DatabaseTarget> {
  if (dbUrl !== undefined) return readDatabaseUrl(dbUrl, "--db-url");
  const fromEnvironment = io.env["PAYMENTS_DB_URL"];
  if (fromEnvironment !== undefined && fromEnvironment !== "") {
    return readDatabaseUrl(fromEnvironment, "PAYMENTS_DB_URL");
  }
  const stack = await readRunningStack(io.root);
  if (stack !== null) return readDatabaseUrl(stack.dbUrl, ".local/stack.json");
  throw new UsageError(
    "No database: start the local stack (npm run stack), or set PAYMENTS_DB_URL or --db-url",
  );
}

async function tlsSettings({ tls, authorityFile }: DatabaseTarget) {
  if (tls === "off") return false;
  return {
    rejectUnauthorized: true,
    ...(authorityFile === null ? {} : { ca: await readFile(authorityFile, "utf8") }),
  };
}
