// A reservation from its beginning to its end, with every single call lost on the way: before it
// arrives, or after it was carried out. The functions run unmodified; a proxy stands before Stripe and
// another before Supabase.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openCheckout, refusal, stripeClient, twin, until } from "../support/payments.ts";
import { functionEnv, runFunction, type RunningFunction } from "../support/run-function.ts";
import { adminSql, type SignedInUser, signUp, stack } from "../support/stack.ts";
import { callOf, type Interceptor, startInterceptor } from "./support/interceptor.ts";
import {
  askForCheckout,
  CARD,
  customersAtStripe,
  payableSessions,
  reservationsOf,
  subscriptionTo,
} from "./support/shop.ts";

const MONTHLY = subscriptionTo("pro_monthly");
const YEARLY = subscriptionTo("pro_yearly");
const RPC = "POST /rest/v1/rpc/";

const sql = adminSql();
let stripe: Interceptor;
let supabase: Interceptor;
let checkout: RunningFunction;

beforeAll(async () => {
  stripe = startInterceptor(stack().stripeUrl);
  supabase = startInterceptor(stack().supabaseUrl);
  checkout = await runFunction(
    "create-checkout",
    functionEnv({ STRIPE_API_BASE: stripe.url, SUPABASE_URL: supabase.url }),
    [stripe.host, supabase.host],
  );
});
afterEach(() => {
  stripe.use();
  supabase.use();
});
afterAll(async () => {
  await checkout.stop();
  await stripe.close();
  await supabase.close();
  await sql.end();
});

/** From now on this call is lost each time: with what it does, or only its answer. */
function lose(call: string, what: "the request" | "the answer"): { times: () => number } {
  let count = 0;
  for (const way of [stripe, supabase]) {
    way.use(async (request, forward) => {
      const name = callOf(request).replace(/cs_\w+/, ":id").replace(/cus_\w+/, ":id");
      if (name !== call) return await forward();
      count++;
      if (what === "the answer") await (await forward()).body?.cancel();
      // not retried by the SDK, which would only cost the test its time
      return new Response(null, { status: 503, headers: { "stripe-should-retry": "false" } });
    });
  }
  return { times: () => count };
}

function found(): void {
  stripe.use();
  supabase.use();
}

const ask = (user: SignedInUser, wish: Record<string, unknown>) =>
  askForCheckout(user, wish, checkout.url);

/** The end of every story: one session, which can be paid, and one subscription when it was. */
async function endsWell(user: SignedInUser, wish: Record<string, unknown>): Promise<void> {
  const session = await (await ask(user, wish)).json();
  expect(await payableSessions(user.user.id)).toEqual([session.id]);
  expect(await customersAtStripe(user.user.id)).toHaveLength(1);
  expect((await reservationsOf(sql, user.user.id)).at(-1))
    .toMatchObject({ state: "open", session_id: session.id });
  await twin(`checkout_sessions/${session.id}/pay`, { card: CARD });
  const { customer } = await stripeClient().checkout.sessions.retrieve(session.id);
  const { data } = await stripeClient().subscriptions.list({ customer: String(customer) });
  expect(data).toHaveLength(1);
}

const LOSSES = ["the request", "the answer"] as const;

describe.each(LOSSES)("on the way to a first session, %s is lost of", (what) => {
  it.each([
    `${RPC}authorize_checkout`,
    "POST /v1/customers",
    "POST /v1/checkout/sessions",
    `${RPC}record_checkout`,
  ])("decision 8: %s", async (call) => {
    const user = await signUp();
    const lost = lose(call, what);
    expect([502, 503]).toContain((await ask(user, MONTHLY)).status);
    expect(lost.times()).toBeGreaterThan(0);
    // whatever was reserved is still held: a time-out releases nothing
    const states = (await reservationsOf(sql, user.user.id)).map(({ state }) => state);
    const nothingHappened = call.endsWith("authorize_checkout") && what === "the request";
    const recorded = call.endsWith("record_checkout") && what === "the answer";
    expect(states).toEqual(nothingHappened ? [] : [recorded ? "open" : "reserved"]);
    found();
    await endsWell(user, MONTHLY);
  });

  it("decision 8: the customer's e-mail address, which no checkout waits for", async () => {
    const user = await signUp();
    const lost = lose("POST /v1/customers/:id", what);
    await endsWell(user, MONTHLY);
    expect(lost.times()).toBeGreaterThan(0);
  });
});

describe.each(LOSSES)("while one session takes another's place, %s is lost of", (what) => {
  it.each([
    `${RPC}authorize_checkout`,
    "POST /v1/checkout/sessions/:id/expire",
    `${RPC}record_replaced_checkout`,
    "POST /v1/checkout/sessions",
    `${RPC}record_checkout`,
  ])("decision 8: %s", async (call) => {
    const user = await signUp();
    const first = await openCheckout(user, MONTHLY);
    const lost = lose(call, what);
    expect([502, 503]).toContain((await ask(user, YEARLY)).status);
    expect(lost.times()).toBeGreaterThan(0);
    // never two that can be paid, and never two reservations that live
    expect((await payableSessions(user.user.id)).length).toBeLessThanOrEqual(1);
    const live = (await reservationsOf(sql, user.user.id))
      .filter(({ state }) => state === "reserved" || state === "open");
    expect(live.length).toBeLessThanOrEqual(1);
    found();
    await endsWell(user, YEARLY);
    expect((await stripeClient().checkout.sessions.retrieve(first.id)).status).toBe("expired");
  });

  it.each([
    "POST /v1/checkout/sessions/:id/expire",
    "GET /v1/checkout/sessions/:id",
    `${RPC}record_replaced_checkout`,
  ])("decision 8: %s, when the other one was just paid", async (call) => {
    const user = await signUp();
    const first = await openCheckout(user, MONTHLY);
    await twin("faults", { delivery: { drop: 1 } });
    try {
      await twin(`checkout_sessions/${first.id}/pay`, { card: CARD });
      const lost = lose(call, what);
      expect([502, 503]).toContain((await ask(user, YEARLY)).status);
      expect(lost.times()).toBeGreaterThan(0);
      found();
      expect(await refusal(await ask(user, YEARLY)))
        .toEqual({ status: 409, code: "already_subscribed" });
      expect(await payableSessions(user.user.id)).toEqual([]);
    } finally {
      await twin("faults", {});
    }
  });
});

describe("the ends of a reservation", () => {
  const stateOf = async (user: SignedInUser) =>
    (await reservationsOf(sql, user.user.id)).map(({ state }) => state);

  it("decision 8: reserved, open, then expired by Stripe's event: the slot is free", async () => {
    const user = await signUp();
    const first = await openCheckout(user, MONTHLY);
    expect(await stateOf(user)).toEqual(["open"]);
    await twin(`checkout_sessions/${first.id}/expire`);
    await until(async () => (await stateOf(user))[0] === "expired");
    const slots = await sql`
      select 1 from payments_private.reservation_slots where user_id = ${user.user.id}`;
    expect(slots).toEqual([]);
    expect((await openCheckout(user, MONTHLY)).id).not.toBe(first.id);
  });

  it("decision 8: reserved, open, then completed by Stripe's event: the product is the user's", async () => {
    const user = await signUp();
    const { id } = await openCheckout(user, MONTHLY);
    await twin(`checkout_sessions/${id}/pay`, { card: CARD });
    await until(async () => (await stateOf(user))[0] === "completed");
    for (const wish of [MONTHLY, YEARLY]) {
      expect(await refusal(await askForCheckout(user, wish)))
        .toEqual({ status: 409, code: "already_subscribed" });
    }
  });

  it("decision 8: our own clock ends nothing: past its time it is closed at Stripe before another is made", async () => {
    const user = await signUp();
    const first = await openCheckout(user, MONTHLY);
    await sql`update payments_private.checkout_reservations
      set expires_at = now() - interval '1 minute' where user_id = ${user.user.id}`;
    expect(await stateOf(user)).toEqual(["open"]);
    const second = await openCheckout(user, MONTHLY);
    expect(await payableSessions(user.user.id)).toEqual([second.id]);
    expect(await stateOf(user)).toEqual(["expired", "open"]);
    expect((await stripeClient().checkout.sessions.retrieve(first.id)).status).toBe("expired");
  });

  it("decision 8: a completed one keeps the product until its subscription is known as the user's", async () => {
    const user = await signUp();
    // the session is made, and nobody ever hears of it: its customer is bound to no user
    lose(`${RPC}record_checkout`, "the request");
    expect((await ask(user, MONTHLY)).status).toBe(503);
    found();
    const [session] = await payableSessions(user.user.id);
    await twin(`checkout_sessions/${session}/pay`, { card: CARD });
    const { subscription } = await stripeClient().checkout.sessions.retrieve(session ?? "");
    await until(async () =>
      (await sql`select 1 from payments.subscriptions where id = ${String(subscription)}`).length
    );
    const answer = await ask(user, YEARLY);
    expect(await refusal(answer)).toEqual({ status: 409, code: "already_subscribed" });
    expect(await payableSessions(user.user.id)).toEqual([]);
  });
});
