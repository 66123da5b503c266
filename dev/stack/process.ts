/** Keeps account of the processes that must not outlive the supervisor. */
export interface ProcessGuard {
  addProcess(pid: number, signal: Deno.Signal): void;
  removeProcess(pid: number): void;
}

/** Ends a child by its own id: `signal` first, SIGKILL when it is still there after `graceMs`. */
export async function endProcess(
  child: Deno.ChildProcess,
  signal: Deno.Signal,
  graceMs: number,
): Promise<void> {
  const ended = child.status.then(() => true);
  sendSignal(child, signal);
  if (await Promise.race([ended, afterMs(graceMs).then(() => false)])) return;
  sendSignal(child, "SIGKILL");
  await ended;
}

/** Tells the guard about a child for as long as it lives. */
export function guardProcess(
  guard: ProcessGuard,
  child: Deno.ChildProcess,
  signal: Deno.Signal,
): void {
  guard.addProcess(child.pid, signal);
  void child.status.then(() => guard.removeProcess(child.pid));
}

/** Resolves after `ms` milliseconds without keeping the runtime alive. */
export function afterMs(ms: number): Promise<void> {
  return new Promise((resolve) => Deno.unrefTimer(setTimeout(resolve, ms)));
}

function sendSignal(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch (error) {
    // It ended between the decision and the signal.
    if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
  }
}
