import { afterEach, expect, test, vi } from "vitest";
import { type Scheduler, startScheduler } from "../../../dev/stack/scheduler.ts";

let scheduler: Scheduler | undefined;
let server: Deno.HttpServer<Deno.NetAddr> | undefined;

afterEach(async () => {
  await scheduler?.stop();
  await server?.shutdown();
});

test("calls the worker with its key in apikey and an empty task list, again and again", async () => {
  const seen: {
    path: string;
    apikey: string | null;
    authorization: string | null;
    body: unknown;
  }[] = [];
  await schedule(async (request) => {
    const { headers } = request;
    seen.push({
      path: new URL(request.url).pathname,
      apikey: headers.get("apikey"),
      authorization: headers.get("authorization"),
      body: await request.json(),
    });
    return Response.json({ tasks: {} });
  });
  await vi.waitFor(() => expect(seen.length).toBeGreaterThan(2));
  expect(seen[0]).toEqual({
    path: "/payments-worker",
    apikey: "sb_secret_w",
    authorization: null,
    body: {},
  });
});

test("never calls it twice at once", async () => {
  let running = 0;
  let most = 0;
  let calls = 0;
  await schedule(async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 60));
    running--;
    calls++;
    return Response.json({});
  });
  await vi.waitFor(() => expect(calls).toBeGreaterThan(2));
  expect(most).toBe(1);
});

test("says a failure once, and again only after it changed", async () => {
  const statuses = [500, 500, 500, 200, 500];
  let turn = 0;
  const said = await schedule(() => new Response(null, { status: statuses[turn++] ?? 200 }));
  await vi.waitFor(() => expect(turn).toBeGreaterThan(statuses.length));
  const failure = "scheduler: payments-worker answered 500";
  expect(said).toEqual([failure, failure]);
});

/** Starts a worker that answers so, and the scheduler; returns what the scheduler logs. */
async function schedule(worker: Deno.ServeHandler): Promise<string[]> {
  const said: string[] = [];
  server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, worker);
  scheduler = startScheduler({
    functionsUrl: `http://127.0.0.1:${server.addr.port}`,
    workerKey: "sb_secret_w",
    intervalMs: 10,
    log: (line) => said.push(line),
  });
  return await Promise.resolve(said);
}
