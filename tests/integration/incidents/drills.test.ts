import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { runDrill } from "../../../dev/drills/run-drill.ts";
import { SCENARIOS } from "../../../dev/drills/scenarios.ts";
import { openWorld, type World } from "../../../dev/drills/world.ts";
import { functionEnv, runFunction, type RunningFunction } from "../../support/run-function.ts";
import { stack } from "../../support/stack.ts";

let world: World;
let sink: Deno.HttpServer<Deno.NetAddr>;
let worker: RunningFunction;

beforeAll(async () => {
  sink = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response(null, { status: 204 }),
  );
  const host = `127.0.0.1:${sink.addr.port}`;
  const env = functionEnv({
    PAYMENTS_NOTIFY_URL: `http://${host}/notices`,
    PAYMENTS_NOTIFY_SECRET: `whsec_${crypto.getRandomValues(new Uint8Array(32)).toBase64()}`,
  });
  worker = await runFunction("payments-worker", env, [host, new URL(stack().supabaseUrl).host]);
  world = {
    ...openWorld(stack(), stack().projectRoot),
    // the stack's own has nobody to tell
    worker: (tasks) =>
      fetch(`${worker.url}/payments-worker`, {
        method: "POST",
        headers: { apikey: stack().workerKey, "content-type": "application/json" },
        body: JSON.stringify({ tasks }),
      }),
  };
});
afterEach(async () => {
  await world.sql`update payments_private.settings set stop_all = false, stop_checkout = false`;
  await world.sql`delete from payments_private.staff_members`;
  await world.sql`delete from payments_private.legal_holds`;
  await world.sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`;
    for (const table of ["actions", "users", "searches", "notices"]) {
      await tx`delete from ${tx(`payments_private.incident_${table}`)}`;
    }
    await tx`delete from payments_private.incidents`;
  });
});
afterAll(async () => {
  await worker?.stop();
  await sink?.shutdown();
  await world?.close();
});

describe("drills", () => {
  it.each(["secret-key-leaked", "data-exposed"])(
    "10.1a 10.2c the commands of %s contain it, bring everything back and close the incident",
    async (name) => {
      const scenario = SCENARIOS.find((one) => one.name === name);
      if (scenario === undefined) throw new Error(`There is no drill ${name}`);
      const result = await runDrill(world, scenario);
      expect(result).toMatchObject({ name, passed: true, error: null });
      expect(result.contained_ms).toBeGreaterThanOrEqual(result.detected_ms ?? Infinity);
      const [row] = await world.sql`select closed_at is not null as closed
        from payments_private.incidents where id = ${result.incident}`;
      expect(row).toEqual({ closed: true });
    },
  );

  it("10.1a a runbook whose commands do not contain it fails its drill", async () => {
    const result = await runDrill(world, {
      name: "stripe-outage",
      cause: () =>
        Promise.resolve({
          values: {},
          shows: () => Promise.resolve(true),
          contained: () => Promise.reject(new Error("it goes on")),
          over: () => Promise.resolve(true),
        }),
    });
    expect(result).toMatchObject({ passed: false, contained_ms: null, error: "it goes on" });
    await world.sql`update payments_private.settings set stop_portal = false`;
  });
});
