import type Stripe from "stripe";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { HANDLED_EVENTS } from "../../../supabase/functions/_shared/handled-events.ts";
import {
  OBJECT_KINDS,
  type ObjectKindName,
} from "../../../supabase/functions/_shared/object-kinds.ts";
import {
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
  withoutDeliveries,
} from "../../support/pipeline.ts";
import { adminSql, stackProcess } from "../../support/stack.ts";

const sql = adminSql();
const stripe = stripeClient();
/** Genuine objects that only Stripe knows of: their own events were dropped. */
let genuine: Record<ObjectKindName, Record<string, unknown>>;

beforeAll(async () => {
  await firstReconciliationIsOver(sql);
  genuine = await withoutDeliveries(makeOneOfEach);
});
afterEach(() => setFaults());
afterAll(() => sql.end());

type MirrorTable = readonly [
  schema: "payments" | "payments_private",
  table: string,
  prefix: string,
];

const TABLES: Record<
  Exclude<ObjectKindName, "entitlements.active_entitlement_summary">,
  MirrorTable
> = {
  charge: ["payments_private", "charges", "ch"],
  "checkout.session": ["payments", "checkout_sessions", "cs_test"],
  customer: ["payments", "customers", "cus"],
  dispute: ["payments", "disputes", "du"],
  invoice: ["payments", "invoices", "in"],
  payment_intent: ["payments", "payments", "pi"],
  payment_method: ["payments", "payment_methods", "pm"],
  price: ["payments", "prices", "price"],
  product: ["payments", "products", "prod"],
  "radar.early_fraud_warning": ["payments_private", "early_fraud_warnings", "issfr"],
  refund: ["payments", "refunds", "re"],
  review: ["payments_private", "reviews", "prv"],
  subscription: ["payments", "subscriptions", "sub"],
};

function isTabled(kind: ObjectKindName): kind is keyof typeof TABLES {
  return kind in TABLES;
}

function tableOf(kind: ObjectKindName): MirrorTable {
  if (!isTabled(kind)) throw new Error(`${kind} has no table of its own`);
  return TABLES[kind];
}

async function rowOf(kind: ObjectKindName, id: string) {
  const [schema, table] = tableOf(kind);
  const [row] = await sql`select * from ${sql(schema)}.${sql(table)} where id = ${id}`;
  return row;
}

async function eventStatus(eventId: string): Promise<string | undefined> {
  const [row] = await sql`
    select status from payments_private.processed_events where event_id = ${eventId}`;
  return row?.["status"];
}

describe("every handled type", () => {
  const types = Object.entries(HANDLED_EVENTS).map(([type, { kind, use }]) => ({
    type,
    kind,
    use,
  }));

  it.each(types.filter(({ use }) => use === "snapshot"))(
    "main job: $type writes what it shows of a $kind",
    async ({ type, kind }) => {
      // an object nobody has heard of: only this event can have written its row
      const object = { ...genuine[kind], id: stripeId(tableOf(kind)[2]) };
      const id = stripeId("evt");
      expect(await outcomeOf(eventBody({ id, type, object }))).toBe("applied");
      expect(await eventStatus(id)).toBe("applied");
      const { items: _items, ...columns } = OBJECT_KINDS[kind].project(object);
      expect(comparable(await rowOf(kind, object.id))).toMatchObject(comparable(columns));
    },
  );

  it.each(types.filter(({ use }) => use === "deletion"))(
    "main job: $type hides the $kind",
    async ({ type, kind }) => {
      const object = { ...genuine[kind], id: stripeId(tableOf(kind)[2]) };
      await outcomeOf(eventBody({
        type: `${kind}.created`,
        object,
        created: nowSeconds() - 60,
      }));
      expect((await rowOf(kind, object.id))?.["deleted_at"]).toBeNull();
      expect(await outcomeOf(eventBody({ type, object }))).toBe("applied");
      expect((await rowOf(kind, object.id))?.["deleted_at"]).toBeInstanceOf(Date);
    },
  );

  it("main job: invoice_payment.paid fetches the invoice it does not show", async () => {
    const invoice = String(genuine.invoice["id"]);
    const list = await stripe.invoicePayments.list({ invoice });
    const [object] = list.data;
    const id = stripeId("evt");
    expect(await rowOf("invoice", invoice)).toBeUndefined();
    expect(await outcomeOf(eventBody({ id, type: "invoice_payment.paid", object: { ...object } })))
      .toBe("queued");
    await refreshed(sql, [invoice]);
    expect(await rowOf("invoice", invoice)).toMatchObject({ status: "paid", amount_paid: "1500" });
    expect(await eventStatus(id)).toBe("applied");
  });

  it("main job: a type that is not handled is recorded, acknowledged and ignored", async () => {
    const id = stripeId("evt");
    const object = { id: "tok_x", object: "token" };
    expect(await outcomeOf(eventBody({ id, type: "token.created.v9", object }))).toBe("ignored");
    expect(await eventStatus(id)).toBe("ignored");
  });

  it("decision 10: a status nobody knows yet is stored as it is", async () => {
    const object = { ...genuine.subscription, id: stripeId("sub"), status: "on_the_moon" };
    expect(await outcomeOf(eventBody({ type: "customer.subscription.updated", object })))
      .toBe("applied");
    expect((await rowOf("subscription", object.id))?.["status"]).toBe("on_the_moon");
  });
});

describe("what Stripe itself sends", () => {
  it("I3 brings the whole life of a subscription and a payment into the tables", async () => {
    const { customer, price } = await makeCustomer();
    const subscription = await stripe.subscriptions.create({ customer, items: [{ price }] });
    await twin(`subscriptions/${subscription.id}/renew`);
    await twin(`subscriptions/${subscription.id}/fail_renewal`);
    await twin(`subscriptions/${subscription.id}/cancel`);
    const payment = await makePayment({ customer });
    const refund = await stripe.refunds.create({ payment_intent: payment.id, amount: 500 });
    const disputed = await makePayment({ customer, card: "pm_card_createDispute" });
    const ids = [customer, price, subscription.id, payment.id, refund.id, disputed.id];

    await stackProcess.twinIdle();
    const sent = (await stripe.events.list({ limit: 100 })).data
      .filter((event) => event.type in HANDLED_EVENTS && mentions(event, ids));
    expect(new Set(sent.map(({ type }) => type))).toEqual(
      new Set([
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.succeeded",
        "customer.created",
        "customer.subscription.created",
        "customer.subscription.deleted",
        "customer.subscription.updated",
        "customer.updated",
        "invoice.finalized",
        "invoice.paid",
        "invoice.payment_failed",
        "invoice.updated",
        "payment_intent.payment_failed",
        "payment_intent.succeeded",
        "payment_method.attached",
        "price.created",
        "refund.created",
      ]),
    );
    await until(async () => {
      const left = await sql`
        select from payments_private.processed_events
        where event_id in ${sql(sent.map(({ id }) => id))} and status = 'applied'`;
      return left.length === sent.length;
    });
    expect((await rowOf("subscription", subscription.id))?.["status"]).toBe("canceled");
    expect((await rowOf("payment_intent", payment.id))?.["status"]).toBe("succeeded");
    expect((await rowOf("refund", refund.id))?.["amount"]).toBe("500");
    const [dispute] = await sql`
      select status from payments.disputes where payment_id = ${disputed.id}`;
    expect(dispute?.["status"]).toBe("needs_response");
    const invoices = await sql`
      select status from payments.invoices where subscription_id = ${subscription.id} order by created_at`;
    const atStripe = await stripe.invoices.list({ subscription: subscription.id });
    expect(invoices.map(({ status }) => status).toSorted())
      .toEqual(atStripe.data.map(({ status }) => status).toSorted());
  });
});

/** Whether an event is about one of these objects or names one. */
function mentions(event: Stripe.Event, ids: readonly string[]): boolean {
  const text = JSON.stringify(event.data.object);
  return ids.some((id) => text.includes(id));
}

/** The driver gives times as Date and big integers as text, projections ISO 8601 and numbers. */
function comparable(columns: Record<string, unknown> | undefined): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(columns ?? {}).map(([column, value]) => [column, comparableValue(value)]),
  );
}

function comparableValue(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  return typeof value === "number" ? String(value) : value;
}

async function makeOneOfEach(): Promise<Record<ObjectKindName, Record<string, unknown>>> {
  const { customer, price, product, paymentMethod } = await makeCustomer();
  const subscription = await stripe.subscriptions.create({ customer, items: [{ price }] });
  const invoice = subscription.latest_invoice;
  if (typeof invoice !== "string") throw new Error("The subscription has no invoice");
  const payment = await makePayment({ customer });
  const charge = chargeOf(payment);
  const refund = await stripe.refunds.create({ payment_intent: payment.id, amount: 500 });
  const dispute = await twin<Record<string, unknown>>(`charges/${charge}/dispute`);
  const warning = await twin<Record<string, unknown>>(`charges/${charge}/early_fraud_warning`);
  await makePayment({ customer, card: "pm_card_riskLevelElevated" });
  const [review] = (await stripe.reviews.list()).data;
  const session = await stripe.checkout.sessions.create({
    mode: "payment",
    customer,
    line_items: [{ price_data: { product, currency: "usd", unit_amount: 900 }, quantity: 1 }],
    success_url: "https://shop.example/",
  });
  return {
    customer: { ...await stripe.customers.retrieve(customer) },
    product: { ...await stripe.products.retrieve(product) },
    price: { ...await stripe.prices.retrieve(price) },
    payment_method: { ...await stripe.paymentMethods.retrieve(paymentMethod) },
    subscription: { ...subscription },
    invoice: { ...await stripe.invoices.retrieve(invoice) },
    charge: { ...await stripe.charges.retrieve(charge) },
    payment_intent: { ...payment },
    refund: { ...refund },
    dispute,
    "radar.early_fraud_warning": warning,
    review: { ...review },
    "checkout.session": { ...session },
    "entitlements.active_entitlement_summary": {
      object: "entitlements.active_entitlement_summary",
      customer,
      livemode: false,
      entitlements: { object: "list", data: [], has_more: false },
    },
  };
}
