import { join } from "node:path";
import type { Log } from "./log.ts";
import { projectRoot } from "./paths.ts";
import { createPortPlan, type PortPlan } from "./ports.ts";
import type { ProcessGuard } from "./process.ts";
import { type ProjectConfig, readProjectConfig } from "./project-config.ts";
import { generateSecrets, type StackSecrets } from "./secrets.ts";
import { createStackFolder, removeStaleStacks, type StackFolder } from "./stack-folder.ts";
import type { Teardown } from "./teardown.ts";
import { createTimings, type Timings } from "./timings.ts";
import { startWatchdog, type Watchdog } from "./watchdog.ts";

/** Database roles of the functions; each has a secret key of the same name. */
export const functionRoles = [
  "payments_checkout",
  "payments_portal",
  "payments_webhook",
  "payments_worker",
  "payments_sync",
] as const;

/** What every part of one stack shares. */
export interface StackContext {
  /** Holds the folder `supabase/`. */
  root: string;
  project: ProjectConfig;
  folder: StackFolder;
  watchdog: Watchdog;
  guard: ProcessGuard;
  secrets: StackSecrets;
  ports: PortPlan;
  timings: Timings;
  teardown: Teardown;
  log: Log;
}

/** Cleans up after dead stacks, then makes the folder, the secrets and the watchdog of a new one. */
export async function prepareStack(
  options: { root?: string | undefined; portBase?: number | undefined },
  teardown: Teardown,
  log: Log,
): Promise<StackContext> {
  const timings = createTimings();
  const root = options.root ?? projectRoot;
  await removeStaleStacks(log);
  const project = await readProjectConfig(join(root, "supabase"));
  const folder = await createStackFolder();
  const watchdog = startWatchdog();
  teardown.add("watchdog", () => watchdog.close());
  watchdog.addPath(folder.path);
  teardown.add("temporary folder", () => folder.remove());
  return {
    root,
    project,
    folder,
    watchdog,
    guard: noteProcesses(watchdog, folder),
    secrets: generateSecrets(["default", ...functionRoles]),
    ports: createPortPlan(options.portBase),
    timings,
    teardown,
    log,
  };
}

/** Tells the watchdog, and writes down for a later start in case the watchdog dies too. */
function noteProcesses(watchdog: Watchdog, folder: StackFolder): ProcessGuard {
  const pids = new Set<number>();
  // At the end of a stack the folder goes before the last process has been crossed off.
  const note = () => void folder.noteChildren([...pids]).catch(() => {});
  return {
    addProcess(pid, signal) {
      watchdog.addProcess(pid, signal);
      pids.add(pid);
      note();
    },
    removeProcess(pid) {
      watchdog.removeProcess(pid);
      pids.delete(pid);
    },
  };
}
