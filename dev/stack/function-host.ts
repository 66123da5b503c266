import { join } from "node:path";
import { type FunctionProcess, startFunction } from "./function-process.ts";
import type { Log } from "./log.ts";
import type { ProcessGuard } from "./process.ts";
import type { PortPlan } from "./ports.ts";
import type { ProjectConfig } from "./project-config.ts";

/** All edge functions of the project, each in its own process. */
export interface FunctionHost {
  has(name: string): boolean;
  /** Where a function listens, or undefined while it is down. */
  portOf(name: string): number | undefined;
  /** False when the function does its own authentication. */
  verifiesJwt(name: string): boolean;
  restart(name: string): Promise<void>;
  kill(name: string): Promise<void>;
  logs(name: string): string[];
  stop(): Promise<void>;
}

export interface FunctionHostOptions {
  supabaseFolder: string;
  project: ProjectConfig;
  /** Given when the stack has a port base; free ports otherwise. */
  ports: PortPlan | undefined;
  env: Record<string, string>;
  allowedHosts: readonly string[];
  guard: ProcessGuard;
  log: Log;
}

/** Starts the functions that config.toml names and that have an index.ts, in parallel. */
export async function startFunctions(options: FunctionHostOptions): Promise<FunctionHost> {
  const names = await functionNames(options);
  const starts = await Promise.allSettled(
    names.map((name) => startFunction({ ...options, name, port: options.ports?.next() ?? 0 })),
  );
  const processes = new Map<string, FunctionProcess>();
  for (const start of starts) {
    if (start.status === "fulfilled") processes.set(start.value.name, start.value);
  }
  const stop = async () => {
    await Promise.all([...processes.values()].map((process) => process.stop()));
  };
  const failed = names.filter((name) => !processes.has(name));
  if (failed.length > 0) {
    await stop();
    const reasons = starts.filter((start) => start.status === "rejected").map((start) =>
      String(start.reason)
    );
    throw new Error(`Functions that did not start: ${failed.join(", ")} (${reasons.join("; ")})`);
  }
  const find = (name: string) => {
    const process = processes.get(name);
    if (process === undefined) throw new Error(`There is no function named ${name}`);
    return process;
  };
  return {
    has: (name) => processes.has(name),
    portOf: (name) => processes.get(name)?.port(),
    verifiesJwt: (name) => options.project.functions[name]?.verify_jwt ?? true,
    restart: (name) => find(name).restart(),
    kill: (name) => find(name).kill(),
    logs: (name) => find(name).logs(),
    stop,
  };
}

async function functionNames(options: FunctionHostOptions): Promise<string[]> {
  const enabled = Object.entries(options.project.functions).filter(([, { enabled }]) => enabled);
  const names: string[] = [];
  for (const [name] of enabled) {
    const entry = join(options.supabaseFolder, "functions", name, "index.ts");
    if (await Deno.stat(entry).then(() => true, () => false)) names.push(name);
    else options.log(`function ${name} has no index.ts and is not served`);
  }
  return names;
}
