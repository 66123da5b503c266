// Runs as a child of the stack's supervisor (see watchdog.ts) and outlives it by a moment.
import { readLines } from "./log.ts";

const processes = new Map<number, Deno.Signal>();
const paths = new Set<string>();
const graceMs = 3_000;
const pollMs = 50;

await readLines(Deno.stdin.readable, (line) => {
  const [word, value, signal] = JSON.parse(line);
  if (word === "add-process") processes.set(Number(value), signal);
  else if (word === "remove-process") processes.delete(Number(value));
  else if (word === "add-path") paths.add(value);
  else if (word === "remove-path") paths.delete(value);
  else if (word === "close") Deno.exit(0);
});

// The pipe closed without a goodbye: the supervisor is dead.
for (const [pid, signal] of processes) trySignal(pid, signal);
for (let waited = 0; waited < graceMs && processes.size > 0; waited += pollMs) {
  await new Promise((resolve) => setTimeout(resolve, pollMs));
  for (const pid of processes.keys()) if (!trySignal(pid, "SIGCONT")) processes.delete(pid);
}
for (const pid of processes.keys()) trySignal(pid, "SIGKILL");
for (const path of paths) await Deno.remove(path, { recursive: true }).catch(() => {});

/** False when there is no such process any more. */
function trySignal(pid: number, signal: Deno.Signal): boolean {
  try {
    Deno.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}
