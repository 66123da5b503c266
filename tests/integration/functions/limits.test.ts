import type postgres from "postgres";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import {
  checkoutBody,
  deliver,
  eventBody,
  nowSeconds,
  openCheckout,
  refusal,
  stripeId,
  subscribe,
  until,
} from "../../support/payments.ts";
import { adminSql, callFunction, type SignedInUser, signUp, stack } from "../../support/stack.ts";

const sql = adminSql();
afterAll(() => sql.end());
afterEach(async () => {
  await sql.begin(async (tx) => {
    await tx`delete from payments_private.settings`;
    await tx`insert into payments_private.settings default values`;
  });
  await sql`truncate payments_private.rate_limits, payments_private.rate_refusals`;
});

async function settings(changes: Record<string, postgres.SerializableParameter>): Promise<void> {
  await sql`update payments_private.settings set ${sql(changes)}`;
}

const sync = (user: SignedInUser, headers: Record<string, string> = {}) =>
  callFunction("sync-billing", {}, { ...user, headers });

async function statuses(responses: Promise<Response>[]): Promise<number[]> {
  return await Promise.all(responses.map(async (response) => {
    const { status, body } = await response;
    await body?.cancel();
    return status;
  }));
}

describe("limits", () => {
  it("7.1a a token comes back after its interval, and no more than the burst is ever there", async () => {
    const take = async () => {
      const [row] = await sql`
        select payments_private.take_token('user', 'slow', 3, interval '1 second') is null as taken`;
      return row?.["taken"];
    };
    expect([await take(), await take(), await take(), await take()]).toEqual([
      true,
      true,
      true,
      false,
    ]);
    const rewind = (seconds: number) =>
      sql`update payments_private.rate_limits set arrival_at = arrival_at - ${seconds} * interval '1 second'
        where subject = 'slow'`;
    await rewind(1);
    expect([await take(), await take()]).toEqual([true, false]);
    await rewind(3600);
    expect([await take(), await take(), await take(), await take()]).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it("5.3c 7.1a answers 429 with Retry-After and the RateLimit fields, to that user alone", async () => {
    await settings({ user_burst: 5, user_interval_seconds: 600 });
    const [user, other] = [await signUp(), await signUp()];
    const codes = await statuses(Array.from({ length: 12 }, () => sync(user)));
    expect(codes.filter((status) => status === 200)).toHaveLength(5);
    expect(codes.filter((status) => status === 429)).toHaveLength(7);

    const response = await sync(user);
    const wait = Number(response.headers.get("retry-after"));
    expect(wait).toBeGreaterThan(500);
    expect(wait).toBeLessThanOrEqual(600);
    expect(response.headers.get("ratelimit-policy")).toBe('"user";q=5;w=3000');
    expect(response.headers.get("ratelimit")).toBe(`"user";r=0;t=${wait}`);
    expect(await refusal(response)).toEqual({ status: 429, code: "rate_limited" });
    expect((await sync(other)).status).toBe(200);
  });

  it("7.1c a forged address moves no user's bucket, and one address is counted over all its users", async () => {
    await settings({ user_burst: 3, user_interval_seconds: 600 });
    const user = await signUp();
    const forged = Array.from(
      { length: 6 },
      (_, index) => sync(user, { "x-forwarded-for": `203.0.113.${index}` }),
    );
    expect((await statuses(forged)).filter((status) => status === 200)).toHaveLength(3);

    // the gateway appends what it saw: all of these come from this machine
    await settings({ user_burst: 100, address_burst: 4, address_interval_seconds: 600 });
    await sql`truncate payments_private.rate_limits`;
    const users = await Promise.all(Array.from({ length: 6 }, () => signUp()));
    const codes = await statuses(
      users.map((one, index) => sync(one, { "x-forwarded-for": `203.0.113.${index}` })),
    );
    expect(codes.filter((status) => status === 200)).toHaveLength(4);
  });

  it("7.1b keeps a budget toward Stripe", async () => {
    await settings({ stripe_burst: 16, stripe_interval_seconds: 60 });
    const users = await Promise.all(Array.from({ length: 4 }, () => signUp()));
    const codes = await statuses(
      users.flatMap((user) => Array.from({ length: 10 }, () => sync(user))),
    );
    const passed = codes.filter((status) => status === 200).length;
    expect(passed).toBeGreaterThan(4);
    expect(passed).toBeLessThanOrEqual(16);
  });

  it("8.1a repeated refusals make one audit row and a count", async () => {
    await settings({ user_burst: 1, user_interval_seconds: 600 });
    const user = await signUp();
    await statuses(Array.from({ length: 9 }, () => sync(user)));
    const rows = await sql`
      select reason from audit.audit_logs where actor_id = ${user.user.id} and action = 'sync.refused'`;
    expect(rows).toEqual([{ reason: "rate_limited" }]);
    const [count] = await sql`
      select sum(refusals)::int as n from payments_private.rate_refusals where subject = ${user.user.id}`;
    expect(count?.["n"]).toBe(8);
  });
});

describe("switches and holds", () => {
  it.each([
    ["stop_all", "create-checkout"],
    ["stop_checkout", "create-checkout"],
    ["stop_all", "customer-portal"],
    ["stop_portal", "customer-portal"],
    ["stop_all", "sync-billing"],
  ])("10.1a %s stops %s with 503 and Retry-After", async (name, fn) => {
    const user = await signUp();
    await settings({ [name]: true });
    const body = {
      "create-checkout": checkoutBody(),
      "customer-portal": { return_url: `${stack().webUrl}/account` },
    }[fn] ?? {};
    const response = await callFunction(fn, body, user);
    expect(response.headers.get("retry-after")).toBe("60");
    expect(await refusal(response)).toEqual({ status: 503, code: "switched_off" });
  });

  it("I8 without its row of settings nothing has limits, so all is closed", async () => {
    const user = await signUp();
    const object = { id: stripeId("prod"), object: "product", active: true, name: "No limits" };
    await sql`delete from payments_private.settings`;
    const answers = await Promise.all([
      callFunction("create-checkout", checkoutBody(), user),
      callFunction("customer-portal", { return_url: `${stack().webUrl}/account` }, user),
      sync(user),
      deliver(eventBody({ id: stripeId("evt"), type: "product.created", object })),
    ]);
    for (const answer of answers) {
      expect(await refusal(answer)).toEqual({ status: 503, code: "switched_off" });
    }
  });

  it("10.1a a switch for one function leaves the others alone", async () => {
    const user = await signUp();
    await settings({ stop_portal: true });
    await openCheckout(user);
  });

  it("10.1a webhooks that are switched off answer 503 and store nothing; the next delivery counts", async () => {
    const id = stripeId("evt");
    const object = {
      id: stripeId("prod"),
      object: "product",
      active: true,
      name: "Later",
      created: nowSeconds(),
    };
    const body = eventBody({ id, type: "product.created", object });
    await settings({ stop_webhooks: true });
    expect(await refusal(await deliver(body))).toEqual({ status: 503, code: "switched_off" });
    expect(await sql`select 1 from payments_private.processed_events where event_id = ${id}`)
      .toHaveLength(0);
    await settings({ stop_webhooks: false });
    expect((await (await deliver(body)).json()).outcome).toBe("applied");
  });

  it("10.1a a user on hold hears 403 until the hold is released", async () => {
    const user = await signUp();
    await sql`insert into payments_private.user_holds (user_id, reason, placed_by)
      values (${user.user.id}, 'test', 'somebody')`;
    expect(await refusal(await callFunction("create-checkout", checkoutBody(), user)))
      .toEqual({ status: 403, code: "on_hold" });
    await sql`update payments_private.user_holds
      set released_at = now(), released_by = 'somebody', release_reason = 'test'
      where user_id = ${user.user.id}`;
    await openCheckout(user);
  });
});

describe("the order of refusals", () => {
  it("422 and 409 are told before 429, 403 before 409, 401 before all of them", async () => {
    await settings({ user_burst: 1, user_interval_seconds: 600 });
    const user = await signUp();
    await statuses([sync(user)]); // the only token
    const nope = checkoutBody({ items: [{ price: "nope", quantity: 1 }] });
    expect((await callFunction("create-checkout", nope, user)).status).toBe(422);
    expect((await callFunction("create-checkout", checkoutBody(), user)).status).toBe(429);

    await settings({ user_burst: 100 });
    await subscribe(user);
    await settings({ user_burst: 1 });
    expect((await callFunction("create-checkout", checkoutBody(), user)).status).toBe(409);
    await sql`insert into payments_private.user_holds (user_id, reason, placed_by)
      values (${user.user.id}, 'test', 'somebody')`;
    expect((await callFunction("create-checkout", checkoutBody(), user)).status).toBe(403);
    await sql`delete from auth.sessions where user_id = ${user.user.id}`;
    expect((await callFunction("create-checkout", checkoutBody(), user)).status).toBe(401);
  });
});

describe("caps", () => {
  const badge = (quantity: number) =>
    checkoutBody({
      mode: "payment",
      items: [{ price: "badge_once", quantity }],
      idempotency_key: crypto.randomUUID(),
    });

  it("7.2c refuses a transaction over its cap with 422", async () => {
    await settings({ transaction_cap_minor: sql.json({ usd: 9800 }) });
    const user = await signUp();
    const response = await callFunction("create-checkout", badge(3), user);
    expect(await response.json()).toMatchObject({
      code: "not_purchasable",
      errors: [{ path: "items", code: "amount_over_transaction_cap" }],
    });
    expect((await callFunction("create-checkout", badge(2), user)).status).toBe(200);
  });

  it("7.2c never passes a daily cap under parallel checkouts", async () => {
    await settings({ user_day_cap_minor: sql.json({ usd: 5 * 4900 }), user_burst: 1000 });
    const user = await signUp();
    const codes = await statuses(
      Array.from({ length: 60 }, () => callFunction("create-checkout", badge(1), user)),
    );
    expect(codes.filter((status) => status === 200)).toHaveLength(5);
    expect(codes.filter((status) => status === 422)).toHaveLength(55);
    const [row] = await sql`
      select sum(amount_minor)::int as total from payments_private.checkout_reservations
      where user_id = ${user.user.id} and state in ('reserved', 'open', 'completed')`;
    expect(row?.["total"]).toBe(5 * 4900);
  });

  it("7.2c a month's cap counts what a day's does not, and an expired checkout counts no more", async () => {
    await settings({ user_month_cap_minor: sql.json({ usd: 2 * 4900 }) });
    const user = await signUp();
    const first = await (await callFunction("create-checkout", badge(2), user)).json();
    expect((await callFunction("create-checkout", badge(1), user)).status).toBe(422);
    await fetch(`${stack().stripeUrl}/_twin/checkout_sessions/${first.id}/expire`, {
      method: "POST",
    });
    await until(async () => {
      const [row] = await sql`
        select state from payments_private.checkout_reservations where session_id = ${first.id}`;
      return row?.["state"] === "expired";
    });
    expect((await callFunction("create-checkout", badge(1), user)).status).toBe(200);
  });

  it("7.2a stops a user who opens checkout after checkout and pays none", async () => {
    await settings({ unpaid_sessions_per_hour: 3 });
    const user = await signUp();
    const codes: number[] = [];
    for (let index = 0; index < 5; index++) {
      codes.push(...await statuses([callFunction("create-checkout", badge(1), user)]));
    }
    expect(codes).toEqual([200, 200, 200, 403, 403]);
    const holds = await sql`
      select reason from payments_private.user_holds where user_id = ${user.user.id}`;
    expect(holds).toEqual([{ reason: "unpaid_sessions" }]);
  });

  it("7.2c settings refuse caps that are no amounts", async () => {
    await expect(settings({ transaction_cap_minor: sql.json({ usd: "much" }) })).rejects
      .toMatchObject({
        constraint_name: "caps_are_amounts_by_currency",
      });
    await expect(settings({ user_day_cap_minor: sql.json({ usd: -1 }) })).rejects.toMatchObject({
      constraint_name: "caps_are_amounts_by_currency",
    });
  });
});
