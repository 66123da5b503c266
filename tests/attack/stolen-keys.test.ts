// What somebody can do who holds one function's secret key and nothing else (docs/threat-model.md).
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  checkoutBody,
  nowSeconds,
  openCheckout,
  refusal,
  stripeClient,
  stripeId,
  subscribe,
  twin,
  until,
} from "../support/payments.ts";
import {
  adminSql,
  callFunction,
  rpcAs,
  type SignedInUser,
  signUp,
  stack,
} from "../support/stack.ts";
import { BADGE, CARD, reservationsOf, subscriptionTo, withoutDeliveries } from "./support/shop.ts";

const sql = adminSql();
afterAll(() => sql.end());

function sessionIdOf(user: SignedInUser): string {
  const payload = user.accessToken.split(".")[1] ?? "";
  return JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))).session_id;
}

async function customerOf(user: SignedInUser): Promise<string> {
  const [row] = await sql`select id from payments.customers where user_id = ${user.user.id}`;
  return row?.["id"];
}

/** A session's projection, as create-checkout would send it. */
function forgedSession(changes: Record<string, unknown>) {
  const at = new Date().toISOString();
  return {
    id: stripeId("cs_test"),
    mode: "payment",
    status: "open",
    payment_status: "unpaid",
    currency: "usd",
    amount_total: 1,
    expires_at: at,
    created_at: at,
    ...changes,
  };
}

const call = { request_id: "r", key_fingerprint: "k" };

describe("the key of create-checkout", () => {
  /** Has a checkout allowed for the thief, then says that Stripe made it for this customer. */
  async function bind(thief: SignedInUser, customerId: string): Promise<unknown> {
    const { data: decision } = await rpcAs("payments_checkout", "authorize_checkout", {
      p_request: {
        ...checkoutBody(BADGE),
        user_id: thief.user.id,
        session_id: sessionIdOf(thief),
        body_sha256: "a",
        ...call,
      },
    });
    const { data } = await rpcAs("payments_checkout", "record_checkout", {
      p_result: {
        reservation_id: decision.reservation.id,
        customer_id: customerId,
        session: forgedSession({ customer_id: customerId }),
        url: "https://evil.example",
        ...call,
      },
    });
    return data;
  }

  it("5.2b binds no customer that has a history to the thief", async () => {
    const stripe = stripeClient();
    const victim = await stripe.customers.create({ description: "made in the dashboard" });
    await stripe.invoiceItems.create({ customer: victim.id, amount: 12_345, currency: "usd" });
    const invoice = await stripe.invoices.create({ customer: victim.id });
    await stripe.invoices.finalizeInvoice(invoice.id ?? "");
    await until(async () =>
      (await sql`select 1 from payments.invoices where customer_id = ${victim.id}`).length > 0
    );

    const thief = await signUp();
    expect(await bind(thief, victim.id)).toEqual({ recorded: false, code: "forbidden" });
    const portal = await callFunction("customer-portal", { return_url: stack().webUrl }, thief);
    expect(await refusal(portal)).toEqual({ status: 404, code: "no_customer" });
  });

  it("5.2b binds no customer without an open creation, and none that belongs to somebody", async () => {
    const [victim, thief] = [await signUp(), await signUp()];
    await openCheckout(victim, BADGE);
    await openCheckout(thief, BADGE);
    const [reservation] = await reservationsOf(sql, thief.user.id);
    const { data } = await rpcAs("payments_checkout", "record_checkout", {
      p_result: {
        reservation_id: reservation?.["id"],
        customer_id: await customerOf(victim),
        session: forgedSession({}),
        url: "https://evil.example",
        ...call,
      },
    });
    expect(data).toEqual({ recorded: false, code: "forbidden" });
    const owners = await sql`
      select user_id from payments.customers where user_id in (${victim.user.id}, ${thief.user.id})`;
    expect(owners).toHaveLength(2);
  });

  it("5.2b binds no customer whose user was deleted", async () => {
    const [leaving, thief] = [await signUp(), await signUp()];
    await openCheckout(leaving, BADGE);
    const customer = await customerOf(leaving);
    await sql`delete from auth.users where id = ${leaving.user.id}`;
    expect(await bind(thief, customer)).toEqual({ recorded: false, code: "forbidden" });
    const [row] = await sql`select user_id from payments.customers where id = ${customer}`;
    expect(row?.["user_id"]).toBeNull();
  });

  it("5.2b freezes no session with a ticket that was never issued", async () => {
    const user = await signUp();
    const session = await openCheckout(user, BADGE);
    const [reservation] = await reservationsOf(sql, user.user.id);
    const { error } = await rpcAs("payments_checkout", "record_replaced_checkout", {
      p_result: {
        reservation_id: reservation?.["id"],
        ticket: Number.MAX_SAFE_INTEGER,
        as_of: nowSeconds(),
        session: forgedSession({ id: session.id, customer_id: await customerOf(user) }),
        ...call,
      },
    });
    expect(error?.code).toBe("PP003");
    await twin(`checkout_sessions/${session.id}/pay`, { card: CARD });
    const status = await until(async () => {
      const [row] = await sql`
        select status from payments.checkout_sessions where id = ${session.id}`;
      return row?.["status"] === "complete" && row["status"];
    });
    expect(status).toBe("complete");
  });

  it("5.2b writes no session of another reservation or user", async () => {
    const [victim, thief] = [await signUp(), await signUp()];
    const session = await openCheckout(victim, subscriptionTo("pro_monthly"));
    await openCheckout(thief, BADGE);
    const [own] = await reservationsOf(sql, thief.user.id);
    const [theirs] = await reservationsOf(sql, victim.user.id);
    const forgeries = [
      [crypto.randomUUID(), session.id, await customerOf(victim)],
      [own?.["id"], session.id, await customerOf(victim)],
      [own?.["id"], session.id, await customerOf(thief)],
      [theirs?.["id"], session.id, await customerOf(thief)],
    ];
    for (const [reservation_id, id, customer_id] of forgeries) {
      const { error } = await rpcAs("payments_checkout", "record_replaced_checkout", {
        p_result: {
          reservation_id,
          ticket: 1,
          as_of: nowSeconds(),
          session: forgedSession({ id, customer_id, status: "expired" }),
          ...call,
        },
      });
      expect(error?.code).toBe("PP004");
    }
    expect(await reservationsOf(sql, victim.user.id))
      .toEqual([{ id: theirs?.["id"], state: "open", session_id: session.id }]);
  });

  it("5.2b releases nobody's open session", async () => {
    const victim = await signUp();
    const session = await openCheckout(victim, subscriptionTo("pro_monthly"));
    const [reservation] = await reservationsOf(sql, victim.user.id);
    const { error } = await rpcAs("payments_checkout", "release_checkout", {
      p_reservation_id: reservation?.["id"],
      p_reason: "x",
      p_request_id: "r",
    });
    expect(error).toBeNull();
    expect(await reservationsOf(sql, victim.user.id)).toMatchObject([{ state: "open" }]);
    // and so there is still one checkout for the product
    expect((await openCheckout(victim, subscriptionTo("pro_monthly"))).id).toBe(session.id);
  });
});

describe("the key of sync-billing", () => {
  let victim: SignedInUser;
  let thief: SignedInUser;
  let subscription: string;
  let ticket: number;

  beforeAll(async () => {
    victim = await signUp();
    thief = await signUp();
    subscription = await subscribe(victim);
    await openCheckout(thief, BADGE);
    const { data } = await rpcAs("payments_sync", "authorize_sync", {
      p_request: { user_id: thief.user.id, session_id: sessionIdOf(thief), ...call },
    });
    ticket = data.ticket;
  });

  async function record(kind: string, projection: Record<string, unknown>) {
    return await rpcAs("payments_sync", "record_sync", {
      p_result: {
        user_id: thief.user.id,
        customer_id: await customerOf(thief),
        ticket,
        as_of: nowSeconds(),
        objects: [{ kind, projection }],
        ...call,
      },
    });
  }

  const canceled = () => ({
    id: subscription,
    status: "canceled",
    currency: "usd",
    cancel_at_period_end: false,
    created_at: new Date().toISOString(),
    items: [],
  });

  it("5.2b reads and writes nothing of a user whose session it does not know", async () => {
    const { data } = await rpcAs("payments_sync", "authorize_sync", {
      p_request: { user_id: victim.user.id, session_id: sessionIdOf(thief), ...call },
    });
    expect(data).toEqual({ decision: "refuse", code: "session_ended" });
    const recorded = await rpcAs("payments_sync", "record_sync", {
      p_result: {
        user_id: thief.user.id,
        customer_id: await customerOf(victim),
        ticket,
        as_of: nowSeconds(),
        objects: [],
        ...call,
      },
    });
    expect(recorded.data).toEqual({ recorded: false });
  });

  it("5.2b writes no object of another customer under the thief's own", async () => {
    const attempts: [string, Record<string, unknown>][] = [
      ["subscription", { ...canceled(), customer_id: await customerOf(victim) }],
      ["subscription", { ...canceled(), customer_id: await customerOf(thief) }],
      ["entitlements.active_entitlement_summary", {
        id: await customerOf(victim),
        entitlements: [],
      }],
      ["customer", { id: await customerOf(victim), deleted: true }],
      ["price", { id: "price_x", product_id: "prod_x", unit_amount: 1 }],
      ["product", { id: "prod_x", deleted: true }],
    ];
    for (const [kind, projection] of attempts) {
      expect((await record(kind, projection)).error?.code).toBe("PP004");
    }
    const [row] = await sql`
      select user_id, status from payments.subscriptions where id = ${subscription}`;
    expect(row).toEqual({ user_id: victim.user.id, status: "active" });
    const [customer] = await sql`
      select deleted_at from payments.customers where user_id = ${victim.user.id}`;
    expect(customer?.["deleted_at"]).toBeNull();
  });

  it("5.2b brings in all of its own customer's, and that alone, when it is used as meant", async () => {
    const user = await signUp();
    const summary = await withoutDeliveries(async () => {
      const session = await openCheckout(user, subscriptionTo("pro_monthly"));
      await twin(`checkout_sessions/${session.id}/pay`, { card: CARD });
      const response = await callFunction("sync-billing", {}, user);
      expect(response.status).toBe(200);
      return await response.json();
    });
    expect(summary).toMatchObject({
      has_customer: true,
      subscriptions: [{ status: "active" }],
      payments: [{ status: "succeeded", amount: 2_900 }],
    });
  });

  it("5.2b freezes no object with a ticket that was never issued", async () => {
    const issued = ticket;
    ticket = Number.MAX_SAFE_INTEGER;
    try {
      const own = { ...canceled(), id: stripeId("sub"), customer_id: await customerOf(thief) };
      expect((await record("subscription", own)).error?.code).toBe("PP003");
    } finally {
      ticket = issued;
    }
  });
});
