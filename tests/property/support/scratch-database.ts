// A Postgres of its own with the real migrations, and as many copies of that database as a test wants.
import postgres from "postgres";
import { startStack } from "../../../dev/stack/start-stack.ts";
import type { CallRpc } from "../../../supabase/functions/_shared/database.ts";
import { storable } from "../../../supabase/functions/_shared/storable.ts";
import { RESET } from "./reset-tables.ts";

export interface ScratchServer {
  /** A fresh copy of the migrated database. */
  create(name: string): Promise<ScratchDatabase>;
  stop(): Promise<void>;
}

export interface ScratchDatabase {
  /** The superuser's. */
  url: string;
  /** The superuser, for arranging and looking. */
  admin: postgres.Sql;
  /** Calls as a function's database role, each in a transaction of its own. */
  as(role: string): CallRpc;
  /** Runs a call as payments_webhook and dies before the commit. */
  diesBeforeCommit(text: string, values: readonly unknown[]): Promise<void>;
  /** Empties every table of the pipeline, as before the first event. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

const quiet = {
  ssl: false as const,
  onnotice: () => {},
  fetch_types: false,
  types: {
    jsonb: {
      to: 3802,
      from: [3802],
      serialize: (value: unknown) => typeof value === "string" ? value : JSON.stringify(value),
      parse: (text: string): unknown => JSON.parse(text),
    },
  },
};
const template = "pristine";

/** Keeps a copy of a database that was just migrated, for `openScratchServer` to copy on. */
export async function keepPristine(dbUrl: string): Promise<void> {
  const server = postgres(urlOf(dbUrl, "template1"), { ...quiet, max: 1 });
  try {
    await copyDatabase(server, template, "postgres");
  } finally {
    await server.end();
  }
}

/** Databases beside the one that all tests share, in the same server: no stack has to be started. */
export function openScratchServer(dbUrl: string): ScratchServer {
  const server = postgres(urlOf(dbUrl, "template1"), { ...quiet, max: 1 });
  const names: string[] = [];
  return {
    async create(name) {
      await copyDatabase(server, name, template);
      names.push(name);
      return openDatabase(urlOf(dbUrl, name));
    },
    async stop() {
      for (const name of names) await server.unsafe(`drop database if exists ${name} with (force)`);
      await server.end();
    },
  };
}

function urlOf(dbUrl: string, database: string): string {
  return dbUrl.replace(/\/postgres$/, `/${database}`);
}

export async function startScratchServer(): Promise<ScratchServer> {
  const stack = await startStack({
    stateFile: null,
    withFunctions: false,
    schedulerIntervalMs: null,
  });
  const { dbUrl } = stack.state;
  const server = postgres(urlOf(dbUrl, "template1"), { ...quiet, max: 1 });
  await copyDatabase(server, template, "postgres");
  return {
    async create(name) {
      await copyDatabase(server, name, template);
      return openDatabase(urlOf(dbUrl, name));
    },
    async stop() {
      await server.end();
      await stack.stop();
    },
  };
}

/** The stack's own Auth and REST keep sessions open; a database is copied only while nobody is in it. */
async function copyDatabase(server: postgres.Sql, name: string, from: string): Promise<void> {
  for (let attempt = 1;; attempt++) {
    await server`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${from}`;
    try {
      await server.unsafe(`create database ${name} template ${from}`);
      return;
    } catch (error) {
      if (attempt === 20) throw error;
    }
  }
}

/** The calls and the resets of one database, by the superuser's URL. */
export function openDatabase(url: string): ScratchDatabase {
  const admin = postgres(url, { ...quiet, max: 2 });
  const roles = new Map<string, postgres.Sql>();
  const connectAs = (role: string): postgres.Sql => {
    const known = roles.get(role);
    if (known !== undefined) return known;
    const sql = postgres(url, { ...quiet, max: 2, connection: { role } });
    roles.set(role, sql);
    return sql;
  };
  return {
    url,
    admin,
    as: (role) => rpcThrough(connectAs(role)),
    async diesBeforeCommit(text, values) {
      await connectAs("payments_webhook").begin(async (transaction) => {
        await transaction.unsafe(text, [...values].map(asParameter));
        throw new Killed();
      }).catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error;
      });
    },
    reset: async () => void await admin.unsafe(RESET),
    async close() {
      await Promise.all([...roles.values(), admin].map((sql) => sql.end({ timeout: 1 })));
    },
  };
}

class Killed extends Error {}

/** What PostgREST does with an RPC: one statement, one transaction, arguments by name. */
function rpcThrough(sql: postgres.Sql): CallRpc {
  return async (name, args, result) => {
    const given: [string, unknown][] = Object.entries(storable(args));
    const list = given.map(([key], index) => `${key} => $${index + 1}`).join(", ");
    const [row] = await sql.unsafe<{ answer: unknown }[]>(
      `select payments.${name}(${list}) as answer`,
      given.map(([, value]) => asParameter(value)),
      { prepare: true },
    );
    return result.parse(asJson(row?.answer));
  };
}

/** JSON goes as its text; the driver must not encode it again. */
function asParameter(value: unknown): string | number | boolean | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
    return value;
  }
  return JSON.stringify(value);
}

/** As PostgREST would have written it: void is null, a bigint is a number. */
function asJson(answer: unknown): unknown {
  if (answer === "" || answer === undefined) return null;
  return typeof answer === "string" && /^\d+$/.test(answer) ? Number(answer) : answer;
}
