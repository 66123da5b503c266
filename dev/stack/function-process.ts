import { join } from "node:path";
import { readableVariables } from "./function-env.ts";
import type { Log } from "./log.ts";
import { readLines } from "./log.ts";
import { afterMs, endProcess, guardProcess, type ProcessGuard } from "./process.ts";

/** One edge function in a Deno process of its own. */
export interface FunctionProcess {
  readonly name: string;
  /** Where it listens now, or undefined while it is down. */
  port(): number | undefined;
  logs(): string[];
  restart(): Promise<void>;
  /** Ends it as a crash would: it comes back by itself. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

export interface FunctionProcessOptions {
  name: string;
  supabaseFolder: string;
  /** Fixed port, or 0 for a free one at each start. */
  port: number;
  env: Record<string, string>;
  /** `host:port` of everything it may reach. */
  allowedHosts: readonly string[];
  guard: ProcessGuard;
  log: Log;
}

const startTimeoutMs = 30_000;
const stopGraceMs = 3_000;
const firstBackoffMs = 200;
const longestBackoffMs = 10_000;
/** A process that lived this long had started well: the backoff begins anew. */
const stableAfterMs = 5_000;
const keptLogLines = 2_000;

/** Starts the function and waits until it listens; from then on a crash restarts it. */
export async function startFunction(options: FunctionProcessOptions): Promise<FunctionProcess> {
  const runner = new FunctionRunner(options);
  await runner.start(firstBackoffMs);
  return {
    name: options.name,
    port: () => runner.port,
    logs: () => [...runner.lines],
    restart: () => runner.restart(),
    kill: () => runner.kill(),
    stop: () => runner.stop(),
  };
}

class FunctionRunner {
  readonly lines: string[] = [];
  port: number | undefined;
  #child: Deno.ChildProcess | undefined;
  /** Counts what others ask for: a restart that has been overtaken gives up. */
  #turn = 0;

  constructor(readonly options: FunctionProcessOptions) {}

  /** @throws when the process ends before it listens; a later start may be tried */
  async start(backoffMs: number): Promise<void> {
    const child = spawnFunction(this.options);
    const startedAt = Date.now();
    this.#child = child;
    const port = await untilListening(child, (line) => this.#note(line));
    if (this.#child !== child) return;
    this.port = port;
    void child.status.then((status) => this.#onEnd(child, status, startedAt, backoffMs));
  }

  async restart(): Promise<void> {
    this.#turn++;
    await this.#end();
    await this.start(firstBackoffMs);
  }

  async kill(): Promise<void> {
    this.port = undefined;
    if (this.#child !== undefined) await endProcess(this.#child, "SIGKILL", stopGraceMs);
  }

  async stop(): Promise<void> {
    this.#turn++;
    await this.#end();
  }

  async #end(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    this.port = undefined;
    if (child !== undefined) await endProcess(child, "SIGTERM", stopGraceMs);
  }

  async #onEnd(
    child: Deno.ChildProcess,
    { code, signal }: Deno.CommandStatus,
    startedAt: number,
    backoffMs: number,
  ): Promise<void> {
    if (this.#child !== child) return;
    this.port = undefined;
    const wait = Date.now() - startedAt > stableAfterMs ? firstBackoffMs : backoffMs;
    this.#note(`ended (${signal ?? `code ${code}`}), starts again in ${wait} ms`);
    await this.#startAgain(wait);
  }

  async #startAgain(firstWaitMs: number): Promise<void> {
    const turn = this.#turn;
    for (let wait = firstWaitMs;; wait = Math.min(wait * 2, longestBackoffMs)) {
      await afterMs(wait);
      if (this.#turn !== turn) return;
      try {
        return await this.start(Math.min(wait * 2, longestBackoffMs));
      } catch (error) {
        this.#note(error instanceof Error ? error.message : String(error));
      }
    }
  }

  #note(line: string): void {
    this.lines.push(line);
    if (this.lines.length > keptLogLines) this.lines.shift();
    this.options.log(`[${this.options.name}] ${line}`);
  }
}

function spawnFunction(options: FunctionProcessOptions): Deno.ChildProcess {
  const folder = join(options.supabaseFolder, "functions", options.name);
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "serve",
      "--config",
      join(folder, "deno.json"),
      "--cached-only",
      "--no-prompt",
      `--allow-net=${options.allowedHosts.join(",")}`,
      `--allow-env=${readableVariables(options.env).join(",")}`,
      "--host",
      "127.0.0.1",
      "--port",
      String(options.port),
      join(folder, "index.ts"),
    ],
    cwd: options.supabaseFolder,
    clearEnv: true,
    env: { ...options.env, ...runtimeEnv() },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    // Its own process group: a Ctrl-C in the terminal is the supervisor's to hand on, in its order.
    detached: true,
  }).spawn();
  guardProcess(options.guard, child, "SIGTERM");
  return child;
}

/** What Deno itself reads before the function runs; the function may not read these. */
function runtimeEnv(): Record<string, string> {
  const passed = ["HOME", "PATH", "DENO_DIR", "XDG_CACHE_HOME", "TMPDIR"];
  const env: Record<string, string> = { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
  for (const name of passed) {
    const value = Deno.env.get(name);
    if (value !== undefined) env[name] = value;
  }
  return env;
}

/** Resolves with the port that Deno says it listens on. */
function untilListening(child: Deno.ChildProcess, note: Log): Promise<number> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("did not start in time")), startTimeoutMs);
    const onLine: Log = (line) => {
      const port = /Listening on http:\/\/127\.0\.0\.1:(\d+)\//.exec(line)?.[1];
      if (port === undefined) return note(line);
      clearTimeout(timer);
      resolve(Number(port));
    };
    void readLines(child.stdout, note);
    void readLines(child.stderr, onLine);
    void child.status.then(({ code }) => {
      clearTimeout(timer);
      reject(new Error(`ended with code ${code} before it listened`));
    });
  });
}
