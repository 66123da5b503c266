import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import {
  type Belongings,
  belongingsOf,
  leftOf,
  runStack,
  type StackProcess,
  stateOf,
} from "./stack-process.ts";

// Two stacks for all of it: each start costs seconds, and side by side is itself one of the promises.
let folder: string;
let portBase: number;
let first: StackProcess;
let second: StackProcess;

beforeAll(async () => {
  folder = await Deno.makeTempDir({ prefix: "payments-lifecycle-" });
  portBase = freeRange(20);
  first = runStack(folder, { PAYMENTS_STACK_PORT_BASE: String(portBase) });
  second = runStack(folder);
  await Promise.all([first.ready, second.ready]);
});

afterAll(async () => {
  // Whatever failed above, nothing of it stays.
  for (const stack of [first, second]) {
    const pid = await belongingsOf(stack).then(({ pids }) => pids[0], () => undefined);
    if (pid !== undefined) Deno.kill(pid, "SIGTERM");
    await stack.ended;
  }
  await Deno.remove(folder, { recursive: true });
});

describe("npm run stack", () => {
  test("writes a state file that only its owner can read, with the contract's keys", async () => {
    const { mode } = await Deno.stat(first.stateFile);
    expect((mode ?? 0) & 0o777).toBe(0o600);
    expect(Object.keys(JSON.parse(await Deno.readTextFile(first.stateFile))).toSorted()).toEqual([
      "auditPublicKeys",
      "auditSigningKey",
      "dbUrl",
      "functionsUrl",
      "publishableKey",
      "secretKey",
      "stripeSecretKey",
      "stripeUrl",
      "supabaseUrl",
      "webUrl",
      "webhookSecret",
      "workerKey",
    ]);
  });

  test("takes its ports from PAYMENTS_STACK_PORT_BASE up", async () => {
    const { supabaseUrl, dbUrl, stripeUrl, webUrl } = await stateOf(first);
    const ports = [supabaseUrl, dbUrl, stripeUrl, webUrl].map((url) => Number(new URL(url).port));
    expect(ports).toEqual([portBase, portBase + 1, portBase + 2, portBase + 3]);
  });

  test("runs twice side by side, each with its own keys and users", async () => {
    const [one, two] = await Promise.all([stateOf(first), stateOf(second)]);
    expect(await signUpStatus(one.supabaseUrl, one.publishableKey)).toBe(200);
    expect(await signUpStatus(two.supabaseUrl, two.publishableKey)).toBe(200);
    expect(await signUpStatus(two.supabaseUrl, one.publishableKey)).toBe(401);
  });

  test("names the port and the variable when a port is taken, and leaves nothing", async () => {
    const third = runStack(folder, { PAYMENTS_STACK_PORT_BASE: String(portBase) });
    expect(await third.ended).toBe(1);
    const said = third.lines.filter((line) => line.startsWith("Port "));
    expect(said).toEqual([
      `Port ${portBase} is taken: stop what listens there, or set PAYMENTS_STACK_PORT_BASE to a free range`,
    ]);
    await expect(Deno.stat(third.stateFile)).rejects.toThrow();
  });

  test("does not take over the state file of a running stack", async () => {
    const before = await Deno.readTextFile(first.stateFile);
    const third = runStack(folder, { PAYMENTS_STACK_STATE: first.stateFile });
    expect(await third.ended).toBe(1);
    expect(third.lines.some((line) => line.includes("belongs to the running stack"))).toBe(true);
    expect(await Deno.readTextFile(first.stateFile)).toBe(before);
  });

  test("leaves no process, port, folder or state file after SIGTERM", async () => {
    const belongings = await belongingsOf(first);
    expect(belongings.pids.length).toBeGreaterThan(2);
    first.npm.kill("SIGTERM");
    expect(await first.ended).toBe(0);
    await expectNothingLeft(belongings);
  });

  test("leaves nothing within seconds when its supervisor is killed", async () => {
    const belongings = await belongingsOf(second);
    const [supervisor = 0] = belongings.pids;
    Deno.kill(supervisor, "SIGKILL");
    await second.ended;
    await expectNothingLeft(belongings);
  });
});

async function expectNothingLeft(belongings: Belongings): Promise<void> {
  await vi.waitFor(async () => expect(await leftOf(belongings)).toEqual([]), {
    timeout: 8_000,
    interval: 100,
  });
}

async function signUpStatus(supabaseUrl: string, publishableKey: string): Promise<number> {
  const response = await fetch(`${supabaseUrl}/auth/v1/signup`, {
    method: "POST",
    headers: { apikey: publishableKey, "content-type": "application/json" },
    body: JSON.stringify({ email: "same@example.com", password: "a long enough password" }),
  });
  await response.body?.cancel();
  return response.status;
}

/** The first of `count` ports in a row that are all free now, below the range the kernel hands out by itself. */
function freeRange(count: number): number {
  for (let base = 20_000 + Math.floor(Math.random() * 8_000);; base += count) {
    const ports = Array.from({ length: count }, (_, index) => base + index);
    if (ports.every(isFree)) return base;
  }
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch {
    return false;
  }
}
