import { isOpen, type Scenario, statusOf } from "../scenario.ts";
import { until } from "../world.ts";
import { buyer } from "./keys.ts";

/** Stripe answers 500 to everything. */
export const stripeOutage: Scenario = {
  name: "stripe-outage",
  cause: async (world) => {
    await statusOf(world.twin("faults", { api: [{ kind: "500" }] }));
    const someone = await world.signUp();
    return {
      values: {},
      shows: async () => await statusOf(world.checkout(someone)) === 502,
      contained: async () => {
        const response = await world.checkout(someone);
        await response.body?.cancel();
        return response.status === 503 && response.headers.has("retry-after");
      },
      repair: async () => {
        await statusOf(world.twin("faults", {}));
      },
      over: () => isOpen(world),
    };
  },
};

/** A purchase is missing, as after a restore from a backup that is older. */
export const databaseRestore: Scenario = {
  name: "database-restore",
  cause: async (world) => {
    const customer = await buyer(world);
    const [row] = await world.sql`
      select id from payments.subscriptions where user_id = ${customer.id}`;
    const subscription = String(row?.["id"]);
    await world
      .sql`delete from payments.subscription_items where subscription_id = ${subscription}`;
    await world.sql`delete from payments.subscriptions where id = ${subscription}`;
    await world
      .sql`delete from payments_private.mirrored_objects where object_id = ${subscription}`;
    const here = async () =>
      (await world.sql`select from payments.subscriptions where id = ${subscription}`).length === 1;
    return {
      values: {},
      shows: async () => !await here(),
      contained: async () => await statusOf(world.checkout(customer)) === 503,
      repair: async () => {
        await world
          .sql`update payments_private.reconcile_runs set finished_at = null where mode = 'scan'`;
        await until("the scan brings the purchase back", async () => {
          await statusOf(world.worker(["reconcile", "refresh"]));
          return await here();
        });
      },
      over: () => isOpen(world),
    };
  },
};
