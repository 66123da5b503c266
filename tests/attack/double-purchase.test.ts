// Attempts to make somebody pay twice, or to lock them out of paying at all.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  deliver,
  eventBody,
  openCheckout,
  refusal,
  stripeClient,
  twin,
  until,
} from "../support/payments.ts";
import { functionEnv, runFunction, type RunningFunction } from "../support/run-function.ts";
import { adminSql, rpcAs, signUp, stack } from "../support/stack.ts";
import { someoneWaitsFor, whileOpen } from "./support/database.ts";
import {
  callOf,
  closedGate,
  type Interceptor,
  startInterceptor,
  stripeError,
} from "./support/interceptor.ts";
import {
  askForCheckout,
  BADGE,
  CARD,
  customersAtStripe,
  payableSessions,
  reservationsOf,
  sessionsAtStripe,
  subscriptionTo,
  withoutDeliveries,
} from "./support/shop.ts";

const CREATE_SESSION = "POST /v1/checkout/sessions";
const CREATE_CUSTOMER = "POST /v1/customers";

const sql = adminSql();
/** create-checkout of the stack's settings whose way to Stripe a test can step into. */
let stripe: Interceptor;
let checkout: RunningFunction;

beforeAll(async () => {
  stripe = startInterceptor(stack().stripeUrl);
  checkout = await runFunction(
    "create-checkout",
    functionEnv({ STRIPE_API_BASE: stripe.url }),
    [stripe.host, new URL(stack().supabaseUrl).host],
  );
});
afterEach(() => stripe.use());
afterAll(async () => {
  await checkout.stop();
  await stripe.close();
  await sql.end();
});

describe("one subscription", () => {
  it("decision 8: a subscription that arrives while the guard looks at the slots is not missed", async () => {
    const user = await signUp();
    await withoutDeliveries(async () => {
      const first = await openCheckout(user, subscriptionTo("pro_monthly"));
      await twin(`checkout_sessions/${first.id}/pay`, { card: CARD });
      const session = await stripeClient().checkout.sessions.retrieve(first.id);
      const subscription = await stripeClient().subscriptions.retrieve(
        String(session.subscription),
      );
      const told = (type: string, object: object) =>
        deliver(eventBody({ type, object: JSON.parse(JSON.stringify(object)) }));
      expect((await told("checkout.session.completed", session)).status).toBe(200);

      const second = await whileOpen(
        sql,
        "lock table payments_private.reservation_slots in access exclusive mode",
        async (end) => {
          const asked = askForCheckout(user, subscriptionTo("pro_yearly"));
          await someoneWaitsFor(sql, "payments_private.reservation_slots");
          const answer = await told("customer.subscription.updated", subscription);
          expect(await answer.json()).toMatchObject({ outcome: "applied" });
          await end();
          return await asked;
        },
      );
      expect(second.status).toBe(409);
      expect(await payableSessions(user.user.id)).toEqual([]);
    });
  });

  it("decision 8: of two sessions for one reservation the later one is expired, not handed out", async () => {
    const user = await signUp();
    await openCheckout(user, BADGE); // so that the customer exists
    const gate = closedGate();
    stripe.use(async (request, forward) => {
      if (callOf(request) === CREATE_SESSION) await gate.pass();
      return await forward();
    });
    const slow = askForCheckout(user, subscriptionTo("pro_monthly"), checkout.url);
    await gate.reached;
    // the key is renewed, as after a saved server error, and another call opens a session with it
    const [reservation] = await sql`
      select id, stripe_idempotency_key from payments_private.checkout_reservations
      where user_id = ${user.user.id} and mode = 'subscription'`;
    const renewed = await rpcAs("payments_checkout", "renew_checkout_key", {
      p_reservation_id: reservation?.["id"],
      p_stripe_idempotency_key: reservation?.["stripe_idempotency_key"],
    });
    expect(renewed.error).toBeNull();
    const winner = await openCheckout(user, subscriptionTo("pro_monthly"));
    gate.open();

    const late = await slow;
    expect(late.status).toBe(409);
    expect(await refusal(late)).toEqual({ status: 409, code: "checkout_in_progress" });
    const subscriptions = (await sessionsAtStripe(user.user.id))
      .filter(({ mode }) => mode === "subscription");
    expect(subscriptions.map(({ id, status }) => [id, status])).toContainEqual([winner.id, "open"]);
    expect(subscriptions.filter(({ status }) => status === "open")).toHaveLength(1);
    expect(subscriptions).toHaveLength(2);
  });

  it("decision 8: a server error that Stripe did not save mints no second key", async () => {
    const user = await signUp();
    await openCheckout(user, BADGE);
    const gate = closedGate();
    let asked = 0;
    stripe.use(async (request, forward) => {
      if (callOf(request) !== CREATE_SESSION) return await forward();
      const turn = ++asked;
      if (turn === 1) await gate.pass();
      // the second one fails at Stripe's edge; a third one, under another key, would get through
      return turn === 2 ? stripeError(503, "api_error") : await forward();
    });
    const slow = askForCheckout(user, subscriptionTo("pro_monthly"), checkout.url);
    await gate.reached;
    const keyOf = () =>
      sql`
      select stripe_idempotency_key from payments_private.checkout_reservations
      where user_id = ${user.user.id} and mode = 'subscription'`;
    const before = await keyOf();
    const other = await askForCheckout(user, subscriptionTo("pro_monthly"), checkout.url);
    const after = await keyOf();
    stripe.use();
    gate.open();
    expect([(await slow).status, other.status]).toEqual([200, 502]);
    expect(after).toEqual(before);
    expect(await refusal(other)).toEqual({ status: 502, code: "stripe_failed" });
    const subscriptions = (await sessionsAtStripe(user.user.id))
      .filter(({ mode }) => mode === "subscription");
    expect(subscriptions).toHaveLength(1);
  });
});

describe("a refused key", () => {
  it.each([401, 403])(
    "decision 8: %i from Stripe says nothing about the session",
    async (status) => {
      const user = await signUp();
      // the session is made, and its answer lost
      stripe.use(async (request, forward) => {
        const answer = await forward();
        return callOf(request) === CREATE_SESSION ? stripeError(503, "api_error") : answer;
      });
      const lost = await askForCheckout(user, subscriptionTo("pro_monthly"), checkout.url);
      expect(lost.status).toBe(502);
      expect(await payableSessions(user.user.id)).toHaveLength(1);

      stripe.use(() => stripeError(status, "invalid_request_error"));
      for (const price of ["pro_monthly", "pro_yearly"]) {
        const answer = await askForCheckout(user, subscriptionTo(price), checkout.url);
        expect(await refusal(answer)).toEqual({ status: 502, code: "stripe_failed" });
      }
      expect(await reservationsOf(sql, user.user.id)).toMatchObject([{ state: "reserved" }]);

      const session = await openCheckout(user, subscriptionTo("pro_yearly"));
      expect(await payableSessions(user.user.id)).toEqual([session.id]);
    },
  );

  it("decision 8: a 404 for a session that is known frees nothing", async () => {
    const user = await signUp();
    const session = await openCheckout(user, subscriptionTo("pro_monthly"));
    // a key of another account
    stripe.use(() => stripeError(404, "invalid_request_error", "resource_missing"));
    const answer = await askForCheckout(user, subscriptionTo("pro_yearly"), checkout.url);
    expect(await refusal(answer)).toEqual({ status: 502, code: "stripe_failed" });
    expect(await reservationsOf(sql, user.user.id))
      .toMatchObject([{ state: "open", session_id: session.id }]);
  });
});

describe("idempotency keys", () => {
  it("I7: a key whose session was paid, the event lost, gives no second one after the expiry", async () => {
    const user = await signUp();
    const body = { ...BADGE, idempotency_key: crypto.randomUUID() };
    await withoutDeliveries(async () => {
      const first = await openCheckout(user, body);
      await twin(`checkout_sessions/${first.id}/pay`, { card: CARD });
      expect((await openCheckout(user, body)).id).toBe(first.id);
      await sql`
        update payments_private.checkout_reservations
        set expires_at = now() - interval '1 second' where user_id = ${user.user.id}`;
      const answer = await askForCheckout(user, body);
      expect(answer.status).toBe(409);
      expect(await refusal(answer)).toEqual({ status: 409, code: "idempotency_conflict" });
      expect((await sessionsAtStripe(user.user.id)).map(({ id }) => id)).toEqual([first.id]);
    });
  });

  it("I7: a key keeps its open session although the price was withdrawn meanwhile", async () => {
    const user = await signUp();
    const product = await stripeClient().products.create({ name: "Withdrawn" });
    const price = await stripeClient().prices.create({
      product: product.id,
      currency: "usd",
      unit_amount: 100,
    });
    const isKnownAs = (active: boolean) =>
      until(async () => {
        const [row] = await sql`select active from payments.prices where id = ${price.id}`;
        return row?.["active"] === active;
      });
    await isKnownAs(true);
    const body = {
      mode: "payment",
      items: [{ price: price.id, quantity: 1 }],
      idempotency_key: crypto.randomUUID(),
    };
    const session = await openCheckout(user, body);
    await stripeClient().prices.update(price.id, { active: false });
    await isKnownAs(false);
    expect((await openCheckout(user, body)).id).toBe(session.id);
    const { idempotency_key: _key, ...without } = body;
    expect(await refusal(await askForCheckout(user, without)))
      .toEqual({ status: 422, code: "not_purchasable" });
  });
});

describe("customers", () => {
  it("decision 8: server errors while a first checkout is on its way make no second customer", async () => {
    const user = await signUp();
    const gate = closedGate();
    let asked = 0;
    stripe.use(async (request, forward) => {
      if (callOf(request) !== CREATE_CUSTOMER) return await forward();
      if (asked++ > 0) return stripeError(503, "api_error");
      await gate.pass();
      return await forward();
    });
    const slow = askForCheckout(user, subscriptionTo("pro_monthly"), checkout.url);
    await gate.reached;
    const other = await askForCheckout(user, subscriptionTo("pro_monthly"), checkout.url);
    stripe.use(); // Stripe is back, the first request is still on its way
    const third = await askForCheckout(user, subscriptionTo("pro_monthly"), checkout.url);
    gate.open();
    expect(other.status).toBe(502);
    expect(third.status).toBe(200);
    expect((await slow).status).toBe(200);
    expect(await customersAtStripe(user.user.id)).toHaveLength(1);
    expect((await askForCheckout(user, subscriptionTo("pro_yearly"))).status).toBe(200);
  });

  it("decision 8: nobody is locked out when the customer is deleted under a checkout not yet made", async () => {
    const user = await signUp();
    await openCheckout(user, BADGE);
    const [customer] = await sql`select id from payments.customers where user_id = ${user.user.id}`;
    // the session is made under the customer, and its answer lost
    stripe.use(async (request, forward) => {
      const answer = await forward();
      return callOf(request) === CREATE_SESSION ? stripeError(503, "api_error") : answer;
    });
    const lost = await askForCheckout(user, subscriptionTo("pro_monthly"), checkout.url);
    expect(lost.status).toBe(502);
    await stripeClient().customers.del(customer?.["id"]);
    await until(async () => {
      const [row] = await sql`
        select deleted_at from payments.customers where id = ${customer?.["id"]}`;
      return row?.["deleted_at"];
    });
    expect((await askForCheckout(user, subscriptionTo("pro_monthly"))).status).toBe(200);
    expect((await askForCheckout(user, subscriptionTo("pro_yearly"))).status).toBe(200);
    expect(await payableSessions(user.user.id)).toHaveLength(1);
  });
});
