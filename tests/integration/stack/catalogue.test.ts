import { createClient } from "@supabase/supabase-js";
import Stripe from "stripe";
import { expect, test } from "vitest";
import { seedCatalogue } from "../../../dev/stack/catalogue.ts";
import { stack, stackProcess } from "../../support/stack.ts";

const wanted = [
  { lookup_key: "badge_once", unit_amount: 4900, type: "one_time", recurring_interval: null },
  { lookup_key: "pro_monthly", unit_amount: 2900, type: "recurring", recurring_interval: "month" },
  { lookup_key: "pro_yearly", unit_amount: 29000, type: "recurring", recurring_interval: "year" },
  {
    lookup_key: "starter_monthly",
    unit_amount: 900,
    type: "recurring",
    recurring_interval: "month",
  },
  {
    lookup_key: "starter_yearly",
    unit_amount: 9000,
    type: "recurring",
    recurring_interval: "year",
  },
];

test("the demo catalogue has reached the database by signed events and is public", async () => {
  expect(await publicPrices()).toEqual(wanted);
});

test("seeding a second time adds nothing", async () => {
  const { port } = new URL(stack().stripeUrl);
  const stripe = new Stripe(stack().stripeSecretKey, { protocol: "http", host: "127.0.0.1", port });
  await seedCatalogue(stripe);
  await stackProcess.twinIdle();
  const { data: prices } = await stripe.prices.list({
    lookup_keys: wanted.map((price) => price.lookup_key),
  });
  expect(prices.length).toBe(wanted.length);
  expect(await publicPrices()).toEqual(wanted);
});

async function publicPrices() {
  const anonymous = createClient(stack().supabaseUrl, stack().publishableKey);
  const { data, error } = await anonymous.schema("payments").from("prices")
    .select("lookup_key, unit_amount, type, recurring_interval")
    .in("lookup_key", wanted.map((price) => price.lookup_key)).order("lookup_key");
  expect(error).toBeNull();
  return data;
}
