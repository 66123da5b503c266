import type postgres from "postgres";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import {
  checkoutBody,
  openCheckout,
  refusal,
  stripeClient,
  twin,
  until,
} from "../../support/payments.ts";
import { adminSql, callFunction, type SignedInUser, signUp } from "../../support/stack.ts";

const sql = adminSql();
const badge = { mode: "payment", items: [{ price: "badge_once", quantity: 1 }] };
const DECLINED = "4000000000000002";

/** Nobody has done anything from this machine's address yet. */
async function reset(): Promise<void> {
  await sql`delete from payments_private.settings`;
  await sql`insert into payments_private.settings default values`;
  await sql`truncate payments_private.address_holds, payments_private.declines, payments_private.rate_limits`;
  await sql`update payments_private.checkout_reservations set address_hash = null`;
  await sql`update payments_private.customer_creations set address_hash = null`;
  await sql`delete from payments_private.alerts where rule in
    ('card_testing', 'users_by_address', 'new_customers', 'amount_velocity', 'unpaid_sessions')`;
}
beforeEach(reset);
afterAll(async () => {
  await reset();
  await sql.end();
});

async function settings(changes: Record<string, postgres.SerializableParameter>): Promise<void> {
  await sql`update payments_private.settings set ${sql(changes)}`;
}

const ask = (user: SignedInUser, body = badge) =>
  callFunction("create-checkout", checkoutBody(body), user);
const HELD = { status: 403, code: "on_hold" };

async function decline(session: string, user: SignedInUser): Promise<void> {
  const count = async () => {
    const [row] = await sql`
      select count(*)::int as n from payments_private.declines where user_id = ${user.user.id}`;
    return Number(row?.["n"]);
  };
  const before = await count();
  await expect(twin(`checkout_sessions/${session}/pay`, { card: DECLINED })).rejects.toThrow(/402/);
  await until(async () => await count() > before);
}

async function holdsOf(user: SignedInUser): Promise<string[]> {
  const rows = await sql`
    select reason from payments_private.user_holds
    where user_id = ${user.user.id} and released_at is null`;
  return rows.map(({ reason }) => reason);
}

async function addressOf(user: SignedInUser): Promise<string> {
  const [row] = await sql`
    select address_hash from payments_private.checkout_reservations
    where user_id = ${user.user.id} and address_hash is not null limit 1`;
  return row?.["address_hash"];
}

async function alertsOf(subject: string) {
  return [
    ...await sql`
      select rule, severity from payments_private.alerts
      where subject = ${subject} and resolved_at is null`,
  ];
}

const isExpired = (session: string) =>
  until(async () =>
    (await stripeClient().checkout.sessions.retrieve(session)).status === "expired"
  );

describe("a card-testing run", () => {
  it("7.2a by one user is held at the configured attempt, and the pay page that is open is closed", async () => {
    await settings({ declines_per_hour: 3 });
    const user = await signUp();
    const [first, second] = [await openCheckout(user, badge), await openCheckout(user, badge)];
    for (let attempt = 0; attempt < 3; attempt++) {
      expect(await holdsOf(user)).toEqual([]);
      await decline(first.id, user);
    }
    expect(await holdsOf(user)).toEqual(["card_testing"]);
    expect(await alertsOf(user.user.id)).toEqual([{ rule: "card_testing", severity: "critical" }]);
    expect(await refusal(await ask(user))).toEqual(HELD);
    const closed = Promise.all([isExpired(first.id), isExpired(second.id)]);
    expect(await closed.catch(() => "open")).toEqual([true, true]);
    // Stripe has closed both before the worker writes down that it did
    await until(async () => {
      const trail = await sql`
        select from audit.audit_logs where action = 'enforcement.done' and reason = 'user_held'
          and resource_id in ${sql([first.id, second.id])}`;
      return trail.length === 2;
    });
    await expect(twin(`checkout_sessions/${first.id}/pay`, { card: DECLINED })).rejects
      .toThrow(/400/);
  });

  it("7.2a by many users from one address is held with the address, whoever comes next", async () => {
    await settings({ declines_per_hour: 100, declines_per_address_per_hour: 4 });
    const users = await Promise.all(Array.from({ length: 4 }, () => signUp()));
    const sessions: string[] = [];
    for (const user of users) {
      const { id } = await openCheckout(user, badge);
      sessions.push(id);
      await decline(id, user);
    }
    const [user = await signUp()] = users;
    const address = await addressOf(user);
    expect(await alertsOf(address)).toEqual([{ rule: "card_testing", severity: "critical" }]);
    const newcomer = await signUp();
    for (const one of [user, newcomer]) expect(await refusal(await ask(one))).toEqual(HELD);
    expect(await holdsOf(user)).toEqual([]);
    await Promise.all(sessions.map(isExpired));
    // what was bought before stays within reach
    expect((await callFunction("sync-billing", {}, user)).status).toBe(200);

    await sql`update payments_private.address_holds set expires_at = now()`;
    await openCheckout(newcomer, badge);
    const trail = await sql`
      select reason from audit.audit_logs where action = 'address.held' and resource_id = ${address}
      order by occurred_at desc limit 1`;
    expect(trail).toEqual([{ reason: "card_testing" }]);
  });

  it("7.2a a release stays: what was counted before it counts no more", async () => {
    await settings({ declines_per_hour: 2 });
    const user = await signUp();
    const { id } = await openCheckout(user, badge);
    await decline(id, user);
    await decline(id, user);
    expect(await holdsOf(user)).toEqual(["card_testing"]);
    await isExpired(id);
    await sql`update payments_private.user_holds
      set released_at = now(), released_by = 'somebody', release_reason = 'own cards'
      where user_id = ${user.user.id}`;
    const next = await openCheckout(user, badge);
    await decline(next.id, user);
    expect(await holdsOf(user)).toEqual([]);
    await decline(next.id, user);
    expect(await holdsOf(user)).toEqual(["card_testing"]);
  });

  it("7.2a a renewal that is declined counts for its user, for no address", async () => {
    const user = await signUp();
    await openCheckout(user, badge);
    await sql`update payments_private.checkout_reservations set created_at = now() - interval '2 hours'
      where user_id = ${user.user.id}`;
    await sql`select payments_private.count_decline('evt_renewal', ${user.user.id}, 'pi_renewal')`;
    const [row] = await sql`
      select user_id, address_hash from payments_private.declines where event_id = 'evt_renewal'`;
    expect(row).toEqual({ user_id: user.user.id, address_hash: null });
  });

  it("7.2a a checkout that opens while its user is put on hold is not handed out", async () => {
    const user = await signUp();
    const session = await openCheckout(user, badge);
    await sql`update payments_private.checkout_reservations
      set state = 'reserved', url = null where session_id = ${session.id}`;
    await sql`insert into payments_private.user_holds (user_id, reason, placed_by)
      values (${user.user.id}, 'test', 'somebody')`;
    const [recorded] = await sql`
      select payments.record_checkout(jsonb_build_object(
        'reservation_id', r.id, 'customer_id', c.id, 'url', 'https://pay.example/',
        'session', jsonb_build_object('id', r.session_id))) as answer
      from payments_private.checkout_reservations as r
      join payments.customers as c on c.user_id = r.user_id where r.session_id = ${session.id}`;
    expect(recorded?.["answer"]).toEqual({ recorded: false, code: "on_hold" });
    // whoever was to close it may have died: the worker does
    await isExpired(session.id);
  });
});

describe("windows", () => {
  it("7.2a of many users at once from one address exactly the configured number get through", async () => {
    await settings({ users_per_address_per_hour: 5 });
    const users = await Promise.all(Array.from({ length: 12 }, () => signUp()));
    const many = adminSql(12);
    try {
      const requests = await Promise.all(users.map(async ({ user }) => {
        const [session] = await many`select id from auth.sessions where user_id = ${user.id}`;
        return {
          ...checkoutBody(badge),
          user_id: user.id,
          session_id: session?.["id"],
          address_hash: "a".repeat(32),
          body_sha256: "b",
          request_id: crypto.randomUUID(),
        };
      }));
      const answers = await Promise.all(requests.map(async (request) => {
        const [row] = await many`select payments.authorize_checkout(${
          many.json(request)
        }) as answer`;
        return row?.["answer"].code ?? row?.["answer"].decision;
      }));
      expect(answers.filter((answer) => answer === "proceed")).toHaveLength(5);
      expect(answers.filter((answer) => answer === "on_hold")).toHaveLength(7);
    } finally {
      await many.end();
    }
    const holds = await sql`select reason from payments_private.address_holds`;
    expect(holds).toEqual([{ reason: "users_by_address" }]);
  });

  it("7.2a new customers are counted by address; who is one already is not in their way", async () => {
    await settings({ customers_per_address_per_hour: 2 });
    const [one, two, three] = [await signUp(), await signUp(), await signUp()];
    await openCheckout(one, badge);
    await openCheckout(two, badge);
    await openCheckout(one, badge);
    expect(await refusal(await ask(three))).toEqual(HELD);
    const address = await addressOf(one);
    expect(await alertsOf(address)).toEqual([{ rule: "new_customers", severity: "critical" }]);
  });

  it("7.2a amounts are counted by user over the last hour, and what expired counts no more", async () => {
    await settings({ user_hour_amount_minor: sql.json({ usd: 2 * 4900 }) });
    const user = await signUp();
    const first = await openCheckout(user, badge);
    await openCheckout(user, badge);
    await twin(`checkout_sessions/${first.id}/expire`);
    await until(async () => {
      const [row] = await sql`
        select state from payments_private.checkout_reservations where session_id = ${first.id}`;
      return row?.["state"] === "expired";
    });
    await openCheckout(user, badge);
    expect(await refusal(await ask(user))).toEqual(HELD);
    expect(await holdsOf(user)).toEqual(["amount_velocity"]);
    expect(await alertsOf(user.user.id)).toEqual([
      { rule: "amount_velocity", severity: "critical" },
    ]);
  });

  it("7.2a amounts are counted by address over all its users", async () => {
    await settings({ address_hour_amount_minor: sql.json({ usd: 2 * 4900 }) });
    const [one, two, three] = [await signUp(), await signUp(), await signUp()];
    await openCheckout(one, badge);
    await openCheckout(two, badge);
    expect(await refusal(await ask(three))).toEqual(HELD);
    expect(await holdsOf(three)).toEqual([]);
    const holds = await sql`select reason from payments_private.address_holds`;
    expect(holds).toEqual([{ reason: "amount_velocity" }]);
  });

  it("7.2a 7.2c settings refuse numbers that make no sense", async () => {
    for (
      const [changes, constraint] of [
        [
          { user_hour_amount_minor: sql.json({ usd: "much" }) },
          "hour_amounts_are_amounts_by_currency",
        ],
        [{ address_hour_amount_minor: sql.json([]) }, "hour_amounts_are_amounts_by_currency"],
        [{ customers_per_address_per_hour: 0 }, "velocity_by_address_is_positive"],
        [{ declines_per_address_per_hour: 0 }, "abuse_limits_are_positive"],
      ] as const
    ) {
      await expect(settings(changes)).rejects.toMatchObject({ constraint_name: constraint });
    }
  });
});
