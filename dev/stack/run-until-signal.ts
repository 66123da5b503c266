import { PortTakenError } from "./ports.ts";
import { afterMs } from "./process.ts";
import { StateFileHeldError } from "./state.ts";

const parentPollMs = 250;
const startGraceMs = 5_000;

/** Something that was started and can be stopped. */
export interface Stoppable {
  stop(): Promise<void>;
}

/**
 * Starts something, waits for SIGTERM, SIGINT or SIGHUP, stops it and ends the process. A signal that arrives during the start is
 * obeyed as soon as the start is over, or after five seconds.
 */
export async function runUntilSignal(start: () => Promise<Stoppable>): Promise<never> {
  const signalled = new Promise<void>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
      Deno.addSignalListener(signal, () => resolve());
    }
    onLostParent(resolve);
  });
  try {
    const starting = start();
    const running = await Promise.race([starting, signalled.then(() => startedInTime(starting))]);
    await signalled;
    await running?.stop();
  } catch (error) {
    console.error(describe(error));
    Deno.exit(1);
  }
  Deno.exit(0);
}

/** What a signal found half-started is left to the watchdog if it takes too long. */
async function startedInTime(starting: Promise<Stoppable>): Promise<Stoppable | undefined> {
  return await Promise.race([starting, afterMs(startGraceMs).then(() => undefined)]);
}

/**
 * npm hands SIGTERM on, but when npm itself is killed nobody tells us: the change of parent does. Only under npm, because a stack
 * that a shell put into the background is meant to outlive it.
 */
function onLostParent(notify: () => void): void {
  if (Deno.env.get("npm_lifecycle_event") === undefined) return;
  const parent = Deno.ppid;
  const timer = setInterval(() => {
    if (Deno.ppid !== parent) notify();
  }, parentPollMs);
  Deno.unrefTimer(timer);
}

/** What a person can act on gets one line; a fault of the stack keeps its stack trace. */
function describe(error: unknown): string {
  if (error instanceof PortTakenError || error instanceof StateFileHeldError) return error.message;
  if (Deno.env.get("PAYMENTS_STACK_DEBUG") !== "1" && error instanceof Error) return error.message;
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
