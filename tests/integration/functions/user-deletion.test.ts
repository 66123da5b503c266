import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openCheckout, stripeClient, subscribe, until } from "../../support/payments.ts";
import { firstReconciliationIsOver, runTasks, setFaults } from "../../support/pipeline.ts";
import { adminSql, signUp, stackProcess } from "../../support/stack.ts";

const sql = adminSql();
const stripe = stripeClient();
beforeAll(() => firstReconciliationIsOver(sql));
afterEach(() => setFaults());
afterAll(() => sql.end());

/** A user who pays monthly and has another checkout open. */
async function billedUser() {
  const user = await signUp();
  const subscription = await subscribe(user);
  const session = await openCheckout(user, {
    mode: "payment",
    items: [{ price: "badge_once", quantity: 1 }],
  });
  const [row] = await sql`select id from payments.customers where user_id = ${user.user.id}`;
  return { userId: user.user.id, subscription, session: session.id, customer: String(row?.["id"]) };
}

type Billed = Awaited<ReturnType<typeof billedUser>>;

/** As the Auth server does it; everything else follows from this one statement. */
async function deleteUser(userId: string): Promise<void> {
  await sql`delete from auth.users where id = ${userId}`;
}

async function deletion(customer: string) {
  const [row] = await sql`
    select attempts, last_error, finished_at is not null as finished
    from payments_private.customer_deletions where customer_id = ${customer}`;
  return row;
}

async function untilFinished(customer: string): Promise<void> {
  await until(async () => {
    await sql`update payments_private.customer_deletions set next_attempt_at = now()
      where customer_id = ${customer} and finished_at is null`;
    await runTasks(["retry"]).catch(() => null); // it may just have been killed
    return (await deletion(customer))?.["finished"];
  });
}

/** What Stripe says of the user's billing. */
async function atStripe({ customer, subscription, session }: Billed) {
  const [found, billing, checkout] = await Promise.all([
    stripe.customers.retrieve(customer),
    stripe.subscriptions.retrieve(subscription),
    stripe.checkout.sessions.retrieve(session),
  ]);
  return {
    customer: found.deleted === true ? "deleted" : "there",
    subscription: billing.status,
    session: checkout.status,
  };
}

const ended = { customer: "deleted", subscription: "canceled", session: "expired" };
const running = { customer: "there", subscription: "active", session: "open" };

/** How often Stripe tells of each end: once, however often we asked. */
async function endsTold({ customer, subscription, session }: Billed) {
  const events = (await stripe.events.list({ limit: 100 })).data;
  const count = (type: string, id: string) =>
    events.filter((event) =>
      event.type === type && "id" in event.data.object && event.data.object.id === id
    ).length;
  return {
    customer: count("customer.deleted", customer),
    subscription: count("customer.subscription.deleted", subscription),
    session: count("checkout.session.expired", session),
  };
}

const once = { customer: 1, subscription: 1, session: 1 };

describe("a user who is deleted", () => {
  it("main job: is not billed any more: subscriptions cancelled, sessions expired, customer deleted, and nobody else's", async () => {
    const billed = await billedUser();
    const neighbour = await billedUser();
    await deleteUser(billed.userId);
    await untilFinished(billed.customer);

    expect(await atStripe(billed)).toEqual(ended);
    expect(await atStripe(neighbour)).toEqual(running);
    expect(await endsTold(billed)).toEqual(once);
    expect(await deletion(neighbour.customer)).toBeUndefined();
    const audit = await sql`select action from audit.audit_logs
      where resource_id = ${billed.customer} and action like 'customer.%' order by occurred_at`;
    expect(audit.map(({ action }) => action)).toEqual([
      "customer.deletion_queued",
      "customer.deleted",
    ]);

    // the books stay, without the person
    await until(async () => {
      const [row] = await sql`
        select status, user_id from payments.subscriptions where id = ${billed.subscription}`;
      return row?.["status"] === "canceled" && row["user_id"] === null;
    });
    await until(async () =>
      (await sql`select from payments.customers where id = ${billed.customer} and deleted_at is not null`)
        .length === 1
    );
    await deleteUser(neighbour.userId);
    await untilFinished(neighbour.customer);
  });

  it("I4 is queued with the deletion or not at all", async () => {
    const billed = await billedUser();
    await sql.begin(async (tx) => {
      await tx`delete from auth.users where id = ${billed.userId}`;
      await tx`select from payments_private.customer_deletions where customer_id = ${billed.customer}`;
      throw new Error("changed their mind");
    }).catch(() => undefined);
    expect(await deletion(billed.customer)).toBeUndefined();
    await runTasks(["retry"]);
    expect(await atStripe(billed)).toEqual(running);
  });

  it("main job: is not billed any more although the worker was killed half-way", async () => {
    const billed = await billedUser();
    await setFaults({ api: [{ path: "/v1/customers", method: "DELETE", kind: "timeout" }] });
    await deleteUser(billed.userId);
    void runTasks(["retry"]).catch(() => null);
    // sessions and subscriptions are done, the customer hangs
    await until(async () =>
      (await stripe.subscriptions.retrieve(billed.subscription)).status === "canceled"
    );
    await stackProcess.killFunction("payments-worker");
    expect(await atStripe(billed)).toEqual({ ...ended, customer: "there" });
    expect(await deletion(billed.customer)).toMatchObject({ finished: false, last_error: null });

    await setFaults();
    await sql`update payments_private.customer_deletions set leased_until = now()
      where customer_id = ${billed.customer}`; // two minutes later
    await untilFinished(billed.customer);
    expect(await atStripe(billed)).toEqual(ended);
    expect(await endsTold(billed)).toEqual(once);
  });

  it("main job: is not billed any more although Stripe was down at first, and people hear of it after fifteen tries", async () => {
    const billed = await billedUser();
    await setFaults({ api: [{ path: "/v1/checkout/sessions", kind: "garbage" }] });
    await sql.begin(async (tx) => {
      await tx`delete from auth.users where id = ${billed.userId}`;
      await tx`update payments_private.customer_deletions set attempts = 13 where customer_id = ${billed.customer}`;
    });
    await until(async () => {
      await sql`update payments_private.customer_deletions set next_attempt_at = now()
        where customer_id = ${billed.customer}`;
      await runTasks(["retry"]);
      return (await deletion(billed.customer))?.["attempts"] >= 15;
    });
    expect(await deletion(billed.customer)).toMatchObject({
      finished: false,
      last_error: expect.any(String),
    });
    const alerts = () =>
      sql`
      select severity from payments_private.alerts
      where rule = 'customer_deletion_stuck' and subject = ${billed.customer} and resolved_at is null`;
    expect(await alerts()).toEqual([{ severity: "critical" }]);

    await setFaults();
    expect(await atStripe(billed)).toEqual(running);
    await untilFinished(billed.customer);
    expect(await atStripe(billed)).toEqual(ended);
    expect(await alerts()).toEqual([]);
  });

  it("main job: two workers at once end it once", async () => {
    const billed = await billedUser();
    await deleteUser(billed.userId);
    await Promise.all([runTasks(["retry"]), runTasks(["retry"]), runTasks(["retry"])]);
    await untilFinished(billed.customer);
    expect(await atStripe(billed)).toEqual(ended);
    expect(await endsTold(billed)).toEqual(once);
    expect(await deletion(billed.customer)).toMatchObject({ attempts: 1 });
  });
});
