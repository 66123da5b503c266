import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  eventBody,
  openCheckout,
  outcomeOf,
  refusal,
  stripeClient,
  subscribe,
  twin,
} from "../../support/payments.ts";
import {
  firstReconciliationIsOver,
  refreshed,
  setFaults,
  syncBilling,
  withoutDeliveries,
} from "../../support/pipeline.ts";
import { functionEnv, runFunction } from "../../support/run-function.ts";
import { adminSql, callFunction, type SignedInUser, signUp, stack } from "../../support/stack.ts";

const sql = adminSql();
beforeAll(() => firstReconciliationIsOver(sql));
afterEach(() => setFaults());
afterAll(() => sql.end());

/** Parses an answer by the schema that docs/ publishes. */
async function summaryOf(response: Response) {
  expect(response.status).toBe(200);
  const path = join(stack().projectRoot, "docs/schemas/billing-summary.schema.json");
  const schema = z.fromJSONSchema(JSON.parse(await readFile(path, "utf8")));
  const answer: unknown = await response.json();
  const parsed = schema.safeParse(answer);
  expect(parsed.error?.issues ?? []).toEqual([]);
  return z.looseObject({
    has_customer: z.boolean(),
    subscriptions: z.array(z.looseObject({ id: z.string(), status: z.string() })),
    payments: z.array(z.looseObject({ id: z.string(), status: z.string(), amount: z.number() })),
    entitlements: z.array(z.string()),
  }).parse(answer);
}

/** Buys without one webhook arriving. */
async function buyUnheard(user: SignedInUser, changes: Record<string, unknown> = {}) {
  return await withoutDeliveries(async () => {
    const session = await openCheckout(user, changes);
    await twin(`checkout_sessions/${session.id}/pay`, { card: "4242424242424242" });
    return session;
  });
}

describe("sync-billing", () => {
  it("main job: shows the truth at once although every delivery was dropped", async () => {
    const user = await signUp();
    const session = await buyUnheard(user);
    const seen = () => user.client.schema("payments").from("subscriptions").select("id, status");
    expect((await seen()).data).toEqual([]);

    const response = await syncBilling(user);
    expect(response.headers.get("cache-control")).toBe("no-store");
    const summary = await summaryOf(response);
    expect(summary).toMatchObject({
      has_customer: true,
      subscriptions: [{ status: "active", items: [{ unit_amount: 900, quantity: 1 }] }],
      payments: [{ status: "succeeded", amount: 900 }],
    });
    expect((await seen()).data)
      .toEqual([{ id: summary.subscriptions[0]?.id, status: "active" }]);
    const [row] = await sql`
      select status, payment_status from payments.checkout_sessions where id = ${session.id}`;
    expect(row).toEqual({ status: "complete", payment_status: "paid" });
  });

  it("decision 8: settles the reservation of what was paid, so it cannot be bought twice", async () => {
    const user = await signUp();
    await buyUnheard(user);
    await syncBilling(user);
    const again = await callFunction("create-checkout", {
      mode: "subscription",
      items: [{ price: "starter_monthly", quantity: 1 }],
      success_url: `${stack().webUrl}/return`,
      cancel_url: `${stack().webUrl}/`,
    }, user);
    expect(await refusal(again)).toEqual({ status: 409, code: "already_subscribed" });
  });

  it("decision 11: goes the same way as an event: domain events once, audited, also when the deliveries come after all", async () => {
    const user = await signUp();
    const session = await buyUnheard(user);
    const summary = await summaryOf(await syncBilling(user));
    const told = () =>
      sql`
      select kind, object_id from payments.outbox where user_id = ${user.user.id} order by kind`;
    const expected = [
      { kind: "payment.succeeded", object_id: summary.payments[0]?.id },
      { kind: "subscription.activated", object_id: summary.subscriptions[0]?.id },
    ];
    expect(await told()).toEqual(expected);
    const audit = await sql`select action from audit.audit_logs
      where actor_id = ${user.user.id} and action like 'sync.%' order by occurred_at`;
    expect(audit.map(({ action }) => action)).toEqual(["sync.authorized", "sync.recorded"]);

    const late = (await stripeClient().events.list({ limit: 100 })).data
      .filter((event) => JSON.stringify(event.data.object).includes(session.id));
    expect(late.length).toBeGreaterThan(0);
    for (const event of late) {
      await outcomeOf(eventBody({ ...event, object: { ...event.data.object } }));
    }
    await syncBilling(user);
    expect(await told()).toEqual(expected);
  });

  it("decision 3: a stale event that comes later does not undo it", async () => {
    const user = await signUp();
    await buyUnheard(user);
    const summary = await summaryOf(await syncBilling(user));
    const id = summary.subscriptions[0]?.id ?? "";
    const subscription = await stripeClient().subscriptions.retrieve(id);
    const stale = eventBody({
      type: "customer.subscription.created",
      created: subscription.created,
      object: { ...subscription, status: "incomplete" },
    });
    const status = async () =>
      (await sql`select status from payments.subscriptions where id = ${id}`)[0]?.["status"];
    expect(await outcomeOf(stale)).toBe("queued");
    expect(await status()).toBe("active");
    await refreshed(sql, [id]);
    expect(await status()).toBe("active");
  });

  it("main job: shows a cancellation and a refund that nobody told us of", async () => {
    const user = await signUp();
    const id = await subscribe(user);
    await withoutDeliveries(() => twin(`subscriptions/${id}/cancel`));
    const summary = await summaryOf(await syncBilling(user));
    expect(summary.subscriptions).toMatchObject([{ id, status: "canceled" }]);
  });

  it("main job: answers 200 and empty to a user who has no customer yet, and asks Stripe nothing", async () => {
    await setFaults({ api: [{ kind: "500" }] });
    const summary = await summaryOf(await syncBilling(await signUp()));
    expect(summary).toEqual({
      has_customer: false,
      subscriptions: [],
      payments: [],
      entitlements: [],
    });
  });

  it("5.3a reaches the caller's own customer only", async () => {
    const rich = await signUp();
    await subscribe(rich);
    const summary = await summaryOf(await syncBilling(await signUp()));
    expect(summary.subscriptions).toEqual([]);
  });
});

describe("sync-billing refuses", () => {
  it("9.2a what is not a POST: 405", async () => {
    const user = await signUp();
    const response = await callFunction("sync-billing", undefined, {
      accessToken: user.accessToken,
      method: "GET",
    });
    expect(response.headers.get("allow")).toBe("POST, OPTIONS");
    expect(await refusal(response)).toEqual({ status: 405, code: "method_not_allowed" });
  });

  it("9.2a a body that is too large: 413", async () => {
    expect(await refusal(await syncBilling(await signUp(), " ".repeat(16 * 1024 + 1))))
      .toEqual({ status: 413, code: "payload_too_large" });
  });

  it("9.2a another media type: 415", async () => {
    const { accessToken } = await signUp();
    const response = await callFunction("sync-billing", "{}", {
      accessToken,
      headers: { "content-type": "text/plain" },
    });
    expect(await refusal(response)).toEqual({ status: 415, code: "unsupported_media_type" });
  });

  it.each([
    ["no session", undefined],
    ["a forged one", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.AAAA"],
  ])("5.1a %s: 401", async (_what, accessToken) => {
    const response = await callFunction("sync-billing", {}, { accessToken });
    expect(await refusal(response)).toEqual({ status: 401, code: "unauthorized" });
  });

  it("5.1b a session that was ended: 401 at once", async () => {
    const user = await signUp();
    await user.client.auth.signOut();
    expect((await refusal(await syncBilling(user))).status).toBe(401);
  });

  it("9.2a broken JSON: 400", async () => {
    expect(await refusal(await syncBilling(await signUp(), "{")))
      .toEqual({ status: 400, code: "bad_request" });
  });

  it.each([
    ["a field it does not know", { customer: "cus_of_somebody_else" }],
    ["a list", []],
  ])("9.2a %s: 422", async (_what, body) => {
    expect(await refusal(await syncBilling(await signUp(), body)))
      .toEqual({ status: 422, code: "invalid_request" });
  });

  it.each(["500", "garbage", "429"] as const)(
    "9.1a when Stripe answers %s: 502, and nothing is changed",
    async (kind) => {
      const user = await signUp();
      await buyUnheard(user);
      await setFaults({ api: [{ path: "/v1/subscriptions", kind }] });
      const response = await syncBilling(user);
      expect(response.headers.get("retry-after")).toBe("5");
      expect(await refusal(response)).toEqual({ status: 502, code: "stripe_failed" });
      expect(await sql`select from payments.subscriptions where user_id = ${user.user.id}`)
        .toHaveLength(0);
    },
  );

  it.each([
    ["2.1b without its Stripe key", { STRIPE_SECRET_KEY: "" }, "misconfigured"],
    ["I8 while the database is down", { SUPABASE_URL: "http://127.0.0.1:9" }, "unavailable"],
  ])("%s: 503", async (_what, changes, code) => {
    const user = await signUp();
    const running = await runFunction("sync-billing", functionEnv(changes), ["127.0.0.1:9"]);
    try {
      const response = await fetch(`${running.url}/sync-billing`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          authorization: `Bearer ${user.accessToken}`,
        },
        body: "{}",
      });
      expect(response.headers.get("retry-after")).not.toBeNull();
      expect(await refusal(response)).toEqual({ status: 503, code });
    } finally {
      await running.stop();
    }
  });
});
