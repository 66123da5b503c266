import type Stripe from "stripe";
import { afterAll, describe, expect, it } from "vitest";
import {
  checkoutBody,
  openCheckout,
  refusal,
  stripeClient,
  subscribe,
  twin,
  until,
} from "../../support/payments.ts";
import { adminSql, callFunction, signUp, stack } from "../../support/stack.ts";

const sql = adminSql();
afterAll(() => sql.end());

describe("the main job", () => {
  it("main job: a paid checkout becomes an active subscription the user sees under RLS", async () => {
    const user = await signUp();
    const id = await subscribe(user);
    const { data } = await user.client.schema("payments").from("subscriptions")
      .select("id, user_id, status, cancel_at_period_end, current_period_end");
    expect(data).toEqual([{
      id,
      user_id: user.user.id,
      status: "active",
      cancel_at_period_end: false,
      current_period_end: expect.stringMatching(/^\d{4}-/),
    }]);
    const items = await user.client.schema("payments").from("subscription_items")
      .select("subscription_id, quantity, unit_amount, currency");
    expect(items.data).toEqual([
      { subscription_id: id, quantity: 1, unit_amount: 900, currency: "usd" },
    ]);
    const payments = await until(async () => {
      const { data } = await user.client.schema("payments").from("payments")
        .select("amount, currency, status").eq("status", "succeeded");
      return data?.length ? data : null;
    });
    expect(payments).toEqual([{ amount: 900, currency: "usd", status: "succeeded" }]);
  });

  it("main job: a one-time purchase becomes a succeeded payment", async () => {
    const user = await signUp();
    const session = await openCheckout(user, {
      mode: "payment",
      items: [{ price: "badge_once", quantity: 2 }],
    });
    await twin(`checkout_sessions/${session.id}/pay`, { card: "4242424242424242" });
    const payment = await until(async () => {
      const { data } = await user.client.schema("payments").from("payments")
        .select("amount, status").eq("status", "succeeded");
      return data?.[0];
    });
    expect(payment.amount).toBe(9800);
  });

  it("main job: the response has id, url and expires_at, and the success URL survives", async () => {
    const user = await signUp();
    const session = await openCheckout(user);
    expect(session.id).toMatch(/^cs_/);
    expect(session.url).toMatch(/^http/);
    expect(session.expires_at).toBeGreaterThan(Date.now() / 1000 + 29 * 60);
    const atStripe = await stripeClient().checkout.sessions.retrieve(session.id);
    expect(atStripe.success_url).toBe(checkoutBody().success_url);
    expect(atStripe.client_reference_id).toBe(user.user.id);
  });
});

describe("customers", () => {
  it("9: fifty parallel first checkouts make one Stripe customer", async () => {
    const user = await signUp();
    const responses = await Promise.all(
      Array.from({ length: 50 }, () => callFunction("create-checkout", checkoutBody(), user)),
    );
    expect(responses.map(({ status }) => status)).toEqual(Array(50).fill(200));
    const sessions = await Promise.all(responses.map((response) => response.json()));
    expect(new Set(sessions.map(({ id }) => id)).size).toBe(1);

    const customers = await stripeClient().customers.list({ limit: 100 }).autoPagingToArray({
      limit: 10_000,
    });
    expect(customers.filter(({ metadata }) => metadata["user_id"] === user.user.id)).toHaveLength(
      1,
    );
    const rows = await sql`select id from payments.customers where user_id = ${user.user.id}`;
    expect(rows).toHaveLength(1);
  });

  it("9: a customer that was deleted at Stripe is replaced at the next checkout", async () => {
    const user = await signUp();
    await openCheckout(user, { mode: "payment", items: [{ price: "badge_once", quantity: 1 }] });
    const [before] = await sql`select id from payments.customers where user_id = ${user.user.id}`;
    await stripeClient().customers.del(before?.["id"]);
    await until(async () => {
      const [row] = await sql`select deleted_at from payments.customers where id = ${
        before?.["id"]
      }`;
      return row?.["deleted_at"];
    });
    await openCheckout(user, { mode: "payment", items: [{ price: "badge_once", quantity: 1 }] });
    const live = await sql`
      select id from payments.customers where user_id = ${user.user.id} and deleted_at is null`;
    expect(live).toHaveLength(1);
    expect(live[0]?.["id"]).not.toBe(before?.["id"]);
  });

  it("9: an event about a customer never moves it to the user its metadata names", async () => {
    const [victim, attacker] = [await signUp(), await signUp()];
    await openCheckout(victim);
    const [row] = await sql`select id from payments.customers where user_id = ${victim.user.id}`;
    await stripeClient().customers.update(row?.["id"], {
      metadata: { user_id: attacker.user.id },
      email: "changed@example.com",
    });
    await until(async () => {
      const events = await sql`
        select 1 from payments_private.processed_events
        where object_id = ${row?.["id"]} and event_type = 'customer.updated'`;
      return events.length > 0;
    });
    const [after] = await sql`select user_id from payments.customers where id = ${row?.["id"]}`;
    expect(after?.["user_id"]).toBe(victim.user.id);
  });
});

describe("idempotency", () => {
  it("I7: the same key and body give the same session, another body 409", async () => {
    const user = await signUp();
    const key = crypto.randomUUID();
    const badge = { mode: "payment", items: [{ price: "badge_once", quantity: 1 }] };
    const first = await openCheckout(user, { ...badge, idempotency_key: key });
    const second = await openCheckout(user, { ...badge, idempotency_key: key });
    expect(second.id).toBe(first.id);

    const other = { ...badge, items: [{ price: "badge_once", quantity: 2 }], idempotency_key: key };
    const response = await callFunction("create-checkout", checkoutBody(other), user);
    expect(await refusal(response)).toEqual({ status: 409, code: "idempotency_conflict" });
  });

  it("I7: the same key gives a new session once the first has expired", async () => {
    const user = await signUp();
    const request = {
      mode: "payment",
      items: [{ price: "badge_once", quantity: 1 }],
      idempotency_key: crypto.randomUUID(),
    };
    const first = await openCheckout(user, request);
    await twin(`checkout_sessions/${first.id}/expire`);
    await until(async () => {
      const [row] = await sql`select status from payments.checkout_sessions where id = ${first.id}`;
      return row?.["status"] === "expired";
    });
    expect((await openCheckout(user, request)).id).not.toBe(first.id);
  });

  it("I7: keys of two users do not meet", async () => {
    const [one, two] = [await signUp(), await signUp()];
    const request = {
      mode: "payment",
      items: [{ price: "badge_once", quantity: 1 }],
      idempotency_key: crypto.randomUUID(),
    };
    expect((await openCheckout(one, request)).id).not.toBe((await openCheckout(two, request)).id);
  });

  it("I7: parallel requests with one key make one session", async () => {
    const user = await signUp();
    const request = checkoutBody({
      mode: "payment",
      items: [{ price: "badge_once", quantity: 1 }],
      idempotency_key: crypto.randomUUID(),
    });
    const sessions = await Promise.all(
      Array.from(
        { length: 10 },
        async () => (await callFunction("create-checkout", request, user)).json(),
      ),
    );
    expect(new Set(sessions.map(({ id }) => id)).size).toBe(1);
  });
});

describe("one subscription", () => {
  it("refuses a second subscription to the same product with 409", async () => {
    const user = await signUp();
    await subscribe(user);
    for (const price of ["starter_monthly", "starter_yearly"]) {
      const body = checkoutBody({ items: [{ price, quantity: 1 }] });
      const response = await callFunction("create-checkout", body, user);
      expect(await refusal(response)).toEqual({ status: 409, code: "already_subscribed" });
    }
    await openCheckout(user, { items: [{ price: "pro_monthly", quantity: 1 }] });
  });

  it("a second checkout with other parameters closes the first one's session at Stripe", async () => {
    const user = await signUp();
    const first = await openCheckout(user);
    const second = await openCheckout(user, { items: [{ price: "starter_yearly", quantity: 1 }] });
    expect(second.id).not.toBe(first.id);
    const stripe = stripeClient();
    expect((await stripe.checkout.sessions.retrieve(first.id)).status).toBe("expired");
    expect((await stripe.checkout.sessions.retrieve(second.id)).status).toBe("open");
  });

  it("a checkout whose session was paid a moment ago, webhook not yet here, is refused", async () => {
    const user = await signUp();
    const first = await openCheckout(user);
    await twin("faults", { delivery: { drop: 1 } });
    try {
      await twin(`checkout_sessions/${first.id}/pay`, { card: "4242424242424242" });
      const body = checkoutBody({ items: [{ price: "starter_yearly", quantity: 1 }] });
      const response = await callFunction("create-checkout", body, user);
      expect(await refusal(response)).toEqual({ status: 409, code: "already_subscribed" });
    } finally {
      await twin("faults", {});
    }
  });
});

describe("the catalogue decides", () => {
  it.each([
    ["an unknown price", { items: [{ price: "nope", quantity: 1 }] }, "price_unavailable"],
    [
      "a one-time price as a subscription",
      { items: [{ price: "badge_once", quantity: 1 }] },
      "price_not_for_mode",
    ],
    [
      "a subscription price as a payment",
      { mode: "payment", items: [{ price: "pro_monthly", quantity: 1 }] },
      "price_not_for_mode",
    ],
    [
      "an amount beyond Stripe's limit",
      { mode: "payment", items: [{ price: "badge_once", quantity: 999_999 }] },
      "amount_too_large",
    ],
  ])("9: refuses %s with 422", async (_what, changes, code) => {
    const response = await callFunction("create-checkout", checkoutBody(changes), await signUp());
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      code: "not_purchasable",
      errors: [{ path: "items.0.price", code }],
    });
  });

  it("9: refuses a price that was archived at Stripe, and one without an amount", async () => {
    const stripe = stripeClient();
    const product = await stripe.products.create({ name: "Short-lived" });
    const price = await stripe.prices.create({
      product: product.id,
      currency: "usd",
      unit_amount: 100,
      recurring: { interval: "month" },
    });
    const known = (active: boolean) =>
      until(async () => {
        const [row] = await sql`select active from payments.prices where id = ${price.id}`;
        return row?.["active"] === active;
      });
    await known(true);
    const user = await signUp();
    await openCheckout(user, { items: [{ price: price.id, quantity: 1 }] });
    await stripe.prices.update(price.id, { active: false });
    await known(false);
    const body = checkoutBody({ items: [{ price: price.id, quantity: 1 }] });
    expect(await refusal(await callFunction("create-checkout", body, await signUp())))
      .toEqual({ status: 422, code: "not_purchasable" });
  });
});

describe("when Stripe fails", () => {
  const pro = { items: [{ price: "pro_monthly", quantity: 1 }] };

  async function withFault<T>(fault: Record<string, unknown>, run: () => Promise<T>): Promise<T> {
    await twin("faults", { api: [{ path: "/v1/checkout/sessions", method: "POST", ...fault }] });
    try {
      return await run();
    } finally {
      await twin("faults", {});
    }
  }

  async function sessionsOf(userId: string): Promise<Stripe.Checkout.Session[]> {
    const [row] = await sql`select id from payments.customers where user_id = ${userId}`;
    return (await stripeClient().checkout.sessions.list({ customer: row?.["id"] })).data;
  }

  it("I7: a time-out after Stripe made the session ends in that one session", async () => {
    const user = await signUp();
    const session = await withFault(
      { kind: "timeout_after", times: 1 },
      () => openCheckout(user, pro),
    );
    expect((await sessionsOf(user.user.id)).map(({ id }) => id)).toEqual([session.id]);
  });

  it("I7: a server error releases nothing, and the next try gets through a saved one", async () => {
    const user = await signUp();
    const response = await withFault(
      { kind: "500", probability: 1 },
      () => callFunction("create-checkout", checkoutBody(pro), user),
    );
    expect(await refusal(response)).toEqual({ status: 502, code: "stripe_failed" });
    expect(response.headers.get("retry-after")).not.toBeNull();
    const reservations = () =>
      sql`
      select id, state from payments_private.checkout_reservations where user_id = ${user.user.id}`;
    const [reserved] = await reservations();
    expect(reserved?.["state"]).toBe("reserved");

    const session = await openCheckout(user, pro);
    expect(await reservations()).toEqual([{ id: reserved?.["id"], state: "open" }]);
    expect((await sessionsOf(user.user.id)).map(({ id }) => id)).toEqual([session.id]);
  });

  it("a definite refusal by Stripe frees the reservation", async () => {
    const user = await signUp();
    const stripe = stripeClient();
    const product = await stripe.products.create({ name: "Archived in secret" });
    const price = await stripe.prices.create({
      product: product.id,
      currency: "usd",
      unit_amount: 100,
      recurring: { interval: "month" },
    });
    await until(async () =>
      (await sql`select 1 from payments.prices where id = ${price.id}`).length > 0
    );
    await twin("faults", { delivery: { drop: 1 } });
    try {
      await stripe.prices.update(price.id, { active: false });
      const body = checkoutBody({ items: [{ price: price.id, quantity: 1 }] });
      const response = await callFunction("create-checkout", body, user);
      expect(await refusal(response)).toEqual({ status: 502, code: "stripe_failed" });
    } finally {
      await twin("faults", {});
    }
    const [row] = await sql`
      select state from payments_private.checkout_reservations where user_id = ${user.user.id}`;
    expect(row?.["state"]).toBe("released");
  });

  it("takes a good answer whose content type is wrong", async () => {
    const user = await signUp();
    const session = await withFault({ kind: "content_type" }, () => openCheckout(user, pro));
    expect((await openCheckout(user, pro)).id).toBe(session.id);
  });

  it.each(["garbage", "429"])("answers 502 to %s from Stripe", async (kind) => {
    const user = await signUp();
    await twin("faults", {
      api: [{ path: "/v1/checkout/sessions", method: "POST", kind, probability: 1 }],
    });
    try {
      const response = await callFunction("create-checkout", checkoutBody(), user);
      expect(await refusal(response)).toEqual({ status: 502, code: "stripe_failed" });
    } finally {
      await twin("faults", {});
    }
    await openCheckout(user);
  });
});

describe("each of the contract's refusals", () => {
  it("405 for another method", async () => {
    const response = await callFunction("create-checkout", undefined, { method: "GET" });
    expect(await refusal(response)).toEqual({ status: 405, code: "method_not_allowed" });
    expect(response.headers.get("allow")).toBe("POST, OPTIONS");
  });

  it("413 for a large body, 415 for another type", async () => {
    expect(await refusal(await callFunction("create-checkout", "x".repeat(20_000))))
      .toEqual({ status: 413, code: "payload_too_large" });
    const headers = { "content-type": "text/plain" };
    expect(await refusal(await callFunction("create-checkout", "{}", { headers })))
      .toEqual({ status: 415, code: "unsupported_media_type" });
  });

  it("5.1a: 401 without a session, with a forged one, and with an API key in its place", async () => {
    const forged = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl";
    for (const accessToken of [undefined, forged, stack().publishableKey, stack().secretKey]) {
      const response = await callFunction("create-checkout", checkoutBody(), { accessToken });
      expect(await refusal(response)).toEqual({ status: 401, code: "unauthorized" });
    }
  });

  it("5.1b: 401 with a token whose session was signed out", async () => {
    const user = await signUp();
    await user.client.auth.signOut();
    const response = await callFunction("create-checkout", checkoutBody(), user);
    expect(response.status).toBe(401);
  });

  it("5.1b: the guard itself refuses a session that is gone, whatever the token says", async () => {
    const user = await signUp();
    await sql`delete from auth.sessions where user_id = ${user.user.id}`;
    const response = await callFunction("create-checkout", checkoutBody(), user);
    expect(response.status).toBe(401);
  });

  it("5.1b: 401 for a banned user", async () => {
    const user = await signUp();
    await sql`update auth.users set banned_until = now() + interval '1 day' where id = ${user.user.id}`;
    const response = await callFunction("create-checkout", checkoutBody(), user);
    expect(await refusal(response)).toEqual({ status: 401, code: "session_ended" });
  });

  it("400 for broken JSON, 422 for invalid fields", async () => {
    const user = await signUp();
    expect(await refusal(await callFunction("create-checkout", "{", user)))
      .toEqual({ status: 400, code: "bad_request" });
    expect(await refusal(await callFunction("create-checkout", {}, user)))
      .toEqual({ status: 422, code: "invalid_request" });
  });

  it("5.2c: every decision leaves an audit row with actor, outcome, request id and key", async () => {
    const user = await signUp();
    await openCheckout(user);
    const refused = await callFunction(
      "create-checkout",
      checkoutBody({ items: [{ price: "nope", quantity: 1 }] }),
      user,
    );
    const rows = await sql`
      select action, outcome, request_id, key_fingerprint, reason from audit.audit_logs
      where actor_id = ${user.user.id} order by occurred_at`;
    expect(rows.map(({ action, outcome }) => [action, outcome])).toEqual([
      ["checkout.authorized", "success"],
      ["checkout.opened", "success"],
      ["checkout.refused", "refused"],
    ]);
    expect(rows[2]).toMatchObject({
      reason: "not_purchasable",
      request_id: refused.headers.get("x-request-id"),
      key_fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
  });
});
