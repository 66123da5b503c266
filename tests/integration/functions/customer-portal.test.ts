import { afterAll, describe, expect, it } from "vitest";
import { refusal, stripeClient, subscribe, twin, until } from "../../support/payments.ts";
import { adminSql, callFunction, signUp, stack } from "../../support/stack.ts";

const sql = adminSql();
afterAll(() => sql.end());

function portalBody(changes: Record<string, unknown> = {}) {
  return { return_url: `${stack().webUrl}/account`, ...changes };
}

describe("customer-portal", () => {
  it("main job: opens the caller's own portal, and a cancellation there becomes visible", async () => {
    const user = await signUp();
    const id = await subscribe(user);
    for (const flow of ["manage", "cancel", "update_payment_method", undefined]) {
      const response = await callFunction("customer-portal", portalBody({ flow }), user);
      expect(response.status).toBe(200);
      const { url } = await response.json();
      const page = await fetch(url);
      expect(page.status).toBe(200);
      await page.body?.cancel();
    }
    await stripeClient().subscriptions.update(id, { cancel_at_period_end: true });
    const row = await until(async () => {
      const { data } = await user.client.schema("payments").from("subscriptions")
        .select("status, cancel_at_period_end").eq("cancel_at_period_end", true);
      return data?.[0];
    });
    expect(row.status).toBe("active");
  });

  it("404 before there is a customer, and for cancel without a subscription", async () => {
    const user = await signUp();
    expect(await refusal(await callFunction("customer-portal", portalBody(), user)))
      .toEqual({ status: 404, code: "no_customer" });
    const subscriber = await signUp();
    const id = await subscribe(subscriber);
    await twin(`subscriptions/${id}/cancel`);
    await until(async () => {
      const [row] = await sql`select status from payments.subscriptions where id = ${id}`;
      return row?.["status"] === "canceled";
    });
    expect(
      await refusal(
        await callFunction("customer-portal", portalBody({ flow: "cancel" }), subscriber),
      ),
    )
      .toEqual({ status: 404, code: "no_subscription" });
  });

  it.each([
    [
      "405",
      () => callFunction("customer-portal", undefined, { method: "GET" }),
      "method_not_allowed",
    ],
    ["413", () => callFunction("customer-portal", "x".repeat(20_000)), "payload_too_large"],
    [
      "415",
      () => callFunction("customer-portal", "{}", { headers: { "content-type": "text/html" } }),
      "unsupported_media_type",
    ],
    ["401", () => callFunction("customer-portal", portalBody()), "unauthorized"],
    [
      "400",
      async () => callFunction("customer-portal", "[", await signUp()),
      "bad_request",
    ],
    [
      "422",
      async () =>
        callFunction(
          "customer-portal",
          portalBody({ return_url: "https://evil.example" }),
          await signUp(),
        ),
      "invalid_request",
    ],
  ])("%s is told as a problem", async (status, call, code) => {
    expect(await refusal(await call())).toEqual({ status: Number(status), code });
  });

  it("502 when Stripe fails", async () => {
    const user = await signUp();
    await subscribe(user);
    await twin("faults", {
      api: [{ path: "/v1/billing_portal/sessions", kind: "garbage", probability: 1 }],
    });
    try {
      expect(await refusal(await callFunction("customer-portal", portalBody(), user)))
        .toEqual({ status: 502, code: "stripe_failed" });
    } finally {
      await twin("faults", {});
    }
  });

  it("5.1b: 401 once the session is gone", async () => {
    const user = await signUp();
    await sql`delete from auth.sessions where user_id = ${user.user.id}`;
    expect((await callFunction("customer-portal", portalBody(), user)).status).toBe(401);
  });
});
