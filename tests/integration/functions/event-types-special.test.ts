import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  deliver,
  eventBody,
  nowSeconds,
  outcomeOf,
  stripeClient,
  stripeId,
  twin,
  until,
} from "../../support/payments.ts";
import {
  chargeOf,
  firstReconciliationIsOver,
  makeCustomer,
  makePayment,
  refreshed,
  setFaults,
  untilRefreshed,
  withoutDeliveries,
} from "../../support/pipeline.ts";
import { utf8 } from "../../support/sign-event.ts";
import { adminSql, signUp } from "../../support/stack.ts";

const sql = adminSql();
const stripe = stripeClient();
beforeAll(() => firstReconciliationIsOver(sql));
afterEach(() => setFaults());
afterAll(() => sql.end());

async function subscriptionRow(id: string) {
  const [row] = await sql`
    select status, current_period_end, customer_id from payments.subscriptions where id = ${id}`;
  return row;
}

async function eventRow(id: string) {
  const [row] = await sql`
    select status, encrypted_body, last_error from payments_private.processed_events
    where event_id = ${id}`;
  return row;
}

/** A customer of ours: linked to a user as create-checkout links it. */
async function ownedCustomer() {
  const user = await signUp();
  const made = await makeCustomer();
  await until(async () => {
    const linked = await sql`
      update payments.customers set user_id = ${user.user.id} where id = ${made.customer} returning id`;
    return linked.length === 1;
  });
  return { user, ...made };
}

describe("thin (v2) events", () => {
  function thinBody(id: string, related: unknown, type = "v2.core.account.updated") {
    return utf8(JSON.stringify({
      id,
      object: "v2.core.event",
      type,
      created: new Date().toISOString(),
      livemode: false,
      related_object: related,
    }));
  }

  it("main job: one about a mirrored object is verified, recorded and resolved by fetching", async () => {
    const { product } = await withoutDeliveries(() => makeCustomer());
    const id = stripeId("evt");
    const body = thinBody(id, { id: product, type: "product", url: `/v1/products/${product}` });
    expect((await deliver(body, { secret: "whsec_0123456789abcdefghijklmnop" })).status).toBe(400);
    expect(await outcomeOf(body)).toBe("queued");
    await refreshed(sql, [product]);
    const [row] = await sql`select name from payments.products where id = ${product}`;
    expect(row?.["name"]).toBe("Made by a test");
    expect(await eventRow(id)).toMatchObject({ status: "applied" });
    expect(await outcomeOf(body)).toBe("duplicate");
  });

  it.each([
    ["about something that is not mirrored", { id: "acct_1", type: "v2.core.account" }],
    ["about nothing", null],
  ])("main job: one %s is recorded and ignored", async (_what, related) => {
    const id = stripeId("evt");
    expect(await outcomeOf(thinBody(id, related))).toBe("ignored");
    expect(await eventRow(id)).toMatchObject({ status: "ignored" });
  });
});

describe("older API versions", () => {
  async function genuineSubscription() {
    return await withoutDeliveries(async () => {
      const { customer, price } = await makeCustomer();
      return await stripe.subscriptions.create({ customer, items: [{ price }] });
    });
  }

  it("decision 5: a subscription with its period at the top (before basil) projects", async () => {
    const subscription = await genuineSubscription();
    const end = nowSeconds() + 86_400;
    const items = subscription.items.data.map((
      { current_period_start: _start, current_period_end: _end, ...item },
    ) => item);
    const object = {
      ...subscription,
      id: stripeId("sub"),
      current_period_start: end - 86_400 * 30,
      current_period_end: end,
      items: {
        ...subscription.items,
        data: items.map((item) => ({ ...item, id: stripeId("si") })),
      },
    };
    expect(await outcomeOf(eventBody({ type: "customer.subscription.created", object })))
      .toBe("applied");
    expect((await subscriptionRow(object.id))?.["current_period_end"]).toEqual(
      new Date(end * 1000),
    );
  });

  it("decision 5: an invoice that names its subscription at the top projects", async () => {
    const object = {
      id: stripeId("in"),
      object: "invoice",
      customer: stripeId("cus"),
      subscription: "sub_of_old",
      currency: "usd",
      status: "paid",
      total: 900,
      amount_due: 900,
      amount_paid: 900,
      amount_remaining: 0,
      created: nowSeconds(),
    };
    expect(await outcomeOf(eventBody({ type: "invoice.paid", object }))).toBe("applied");
    const [row] = await sql`select subscription_id from payments.invoices where id = ${object.id}`;
    expect(row?.["subscription_id"]).toBe("sub_of_old");
  });

  it.each([
    ["shows a part of its items", { items: { object: "list", data: [], has_more: true } }],
    ["has plan and quantity in place of items", { items: undefined, plan: { id: "plan_x" } }],
    ["is a shape of no version", { status: 7, items: "none" }],
  ])(
    "decision 4: a subscription that %s goes to refresh and ends applied",
    async (_what, shape) => {
      const subscription = await genuineSubscription();
      const id = stripeId("evt");
      const object = { ...subscription, ...shape };
      const answer = await outcomeOf(
        eventBody({ id, type: "customer.subscription.updated", object }),
      );
      expect(answer).toBe("queued");
      await refreshed(sql, [subscription.id]);
      expect(await eventRow(id))
        .toEqual({ status: "applied", encrypted_body: null, last_error: null });
      expect((await subscriptionRow(subscription.id))?.["status"]).toBe("active");
      const items = await sql`
      select id from payments.subscription_items where subscription_id = ${subscription.id}`;
      expect(items.map((row) => row["id"])).toEqual(subscription.items.data.map((item) => item.id));
    },
  );
});

describe("entitlements", () => {
  it("main job: the set is replaced whole, page after page, and has_entitlement() follows", async () => {
    const { user, customer, product, price } = await ownedCustomer();
    const prefix = `feature-${crypto.randomUUID().slice(0, 8)}`;
    const features: string[] = [];
    const attach = async (index: number) => {
      const feature = await stripe.entitlements.features.create({
        name: `Feature ${index}`,
        lookup_key: `${prefix}-${index}`,
      });
      const item = await stripe.products.createFeature(product, {
        entitlement_feature: feature.id,
      });
      features.push(item.id);
    };
    await attach(0);
    // more than one page of 100: what the event itself shows is ten of them
    await withoutDeliveries(() =>
      Promise.all(Array.from({ length: 104 }, (_, n) => attach(n + 1)))
    );
    const subscription = await stripe.subscriptions.create({ customer, items: [{ price }] });

    const held = () =>
      sql`select lookup_key from payments.entitlements where customer_id = ${customer}`;
    const has = async (key: string) =>
      (await user.client.schema("payments").rpc("has_entitlement", { p_lookup_key: key })).data;
    await untilRefreshed(async () => (await held()).length === 105);
    expect(await has(`${prefix}-0`)).toBe(true);
    expect(await has(`${prefix}-104`)).toBe(true);
    expect(await has("somebody-elses")).toBe(false);
    const other = await signUp();
    const foreign = await other.client.schema("payments")
      .rpc("has_entitlement", { p_lookup_key: `${prefix}-0` });
    expect(foreign.data).toBe(false);

    const [gone = ""] = features;
    await stripe.products.deleteFeature(product, gone);
    await untilRefreshed(async () => (await held()).length === 104);
    expect(await has(`${prefix}-0`)).toBe(false);
    expect(await has(`${prefix}-104`)).toBe(true);

    await twin(`subscriptions/${subscription.id}/cancel`);
    await untilRefreshed(async () => (await held()).length === 0);
    expect(await has(`${prefix}-104`)).toBe(false);
  });
});

describe("payment methods", () => {
  it("4.1b a method that is attached shows brand, last four and expiry to its owner alone, until it is detached", async () => {
    const { user, customer } = await ownedCustomer();
    const method = await stripe.paymentMethods.attach("pm_card_mastercard", { customer });
    const seen = async (reader = user) =>
      (await reader.client.schema("payments").from("payment_methods")
        .select("id, type, card_brand, card_last4, card_exp_month, card_exp_year")
        .eq("id", method.id)).data ?? [];
    await untilRefreshed(async () => (await seen()).length === 1);
    expect(await seen()).toEqual([{
      id: method.id,
      type: "card",
      card_brand: "mastercard",
      card_last4: "4444",
      card_exp_month: method.card?.exp_month,
      card_exp_year: method.card?.exp_year,
    }]);
    expect(await seen(await signUp())).toEqual([]);

    await stripe.paymentMethods.detach(method.id);
    await untilRefreshed(async () => (await seen()).length === 0);
    const [row] = await sql`
      select user_id, customer_id from payments.payment_methods where id = ${method.id}`;
    expect(row).toEqual({ user_id: null, customer_id: null });
  });
});

describe("early fraud warnings and reviews", () => {
  it("8.2a arrive, and no API role can read them", async () => {
    const { user, customer } = await ownedCustomer();
    const payment = await makePayment({ customer });
    await twin(`charges/${chargeOf(payment)}/early_fraud_warning`);
    const risky = await makePayment({ customer, card: "pm_card_riskLevelElevated" });
    const warnings = () =>
      sql`select actionable from payments_private.early_fraud_warnings where payment_id = ${payment.id}`;
    const reviews = () =>
      sql`select id, open, reason from payments_private.reviews where payment_id = ${risky.id}`;
    await untilRefreshed(async () => (await warnings()).length === 1);
    await untilRefreshed(async () => (await reviews()).length === 1);
    const [review] = await reviews();
    expect(review).toMatchObject({ open: true });

    await stripe.reviews.approve(String(review?.["id"]));
    await untilRefreshed(async () => (await reviews())[0]?.["open"] === false);
    expect((await reviews())[0]).toMatchObject({ reason: "approved" });

    for (const table of ["early_fraud_warnings", "reviews"]) {
      const inPayments = await user.client.schema("payments").from(table).select();
      expect(inPayments.error, table).not.toBeNull();
      const inPrivate = await user.client.schema("payments_private").from(table).select();
      expect(inPrivate.error, table).not.toBeNull();
      const grants = await sql`
        select grantee from information_schema.role_table_grants
        where table_schema = 'payments_private' and table_name = ${table}
          and grantee not in ('payments_owner')`;
      expect(grants, table).toEqual([]);
    }
  });
});
