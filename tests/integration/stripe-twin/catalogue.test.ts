import { afterAll, beforeAll, expect, test } from "vitest";
import Stripe from "stripe";
import { startBench, type TwinBench } from "./support/twin-bench.ts";

let bench: TwinBench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.close());

/** The Stripe error of a call that must fail. */
async function refusal(call: Promise<unknown>): Promise<Stripe.errors.StripeError> {
  const outcome = await call.then(() => null, (error: unknown) => error);
  if (outcome instanceof Stripe.errors.StripeError) return outcome;
  throw new Error("The call was not refused", { cause: outcome });
}

test("products are made, read, changed, listed and deleted", async () => {
  const { stripe } = bench;
  const made = await stripe.products.create({
    name: "Notebook",
    description: "Paper",
    metadata: { a: "1", b: "2" },
  });
  expect(made).toMatchObject({
    object: "product",
    name: "Notebook",
    active: true,
    livemode: false,
  });
  const changed = await stripe.products.update(made.id, {
    description: "",
    metadata: { a: "", c: "3" },
  });
  expect(changed.description).toBeNull();
  expect(changed.metadata).toEqual({ b: "2", c: "3" });
  expect((await stripe.products.list({ ids: [made.id] })).data.map((item) => item.id)).toEqual([
    made.id,
  ]);
  expect(await stripe.products.del(made.id)).toMatchObject({ id: made.id, deleted: true });
  expect((await refusal(stripe.products.retrieve(made.id))).statusCode).toBe(404);
});

test("a price keeps its lookup key until another takes it over", async () => {
  const { stripe } = bench;
  const product = await stripe.products.create({ name: "Pro" });
  const base = { product: product.id, currency: "usd", recurring: { interval: "month" } } as const;
  const first = await stripe.prices.create({ ...base, unit_amount: 900, lookup_key: "pro" });
  expect(first.unit_amount_decimal?.toString()).toBe("900");
  expect(
    (await refusal(stripe.prices.create({ ...base, unit_amount: 950, lookup_key: "pro" }))).message,
  )
    .toContain("already uses that lookup key");
  const second = await stripe.prices.create({
    ...base,
    unit_amount: 950,
    lookup_key: "pro",
    transfer_lookup_key: true,
  });
  expect((await stripe.prices.retrieve(first.id)).lookup_key).toBeNull();
  const found = await stripe.prices.list({ lookup_keys: ["pro"], expand: ["data.product"] });
  expect(found.data.map((item) => item.id)).toEqual([second.id]);
  expect(found.data[0]?.product).toMatchObject({ id: product.id, object: "product" });
});

test("refuses what Stripe refuses of prices", async () => {
  const { stripe } = bench;
  const product = await stripe.products.create({ name: "Pro" });
  const missing = await refusal(stripe.prices.create({ product: product.id, currency: "usd" }));
  expect([missing.type, missing.code, missing.param]).toEqual([
    "StripeInvalidRequestError",
    "parameter_missing",
    "unit_amount",
  ]);
  const negative = await refusal(
    stripe.prices.create({ product: product.id, currency: "usd", unit_amount: -1 }),
  );
  expect(negative.code).toBe("parameter_invalid_integer");
  const lost = await refusal(
    stripe.prices.create({ product: "prod_none", currency: "usd", unit_amount: 1 }),
  );
  expect([lost.statusCode, lost.code, lost.param]).toEqual([400, "resource_missing", "product"]);
});

test("customers are made, changed, deleted to a stub and listed", async () => {
  const { stripe } = bench;
  const customer = await stripe.customers.create({
    email: "a@example.com",
    metadata: { user_id: "u" },
  });
  const changed = await stripe.customers.update(customer.id, { email: "b@example.com", name: "B" });
  expect([changed.email, changed.name]).toEqual(["b@example.com", "B"]);
  expect((await stripe.customers.list({ email: "b@example.com" })).data).toHaveLength(1);
  await stripe.customers.del(customer.id);
  expect(await stripe.customers.retrieve(customer.id)).toEqual(
    expect.objectContaining({ id: customer.id, deleted: true }),
  );
  expect((await refusal(stripe.customers.update(customer.id, { name: "C" }))).code).toBe(
    "resource_missing",
  );
});

test("lists are paged by cursor in both directions and by SDK auto-paging", async () => {
  const { stripe } = bench;
  await bench.control("/_twin/reset");
  for (let index = 0; index < 7; index++) await stripe.customers.create({ name: String(index) });
  const names = (page: { data: Stripe.Customer[] }) => page.data.map((item) => item.name);
  const first = await stripe.customers.list({ limit: 3 });
  expect([names(first), first.has_more]).toEqual([["6", "5", "4"], true]);
  const second = await stripe.customers.list({ limit: 3, starting_after: first.data[2]?.id ?? "" });
  expect(names(second)).toEqual(["3", "2", "1"]);
  const back = await stripe.customers.list({ limit: 2, ending_before: second.data[0]?.id ?? "" });
  expect([names(back), back.has_more]).toEqual([["5", "4"], true]);
  const all: (string | null | undefined)[] = [];
  for await (const customer of stripe.customers.list({ limit: 2 })) all.push(customer.name);
  expect(all).toEqual(["6", "5", "4", "3", "2", "1", "0"]);
});

test("lists are filtered by creation time", async () => {
  const { stripe } = bench;
  await bench.control("/_twin/reset");
  await bench.control("/_twin/clock", { now: 1_800_000_000 });
  await stripe.customers.create({ name: "early" });
  await bench.control("/_twin/clock", { now: 1_800_001_000 });
  await stripe.customers.create({ name: "late" });
  const late = await stripe.customers.list({ created: { gte: 1_800_000_500 } });
  expect(late.data.map((item) => item.name)).toEqual(["late"]);
  const early = await stripe.customers.list({ created: { lt: 1_800_000_500 } });
  expect(early.data.map((item) => item.name)).toEqual(["early"]);
  await bench.control("/_twin/reset");
});

test("unknown parameters and unknown addresses are refused", async () => {
  const post = (path: string, body: string) =>
    fetch(`${bench.twin.url}${path}`, {
      method: "POST",
      headers: {
        authorization: "Bearer sk_test_twinbench12345",
        "content-type": "application/x-www-form-urlencoded",
      },
      body,
    });
  const unknown = await post("/v1/customers", "name=A&colour=red");
  expect(unknown.status).toBe(400);
  expect(await unknown.json()).toMatchObject({
    error: { type: "invalid_request_error", code: "parameter_unknown", param: "colour" },
  });
  const nested = await post("/v1/customers", "invoice_settings[colour]=red");
  expect(await nested.json()).toMatchObject({ error: { param: "invoice_settings[colour]" } });
  expect((await post("/v1/teapots", "")).status).toBe(404);
});

test("a product's default price and the account are there", async () => {
  const { stripe } = bench;
  const product = await stripe.products.create({
    name: "Badge",
    default_price_data: { currency: "usd", unit_amount: 4900 },
    expand: ["default_price"],
  });
  expect(product.default_price).toMatchObject({ unit_amount: 4900, type: "one_time" });
  expect((await stripe.accounts.retrieveCurrent()).charges_enabled).toBe(true);
});
