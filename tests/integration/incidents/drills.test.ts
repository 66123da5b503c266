import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { runDrill } from "../../../dev/drills/run-drill.ts";
import { SCENARIOS } from "../../../dev/drills/scenarios.ts";
import { openWorld, type World } from "../../../dev/drills/world.ts";
import { stack } from "../../support/stack.ts";

let world: World;

beforeAll(() => {
  world = openWorld(stack(), stack().projectRoot);
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
afterAll(() => world?.close());

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
