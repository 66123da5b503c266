import { afterAll, afterEach, describe, expect, it } from "vitest";
import {
  checkoutBody,
  eventBody,
  openCheckout,
  outcomeOf,
  refusal,
  stripeId,
  twin,
  until,
} from "../../support/payments.ts";
import { adminSql, callFunction, type SignedInUser, signUp, stack } from "../../support/stack.ts";

const sql = adminSql();
afterAll(() => sql.end());
afterEach(async () => {
  await sql`delete from payments_private.settings`;
  await sql`insert into payments_private.settings default values`;
});

const badge = { mode: "payment", items: [{ price: "badge_once", quantity: 1 }] };

async function isHeld(user: SignedInUser, reason: string): Promise<boolean> {
  const rows = await sql`
    select 1 from payments_private.user_holds
    where user_id = ${user.user.id} and reason = ${reason} and released_at is null`;
  return rows.length > 0;
}

describe("abuse that shows later", () => {
  it("7.2a a card-testing run is stopped within the configured number of declines, held and alerted", async () => {
    await sql`update payments_private.settings set declines_per_hour = 3`;
    const user = await signUp();
    const session = await openCheckout(user, badge);
    for (let attempt = 0; attempt < 3; attempt++) {
      expect(await isHeld(user, "card_testing")).toBe(false);
      await twin(`checkout_sessions/${session.id}/pay`, { card: "4000000000000002" }).catch(() =>
        undefined
      );
      await until(async () => {
        const [row] = await sql`
          select count(*)::int as n from payments_private.declines where user_id = ${user.user.id}`;
        return row?.["n"] === attempt + 1;
      });
    }
    expect(await isHeld(user, "card_testing")).toBe(true);
    expect(await refusal(await callFunction("create-checkout", checkoutBody(badge), user)))
      .toEqual({ status: 403, code: "on_hold" });
    const alerts = await sql`
      select severity, occurrences from payments_private.alerts
      where rule = 'card_testing' and subject = ${user.user.id}`;
    expect(alerts).toEqual([{ severity: "critical", occurrences: 1 }]);
    const trail = await sql`
      select reason from audit.audit_logs where action = 'user.held' and resource_id = ${user.user.id}`;
    expect(trail).toEqual([{ reason: "card_testing" }]);
  });

  it("8.2a an early fraud warning alerts once, and holds its user where that is configured", async () => {
    await sql`update payments_private.settings set fraud_warning_action = 'hold'`;
    const user = await signUp();
    const session = await openCheckout(user, badge);
    await twin(`checkout_sessions/${session.id}/pay`, { card: "4000000000005423" });
    await until(() => isHeld(user, "early_fraud_warning"));
    const [payment] = await sql`select id from payments.payments where user_id = ${user.user.id}`;
    const alerts = await sql`
      select occurrences from payments_private.alerts
      where rule = 'early_fraud_warning' and detail ->> 'payment' = ${payment?.["id"]}`;
    expect(alerts).toEqual([{ occurrences: 1 }]);
  });

  it("8.2a a dispute alerts once however often its event is delivered", async () => {
    const object = {
      id: stripeId("dp"),
      object: "dispute",
      charge: "ch_1",
      payment_intent: "pi_unknown",
      amount: 100,
      currency: "usd",
      status: "needs_response",
      reason: "fraudulent",
      created: Math.floor(Date.now() / 1000),
    };
    const body = eventBody({ type: "charge.dispute.created", object });
    expect(await outcomeOf(body)).toBe("applied");
    expect(await outcomeOf(body)).toBe("duplicate");
    expect(await sql`select occurrences from payments_private.alerts where subject = ${object.id}`)
      .toEqual([{ occurrences: 1 }]);
  });
});

describe("the session", () => {
  const portal = (user: SignedInUser) =>
    callFunction("customer-portal", { return_url: `${stack().webUrl}/account` }, user);

  it("5.1c an old session signs in again", async () => {
    const user = await signUp();
    await sql`update payments_private.settings set max_session_age_seconds = 3600`;
    await openCheckout(user, badge);
    await sql`update auth.sessions set created_at = now() - interval '2 hours' where user_id = ${user.user.id}`;
    expect(await refusal(await callFunction("create-checkout", checkoutBody(badge), user)))
      .toEqual({ status: 401, code: "sign_in_again" });
  });

  it("5.1c the portal may want a recent sign-in, or a second factor", async () => {
    const user = await signUp();
    await openCheckout(user, badge);
    expect((await portal(user)).status).toBe(200);
    await sql`update payments_private.settings set portal_requires_second_factor = true`;
    expect(await refusal(await portal(user))).toEqual({
      status: 401,
      code: "second_factor_required",
    });
    await openCheckout(user, badge);
    await sql`update auth.sessions set aal = 'aal2' where user_id = ${user.user.id}`;
    expect((await portal(user)).status).toBe(200);
    await sql`update payments_private.settings set portal_max_session_age_seconds = 60`;
    await sql`update auth.sessions set created_at = now() - interval '2 minutes' where user_id = ${user.user.id}`;
    expect(await refusal(await portal(user))).toEqual({ status: 401, code: "sign_in_again" });
  });
});
