import { afterAll, afterEach, describe, expect, it } from "vitest";
import {
  eventBody,
  outcomeOf,
  stripeClient,
  stripeId,
  subscribe,
  until,
} from "../../support/payments.ts";
import { adminSql, type SignedInUser, signUp } from "../../support/stack.ts";

const sql = adminSql();
const stripe = stripeClient();
afterEach(async () => {
  await sql`update payments_private.settings set duplicate_subscription_action = 'alert'`;
});
afterAll(() => sql.end());

interface Subscriber {
  user: SignedInUser;
  first: string;
  customer: string;
}

async function subscriber(): Promise<Subscriber> {
  const user = await signUp();
  const first = await subscribe(user);
  const [row] = await sql`select id from payments.customers where user_id = ${user.user.id}`;
  return { user, first, customer: row?.["id"] };
}

/** A second subscription, made at Stripe and not through our guard. */
async function subscribeElsewhere(
  { customer, first }: Subscriber,
  lookupKey: string,
): Promise<string> {
  const [price] = (await stripe.prices.list({ lookup_keys: [lookupKey] })).data;
  const { default_payment_method: card } = await stripe.subscriptions.retrieve(first);
  if (price === undefined || typeof card !== "string") {
    throw new Error("There is nothing to pay with");
  }
  const { id } = await stripe.subscriptions.create({
    customer,
    items: [{ price: price.id }],
    default_payment_method: card,
  });
  await until(async () => {
    const rows =
      await sql`select 1 from payments.subscriptions where id = ${id} and status = 'active'`;
    return rows.length > 0;
  });
  return id;
}

async function found(subscription: string) {
  return await until(async () => {
    const [row] = await sql`
      select d.action, d.other_id, a.severity, a.occurrences
      from payments_private.duplicate_subscriptions as d
      join payments_private.alerts as a on a.rule = 'duplicate_subscription' and a.subject = d.subscription_id
      where d.subscription_id = ${subscription}`;
    return row;
  });
}

describe("a subscription made elsewhere", () => {
  it("decision 8: to the same product raises duplicate_subscription once, about the newer one", async () => {
    const customer = await subscriber();
    const { first } = customer;
    const second = await subscribeElsewhere(customer, "starter_yearly");
    // in the same second Stripe's times do not tell which came first
    await sql`update payments.subscriptions set created_at = created_at + interval '1 minute' where id = ${second}`;
    await sql`delete from payments_private.duplicate_subscriptions where subscription_id in (${first}, ${second})`;
    await sql`delete from payments_private.alerts where subject in (${first}, ${second})`;
    for (const id of [first, second, first]) {
      await sql`select payments_private.find_duplicate_subscription(${id})`;
    }
    expect(await found(second)).toEqual({
      action: "alert",
      other_id: first,
      severity: "critical",
      occurrences: 1,
    });
    expect((await stripe.subscriptions.retrieve(second)).status).toBe("active");
  });

  it("decision 8: to another product, or after the first one ended, is no duplicate", async () => {
    const customer = await subscriber();
    const { first } = customer;
    const other = await subscribeElsewhere(customer, "pro_monthly");
    await stripe.subscriptions.cancel(first);
    await until(async () => {
      const [row] = await sql`select status from payments.subscriptions where id = ${first}`;
      return row?.["status"] === "canceled";
    });
    const again = await subscribeElsewhere(customer, "starter_monthly");
    const rows = await sql`
      select 1 from payments_private.duplicate_subscriptions
      where subscription_id in (${first}, ${other}, ${again})`;
    expect(rows).toHaveLength(0);
  });

  it("decision 8: is cancelled at Stripe where settings say so, and its user held where they say that", async () => {
    await sql`update payments_private.settings set duplicate_subscription_action = 'cancel'`;
    const customer = await subscriber();
    const { first, user } = customer;
    const second = await subscribeElsewhere(customer, "starter_monthly");
    const isCanceled = async (id: string) =>
      (await stripe.subscriptions.retrieve(id)).status === "canceled";
    // both may have been made in the same second: then the greater id counts as the newer one
    const cancelled = until(async () => await isCanceled(first) || await isCanceled(second));
    expect(await cancelled.catch(() => false)).toBe(true);
    expect(await isCanceled(first) && await isCanceled(second)).toBe(false);

    await sql`update payments_private.settings set duplicate_subscription_action = 'hold'`;
    const third = await subscribeElsewhere(customer, "starter_monthly");
    expect(third).toMatch(/^sub_/);
    await until(async () => {
      const rows = await sql`
        select 1 from payments_private.user_holds
        where user_id = ${user.user.id} and reason = 'duplicate_subscription'`;
      return rows.length > 0;
    });
  });

  it("decision 8: a forged event ends no subscription: Stripe is asked for both first", async () => {
    await sql`update payments_private.settings set duplicate_subscription_action = 'cancel'`;
    const { first } = await subscriber();
    // an older one that nobody ever made: the genuine one would be the duplicate
    const genuine = await stripe.subscriptions.retrieve(first);
    const forged = {
      ...genuine,
      id: stripeId("sub"),
      created: genuine.created - 3600,
      items: {
        object: "list",
        has_more: false,
        data: genuine.items.data.map((item) => ({ ...item, id: stripeId("si") })),
      },
    };
    await outcomeOf(eventBody({ type: "customer.subscription.created", object: forged }));
    await until(async () => {
      const [row] = await sql`
        select outcome from payments_private.enforcements where object_id = ${first}`;
      return row?.["outcome"] === "not_confirmed";
    });
    expect((await stripe.subscriptions.retrieve(first)).status).toBe("active");
  });

  it("decision 8: found long after it was made is not cancelled", async () => {
    await sql`update payments_private.settings set duplicate_subscription_action = 'cancel'`;
    const { user } = await subscriber();
    await sql`select payments_private.act_on_duplicate('sub_old', 'sub_older', ${user.user.id}, now() - interval '4 days')`;
    const [row] = await sql`
      select action from payments_private.duplicate_subscriptions where subscription_id = 'sub_old'`;
    expect(row).toEqual({ action: "alert" });
    expect(await sql`select 1 from payments_private.enforcements where object_id = 'sub_old'`)
      .toHaveLength(0);
  });
});
