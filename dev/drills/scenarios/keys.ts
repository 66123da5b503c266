import { isOpen, type Scenario, statusOf, stripeId } from "../scenario.ts";
import { type Person, until, type World } from "../world.ts";

/** A thief has the key and pays somebody's money back. */
export const secretKeyLeaked: Scenario = {
  name: "secret-key-leaked",
  cause: async (world) => {
    const customer = await buyer(world);
    const [payment] = await world.sql`
      select id from payments.payments where user_id = ${customer.id} and status = 'succeeded'`;
    const response = await world.stripe("refunds", { payment_intent: String(payment?.["id"]) });
    const refund: unknown = Object(await response.json())["id"];
    const someone = await world.signUp();
    return {
      values: { object: String(refund) },
      // a refund that nobody here has asked for
      shows: async () =>
        (await world.sql`select from payments.refunds as r where r.id = ${String(refund)}
          and not exists (select from payments_private.refund_requests as q where q.refund_id = r.id)`)
          .length === 1,
      contained: async () => await statusOf(world.checkout(someone)) === 503,
      over: () => isOpen(world),
    };
  },
};

/** Somebody has the webhook's secret and tries it with an event about nobody. */
export const webhookSecretLeaked: Scenario = {
  name: "webhook-secret-leaked",
  cause: async (world) => {
    const attempt = () => {
      const object = { id: stripeId("cus"), object: "customer", created: 1, metadata: {} };
      return world.forge({ id: stripeId("evt"), type: "customer.updated", object });
    };
    const fingerprint = await world.secretFingerprint();
    await statusOf(attempt());
    return {
      values: { fingerprint },
      shows: async () =>
        (await world.sql`select from payments_private.processed_events
          where secret_fingerprint = ${fingerprint} limit 1`).length === 1,
      contained: async () => await statusOf(attempt()) === 503,
      over: async () => await statusOf(attempt()) === 200,
    };
  },
};

/** Events about a customer of ours that Stripe did not send; one reuses an id. */
export const forgedEvents: Scenario = {
  name: "forged-events",
  cause: async (world) => {
    const victim = await buyer(world);
    const [row] = await world.sql`select id from payments.customers where user_id = ${victim.id}`;
    const object = { id: String(row?.["id"]), object: "customer", created: 1, metadata: {} };
    const id = stripeId("evt");
    await statusOf(world.forge({ id, type: "customer.updated", object }));
    await statusOf(world.forge({ id, type: "customer.deleted", object }));
    const again = () => world.forge({ id: stripeId("evt"), type: "customer.updated", object });
    return {
      values: { fingerprint: await world.secretFingerprint(), user: victim.id },
      shows: async () =>
        (await world.sql`select from payments_private.alerts
          where rule = 'event_id_reused' and subject = ${id}`).length === 1,
      contained: async () => await statusOf(again()) === 503,
      over: async () =>
        await statusOf(again()) === 200 && (await world.sql`
          select from payments_private.user_holds
          where user_id = ${victim.id} and released_at is null`).length === 0,
    };
  },
};

/** Somebody who has bought a subscription, and whose payment has come in. */
export async function buyer(world: World): Promise<Person> {
  const person = await world.signUp();
  const session: unknown = Object(await (await world.checkout(person)).json())["id"];
  await statusOf(
    world.twin(`checkout_sessions/${String(session)}/pay`, { card: "4242424242424242" }),
  );
  await until(
    "a purchase arrives",
    async () =>
      (await world
        .sql`select from payments.payments as p join payments.subscriptions as s using (user_id)
      where p.user_id = ${person.id} and p.status = 'succeeded' and s.status = 'active'`).length >
        0,
  );
  return person;
}
