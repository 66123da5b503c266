// Input that is taken for what it is not, and prices that are not what their name says.
import fc from "fast-check";
import type Stripe from "stripe";
import { afterAll, describe, expect, it } from "vitest";
import { containsCardNumber } from "../../supabase/functions/_shared/card-number.ts";
import { ConfigError, loadConfig } from "../../supabase/functions/_shared/config.ts";
import { fetchSubscription } from "../../supabase/functions/_shared/fetch-subscription.ts";
import { projectSubscription } from "../../supabase/functions/_shared/projections/subscription.ts";
import { createAuthenticator } from "../../supabase/functions/_shared/supabase-auth.ts";
import { createStripe } from "../../supabase/functions/_shared/stripe-client.ts";
import { developmentEnv, productionEnv } from "../support/function-env.ts";
import {
  eventBody,
  nowSeconds,
  openCheckout,
  outcomeOf,
  stripeClient,
  stripeId,
  until,
} from "../support/payments.ts";
import { functionEnv } from "../support/run-function.ts";
import { STRIPE_OBJECTS } from "../support/stripe-objects.ts";
import { adminSql, signUp, stack } from "../support/stack.ts";
import { startInterceptor } from "./support/interceptor.ts";
import { askForCheckout, BADGE, subscriptionTo } from "./support/shop.ts";

const sql = adminSql();
afterAll(() => sql.end());

describe("card numbers and keys", () => {
  const UUID_WITH_DIGITS = "e6487077-9214-4a41-9508-8941160a03e6";

  it("4.1a a hundred thousand random UUIDs are taken for no card number", () => {
    fc.assert(
      fc.property(fc.uuid({ version: 4 }), (uuid) => !containsCardNumber(uuid)),
      { numRuns: 100_000, seed: 42, examples: [[UUID_WITH_DIGITS]] },
    );
  });

  it("4.1a UUIDs hide no card number that stands beside or between them", () => {
    fc.assert(
      fc.property(
        fc.uuid({ version: 4 }),
        fc.constantFrom("4242424242424242", "5555 5555 5555 4444", "3782-822463-10005"),
        fc.constantFrom(" ", "/", ",", ":", "+"),
        (uuid, card, by) =>
          containsCardNumber(`${uuid}${by}${card}`) && containsCardNumber(`${card}${by}${uuid}`),
      ),
      { numRuns: 1_000, seed: 42 },
    );
  });

  it("4.1a a checkout takes a UUID with digits for its key, and a card number for none", async () => {
    const user = await signUp();
    await openCheckout(user, { ...BADGE, idempotency_key: UUID_WITH_DIGITS });
    for (const idempotency_key of ["4242424242424242", "order-4242-4242-4242-4242"]) {
      const response = await askForCheckout(user, { ...BADGE, idempotency_key });
      expect([response.status, await response.json()]).toMatchObject([422, {
        errors: [{ path: "", code: "card_number" }],
      }]);
    }
  });
});

describe("prices", () => {
  async function knownPrice(params: Partial<Stripe.PriceCreateParams>): Promise<Stripe.Price> {
    const product = await stripeClient().products.create({ name: "Attacked" });
    const price = await stripeClient().prices.create({
      product: product.id,
      currency: "usd",
      unit_amount: 500,
      recurring: { interval: "month" },
      ...params,
    });
    await until(async () =>
      (await sql`
        select 1 from payments.prices as p join payments.products as o on o.id = p.product_id
        where p.id = ${price.id}`).length > 0
    );
    return price;
  }

  it("decision 9: a lookup key that moved to an older price sells that price", async () => {
    const key = `moved_${stripeId("k")}`;
    const older = await knownPrice({});
    await knownPrice({ lookup_key: key, unit_amount: 900 });
    // only the event of the price that got the key has come; the one that lost it is on its way
    const object = {
      ...JSON.parse(JSON.stringify(older)),
      lookup_key: key,
    };
    const event = { type: "price.updated", object, created: nowSeconds() + 20 };
    expect(await outcomeOf(eventBody(event))).toBe("applied");
    const [resolved] = await sql`
      select items, errors from payments_private.price_checkout('subscription',
        ${sql.json([{ price: key, quantity: 1 }])})`;
    expect(resolved).toMatchObject({ errors: [], items: [{ price: older.id, unit_amount: 500 }] });
    const holders = await sql`select id from payments.prices where lookup_key = ${key}`;
    expect(holders).toEqual([{ id: older.id }]);
  });

  it("decision 9: a price id that is another one's lookup key still names itself", async () => {
    const cheap = await knownPrice({});
    const dear = await knownPrice({ unit_amount: 9_000 });
    await sql`update payments.prices set lookup_key = ${dear.id} where id = ${cheap.id}`;
    const [resolved] = await sql`
      select items from payments_private.price_checkout('subscription',
        ${sql.json([{ price: dear.id, quantity: 1 }])})`;
    expect(resolved?.["items"]).toMatchObject([{ price: dear.id, unit_amount: 9_000 }]);
    await sql`update payments.prices set lookup_key = null where id = ${cheap.id}`;
  });

  it("decision 9: refuses with 422 a price that sells by the package", async () => {
    const price = await knownPrice({});
    const object = {
      ...JSON.parse(JSON.stringify(price)),
      transform_quantity: { divide_by: 10, round: "up" },
    };
    await outcomeOf(eventBody({ type: "price.updated", object, created: nowSeconds() + 20 }));
    const response = await askForCheckout(await signUp(), subscriptionTo(price.id));
    expect([response.status, await response.json()]).toMatchObject([422, {
      code: "not_purchasable",
      errors: [{ path: "items.0.price", code: "price_not_computable" }],
    }]);
  });
});

describe("configuration", () => {
  const reasons = (env: Record<string, string>) => {
    try {
      loadConfig("create-checkout", env);
      return [];
    } catch (error) {
      if (error instanceof ConfigError) return error.reasons;
      throw error;
    }
  };

  it("2.1b the address that `supabase start` gives works, in development only", () => {
    const kong = { SUPABASE_URL: "http://kong:8000" };
    expect(reasons({ ...developmentEnv(), ...kong })).toEqual([]);
    expect(reasons({ ...developmentEnv(), ...kong, PAYMENTS_ENV: "staging" })).not.toEqual([]);
    expect(reasons({ ...productionEnv(), ...kong })).not.toEqual([]);
    for (
      const url of ["http://kong.evil.example:8000", "http://10.0.0.1:8000", "http://kong:8000/x"]
    ) {
      expect(reasons({ ...developmentEnv(), SUPABASE_URL: url })).not.toEqual([]);
    }
  });

  it("5.1a the issuer is the given one, else the project's own", () => {
    const issuerOf = (env: Record<string, string>) =>
      createAuthenticator(loadConfig("create-checkout", env), nowSeconds).issuer;
    const env = { ...developmentEnv(), SUPABASE_URL: "http://kong:8000" };
    const issuer = "http://127.0.0.1:54321/auth/v1";
    expect(issuerOf({ ...env, PAYMENTS_JWT_ISSUER: issuer })).toBe(issuer);
    expect(issuerOf(env)).toBe("http://kong:8000/auth/v1");
  });
});

describe("subscriptions with many items", () => {
  it("decision 3: all items are fetched, also those that the subscription's own list leaves out", async () => {
    const item = (index: number) => ({ ...STRIPE_OBJECTS.subscriptionItem, id: `si_${index}` });
    const all = Array.from({ length: 120 }, (_, index) => item(index));
    const stripe = startInterceptor(stack().stripeUrl);
    stripe.use((request) => {
      const url = new URL(request.url);
      if (url.pathname !== "/v1/subscription_items") {
        const items = { object: "list", data: all.slice(0, 10), has_more: true };
        return Response.json({ ...STRIPE_OBJECTS.subscription.object, items });
      }
      const after = all.findIndex(({ id }) => id === url.searchParams.get("starting_after")) + 1;
      const data = all.slice(after, after + 100);
      const has_more = after + 100 < all.length;
      return Response.json({ object: "list", data, has_more, url: url.pathname });
    });
    try {
      const client = createStripe(
        loadConfig("payments-worker", functionEnv({ STRIPE_API_BASE: stripe.url })),
      );
      const projection = projectSubscription(await fetchSubscription(client, "sub_1"));
      expect(projection["items"]).toHaveLength(120);
    } finally {
      await stripe.close();
    }
  });
});
