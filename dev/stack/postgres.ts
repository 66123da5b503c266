import { chown } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "./log.ts";
import { readLines } from "./log.ts";
import {
  type Account,
  locatePostgres,
  postgresAccount,
  type PostgresBinaries,
} from "./postgres-binaries.ts";
import type { PortPlan } from "./ports.ts";
import { afterMs, endProcess, guardProcess, type ProcessGuard } from "./process.ts";

/** How the server goes down: waits for nobody, ends sessions, or crashes. */
export type RestartMode = "fast" | "immediate" | "kill";

export interface PostgresServer {
  readonly port: number;
  restart(mode: RestartMode): Promise<void>;
  stop(): Promise<void>;
}

export interface PostgresOptions {
  /** The stack's own temporary folder; the cluster is made below it. */
  folder: string;
  ports: PortPlan;
  superuserPassword: string;
  /** Flush to disk at commit, as a real server does. Off by default: nothing here outlives the stack. */
  durable: boolean;
  guard: ProcessGuard;
  log: Log;
  /** Another server than the one that npm installs. */
  binaries?: PostgresBinaries;
  /** Settings on top of the stack's own. */
  settings?: Readonly<Record<string, string>>;
}

export const superuser = "supabase_admin";

const stopGraceMs = 5_000;
const readyTimeoutMs = 30_000;
const portAttempts = 5;
const restartAttempts = 20;
const restartPauseMs = 250;
const signalOf = { fast: "SIGINT", immediate: "SIGQUIT", kill: "SIGKILL" } as const;

/** Makes a new cluster and starts a server on it, reachable on 127.0.0.1 only. */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const account = await postgresAccount();
  const binaries = options.binaries ?? await locatePostgres(account, options.folder);
  const dataFolder = join(options.folder, "postgres");
  await initialise(binaries, dataFolder, account, options);
  const start = (port: number) => launch(binaries, dataFolder, account, port, options);
  const { port, child: first } = await startOnFreePort(start, options.ports);
  let child = first;
  return {
    port,
    async restart(mode) {
      await endProcess(child, signalOf[mode], stopGraceMs);
      child = await startAgain(() => start(port));
    },
    stop: () => endProcess(child, "SIGINT", stopGraceMs),
  };
}

async function initialise(
  binaries: PostgresBinaries,
  dataFolder: string,
  account: Account | undefined,
  options: PostgresOptions,
): Promise<void> {
  await Deno.mkdir(dataFolder, { mode: 0o700 });
  const passwordFile = join(options.folder, "superuser-password");
  await Deno.writeTextFile(passwordFile, options.superuserPassword, { mode: 0o600 });
  if (account !== undefined) {
    for (const path of [options.folder, dataFolder, passwordFile]) {
      await chown(path, account.uid, account.gid);
    }
  }
  const { success, stderr, stdout } = await new Deno.Command(binaries.initdb, {
    args: [
      `--pgdata=${dataFolder}`,
      `--username=${superuser}`,
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--no-sync",
      "--encoding=UTF8",
      "--locale=C.UTF-8",
    ],
    ...identity(account, options),
  }).output();
  await Deno.remove(passwordFile);
  if (success) return;
  const decoder = new TextDecoder();
  throw new Error(`initdb failed:\n${decoder.decode(stdout)}${decoder.decode(stderr)}`);
}

/** A port found free may be gone a moment later; a fixed one gets no second chance. */
async function startOnFreePort(
  start: (port: number) => Promise<Deno.ChildProcess>,
  ports: PortPlan,
): Promise<{ port: number; child: Deno.ChildProcess }> {
  for (let attempt = 1;; attempt++) {
    const port = ports.next();
    try {
      return { port, child: await start(port) };
    } catch (error) {
      const taken = error instanceof Error && error.message.includes("Address already in use");
      if (!taken || ports.isFixed || attempt === portAttempts) throw error;
    }
  }
}

/**
 * The sessions of a server that was killed notice it a moment later; until then they hold its shared
 * memory, and a new server refuses to start.
 */
async function startAgain(start: () => Promise<Deno.ChildProcess>): Promise<Deno.ChildProcess> {
  for (let attempt = 1;; attempt++) {
    try {
      return await start();
    } catch (error) {
      if (attempt === restartAttempts) throw error;
      await afterMs(restartPauseMs);
    }
  }
}

async function launch(
  binaries: PostgresBinaries,
  dataFolder: string,
  account: Account | undefined,
  port: number,
  options: PostgresOptions,
): Promise<Deno.ChildProcess> {
  const child = new Deno.Command(binaries.postgres, {
    args: ["-D", dataFolder, "-p", String(port), ...serverSettings(options)],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    // Its own process group: a Ctrl-C in the terminal is the supervisor's to hand on, in its order.
    detached: true,
    ...identity(account, options),
  }).spawn();
  guardProcess(options.guard, child, "SIGQUIT");
  await untilReady(child, options);
  return child;
}

function serverSettings({ durable, settings: more = {} }: PostgresOptions): string[] {
  const settings: Record<string, string> = {
    listen_addresses: "127.0.0.1",
    // No socket in the shared /tmp; the path limit (107 bytes) rules out deep folders anyway.
    unix_socket_directories: "",
    max_connections: "100",
    timezone: "UTC",
    wal_level: "logical",
    shared_buffers: "64MB",
    log_min_messages: "warning",
    log_min_error_statement: "panic",
    lc_messages: "C",
    ...(durable ? {} : { fsync: "off", synchronous_commit: "off", full_page_writes: "off" }),
    ...more,
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

/** Whom and where the programs run as: not in the caller's folder, which the account may not enter. */
function identity(
  account: Account | undefined,
  { folder }: PostgresOptions,
): Partial<Deno.CommandOptions> {
  const common = { cwd: folder, env: { LC_ALL: "C.UTF-8", TZ: "UTC" } };
  return account === undefined ? common : { ...common, uid: account.uid, gid: account.gid };
}

/** Waits for the server's own word; its lines go to the log from then on. */
function untilReady(child: Deno.ChildProcess, options: PostgresOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const lines: string[] = [];
    const timer = setTimeout(
      () => reject(new Error("Postgres did not start in time")),
      readyTimeoutMs,
    );
    void readLines(child.stderr, (line) => {
      lines.push(line);
      options.log(line);
      if (line.includes("database system is ready to accept connections")) {
        clearTimeout(timer);
        resolve();
      }
    });
    void child.status.then(({ code }) => {
      clearTimeout(timer);
      reject(new Error(`Postgres ended with code ${code}:\n${lines.slice(-20).join("\n")}`));
    });
  });
}
