import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ProcessGuard } from "./process.ts";

/** Cleans up after a supervisor that died without a chance to do it itself. */
export interface Watchdog extends ProcessGuard {
  addPath(path: string): void;
  removePath(path: string): void;
  /** Ends the watchdog; everything it knew about is the caller's again. */
  close(): Promise<void>;
}

const script = join(dirname(fileURLToPath(import.meta.url)), "watchdog-main.ts");

/**
 * Starts a child that holds one end of a pipe. When the supervisor dies, even by SIGKILL, the pipe closes; the child then ends what
 * is on its list, each process by its id, and removes the listed paths. It is detached so that a Ctrl-C in the terminal, which
 * reaches the whole foreground group, does not end it first.
 */
export function startWatchdog(): Watchdog {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-config", "--no-lock", "--quiet", "--allow-run", "--allow-write", script],
    stdin: "piped",
    stdout: "null",
    stderr: "null",
    detached: true,
  }).spawn();
  const writer = child.stdin.getWriter();
  const encoder = new TextEncoder();
  const say = (...words: string[]) => {
    // A watchdog that is gone cannot be told anything; the stack goes on without it.
    writer.write(encoder.encode(JSON.stringify(words) + "\n")).catch(() => {});
  };
  return {
    addProcess: (pid, signal) => say("add-process", String(pid), signal),
    removeProcess: (pid) => say("remove-process", String(pid)),
    addPath: (path) => say("add-path", path),
    removePath: (path) => say("remove-path", path),
    async close() {
      say("close");
      await writer.close().catch(() => {});
      await child.status;
    },
  };
}
