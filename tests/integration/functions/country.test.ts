import type postgres from "postgres";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { readCountry } from "../../../supabase/functions/_shared/country.ts";
import {
  checkoutBody,
  eventBody,
  nowSeconds,
  openCheckout,
  outcomeOf,
  refusal,
  stripeClient,
  stripeId,
  twin,
  until,
} from "../../support/payments.ts";
import { adminSql, callFunction, type SignedInUser, signUp, stack } from "../../support/stack.ts";
import { functionEnv, runFunction } from "../../support/run-function.ts";

const sql = adminSql();
const badge = { mode: "payment", items: [{ price: "badge_once", quantity: 1 }] };
const GOOD = "4242424242424242"; // a card of the US

async function reset(): Promise<void> {
  await sql`delete from payments_private.settings`;
  await sql`insert into payments_private.settings default values`;
}
afterEach(reset);
afterAll(() => sql.end());

async function settings(changes: Record<string, postgres.SerializableParameter>): Promise<void> {
  await sql`update payments_private.settings set ${sql(changes)}`;
}

/** Buys a badge with an American card and a billing address in `country`. */
async function buy(user: SignedInUser, country: string): Promise<string> {
  const { id } = await openCheckout(user, badge);
  await twin(`checkout_sessions/${id}/pay`, { card: GOOD, country });
  return await until(async () => {
    const [row] = await sql`
      select c.payment_id from payments.checkout_sessions as c
      join payments_private.charges as h on h.payment_id = c.payment_id
      where c.id = ${id} and c.status = 'complete'`;
    return row?.["payment_id"];
  });
}

async function checksOf(payment: string) {
  return [
    ...await sql`
      select source, countries, action from payments_private.country_checks
      where subject = ${payment} order by source`,
  ];
}

async function actionOf(payment: string): Promise<string> {
  return await until(async () => (await checksOf(payment)).find(({ action }) => action)?.action);
}

async function alertsOf(subject: string) {
  return [
    ...await sql`select occurrences, detail ->> 'action' as action from payments_private.alerts
      where rule = 'country_mismatch' and subject = ${subject}`,
  ];
}

describe("the country that Stripe knows after payment", () => {
  it("7.2b a payment from an allowed country has no consequence, and only two letters are kept", async () => {
    await settings({ country_allow: ["US", "DE"], country_action: "refund" });
    const user = await signUp();
    const payment = await buy(user, "DE");
    await until(async () => (await checksOf(payment)).length === 2);
    expect(await checksOf(payment)).toEqual([
      { source: "charge", countries: ["US", "DE"], action: null },
      { source: "session", countries: ["DE"], action: null },
    ]);
    expect(await alertsOf(payment)).toEqual([]);
  });

  it("7.2b a denied country alerts once for the payment, however many of Stripe's objects tell it", async () => {
    await settings({ country_deny: ["FR"] });
    const payment = await buy(await signUp(), "FR");
    await actionOf(payment);
    expect(await alertsOf(payment)).toEqual([{ occurrences: 1, action: "alert" }]);
    expect((await stripeClient().refunds.list({ payment_intent: payment })).data).toEqual([]);
  });

  it("7.2b a card of a country that is not allowed counts as much as the address", async () => {
    await settings({ country_allow: ["DE"] });
    const payment = await buy(await signUp(), "DE");
    expect(await actionOf(payment)).toBe("alert");
  });

  it("7.2b hold: the user may buy no more until staff release them", async () => {
    await settings({ country_deny: ["FR"], country_action: "hold" });
    const user = await signUp();
    expect(await actionOf(await buy(user, "FR"))).toBe("hold");
    const [hold] = await sql`
      select reason, placed_by from payments_private.user_holds where user_id = ${user.user.id}`;
    expect(hold).toEqual({ reason: "country_mismatch", placed_by: "system" });
    expect(await refusal(await callFunction("create-checkout", checkoutBody(badge), user)))
      .toEqual({ status: 403, code: "on_hold" });
  });

  it("7.2b refund: the whole payment goes back once, audited, also when its events come again", async () => {
    await settings({ country_deny: ["FR"], country_action: "refund" });
    const payment = await buy(await signUp(), "FR");
    expect(await actionOf(payment)).toBe("refund");
    const refunds = await until(async () => {
      const { data } = await stripeClient().refunds.list({ payment_intent: payment });
      return data.length > 0 && data;
    });
    expect(refunds.map(({ amount }) => amount)).toEqual([4900]);

    // the same charge is told of once more, and fetched once more
    const [charge] =
      await sql`select id from payments_private.charges where payment_id = ${payment}`;
    const object = { ...await stripeClient().charges.retrieve(charge?.["id"]) };
    await outcomeOf(eventBody({ type: "charge.succeeded", object, created: nowSeconds() + 60 }));
    expect(await sql`select 1 from payments_private.refund_requests where payment_id = ${payment}`)
      .toHaveLength(1);
    await until(async () => {
      const rows = await sql`select action from audit.audit_logs where resource_id = ${payment}
        and action in ('country.refused', 'refund.requested', 'refund.made') order by occurred_at`;
      return rows.length === 3;
    });
  });

  it("7.2b a forged event moves no money: what Stripe itself does not show is not refunded", async () => {
    const payment = await buy(await signUp(), "US");
    await until(async () => (await checksOf(payment)).length === 2);
    await settings({ country_deny: ["FR"], country_action: "refund" });
    await sql`delete from payments_private.country_checks where subject = ${payment}`;
    const [charge] =
      await sql`select id from payments_private.charges where payment_id = ${payment}`;
    const genuine = await stripeClient().charges.retrieve(charge?.["id"]);
    const billing_details = { address: { country: "FR" } };
    const object = { ...genuine, id: stripeId("ch"), billing_details };
    expect(await outcomeOf(eventBody({ type: "charge.succeeded", object }))).toBe("applied");
    expect(await actionOf(payment)).toBe("refund");
    const [request] = await until(async () => {
      const rows = await sql`
        select refused_code from payments_private.refund_requests
        where payment_id = ${payment} and finished_at is not null`;
      return rows.length > 0 && rows;
    });
    expect(request).toEqual({ refused_code: "country_not_confirmed" });
    expect((await stripeClient().refunds.list({ payment_intent: payment })).data).toEqual([]);
  });

  it("7.2b refund of what a person refunded in part takes what is left", async () => {
    const payment = await buy(await signUp(), "DE");
    await sql`insert into payments_private.refund_requests (payment_id, amount_minor, reason, finished_at, refused_code)
      values (${payment}, 900, 'refused by Stripe', now(), 'x')`;
    await sql`insert into payments_private.refund_requests (payment_id, amount_minor, reason, next_attempt_at)
      values (${payment}, 1000, 'asked by a person', now() + interval '1 hour')`;
    await sql`select payments_private.refund_by_rule(${payment}, 4900, 'country_mismatch', '{DE}')`;
    await sql`select payments_private.refund_by_rule(${payment}, 4900, 'country_mismatch', '{DE}')`;
    const rows = await sql`
      select amount_minor::int as amount from payments_private.refund_requests
      where payment_id = ${payment} and rule = 'country_mismatch'`;
    expect(rows).toEqual([{ amount: 3900 }]);
  });

  it("7.2b a change of settings does not reach back: old payments and judged ones are left alone", async () => {
    const payment = await buy(await signUp(), "FR");
    await until(async () => (await checksOf(payment)).length === 2);
    await settings({ country_deny: ["FR"], country_action: "refund" });
    const [charge] =
      await sql`select * from payments_private.charges where payment_id = ${payment}`;
    const old = { ...charge, id: stripeId("ch"), payment_id: stripeId("pi") };
    await sql`select payments_private.write_object('charge', ${sql.json({ ...charge })})`;
    await sql`select payments_private.write_object('charge', ${
      sql.json({ ...old, created_at: new Date(Date.now() - 4 * 86_400_000).toISOString() })
    })`;
    expect((await checksOf(payment)).map(({ action }) => action)).toEqual([null, null]);
    expect(await checksOf(old.payment_id)).toEqual([]);
  });

  it("7.2b a payment of nobody we know is people's to decide", async () => {
    await settings({ country_deny: ["FR"], country_action: "refund" });
    const payment = stripeId("pi");
    const object = {
      id: stripeId("ch"),
      object: "charge",
      payment_intent: payment,
      customer: null,
      amount: 100,
      currency: "usd",
      paid: true,
      payment_method_details: { card: { country: "fr" } },
      created: nowSeconds(),
    };
    expect(await outcomeOf(eventBody({ type: "charge.succeeded", object }))).toBe("applied");
    expect(await checksOf(payment)).toEqual([
      { source: "charge", countries: ["FR"], action: "alert" },
    ]);
    expect(await sql`select 1 from payments_private.refund_requests where payment_id = ${payment}`)
      .toHaveLength(0);
  });

  it("7.2b a session that costs nothing yet is judged by its address: nothing to refund, so a hold", async () => {
    await settings({ country_deny: ["FR"], country_action: "refund" });
    const user = await signUp();
    const { id } = await openCheckout(user, badge);
    const [row] = await sql`select * from payments.checkout_sessions where id = ${id}`;
    await sql`select payments_private.check_session_country(${
      sql.json({
        ...row,
        amount_total: 0,
        status: "complete",
        payment_status: "no_payment_required",
        customer_country: "FR",
      })
    })`;
    expect(await checksOf(id)).toEqual([{ source: "session", countries: ["FR"], action: "hold" }]);
  });
});

describe("settings", () => {
  it.each([
    [{ country_allow: ["usa"] }, "countries_are_known"],
    [{ country_deny: ["ZZ"] }, "countries_are_known"],
    [{ country_deny: ["us"] }, "countries_are_known"],
    [{ country_allow: ["US"], country_deny: ["US"] }, "a_country_is_not_in_both_lists"],
    [{ country_action: "shout" }, "country_action_is_known"],
  ])("7.2b %j is refused", async (changes, constraint) => {
    await expect(settings(changes)).rejects.toMatchObject({ constraint_name: constraint });
  });
});

describe("the country that the edge names", () => {
  const NOT_ALLOWED = { status: 403, code: "country_not_allowed" };

  it("7.2b refuses early, before Stripe is asked; who hides it is judged by Stripe's data after payment", async () => {
    await settings({ country_allow: ["US", "DE"] });
    const hosts = [stack().supabaseUrl, stack().stripeUrl].map((url) => new URL(url).host);
    const env = functionEnv({ PAYMENTS_COUNTRY_HEADER: "CF-IPCountry" });
    const running = await runFunction("create-checkout", env, hosts);
    try {
      const user = await signUp();
      const from = (country: string | null) =>
        fetch(running.url, {
          method: "POST",
          headers: {
            "content-type": "application/json",
            authorization: `Bearer ${user.accessToken}`,
            ...(country === null ? {} : { "cf-ipcountry": country }),
          },
          body: JSON.stringify(checkoutBody(badge)),
        });
      expect(await refusal(await from("FR"))).toEqual(NOT_ALLOWED);
      expect(await refusal(await from("fr"))).toEqual(NOT_ALLOWED);
      const rows = await sql`
        select reason from audit.audit_logs
        where actor_id = ${user.user.id} and action = 'checkout.refused'`;
      expect(rows).toEqual([{ reason: "country_not_allowed" }, { reason: "country_not_allowed" }]);
      expect(
        await sql`select 1 from payments_private.checkout_reservations where user_id = ${user.user.id}`,
      ).toHaveLength(0);
      for (const country of ["DE", "XX", "T1", "nonsense", null]) {
        expect((await from(country)).status, String(country)).toBe(200);
      }
    } finally {
      await running.stop();
    }
  });

  it("7.2b without the variable no header is looked at", async () => {
    await settings({ country_deny: ["FR"] });
    const response = await callFunction("create-checkout", checkoutBody(badge), {
      ...await signUp(),
      headers: { "cf-ipcountry": "FR" },
    });
    expect(response.status).toBe(200);
  });

  it.each([["de", "DE"], [" DE ", "DE"], ["XX", null], ["T1", null], ["DEU", null], [null, null]])(
    "7.2b reads %j as %j",
    (text, country) => expect(readCountry(text)).toBe(country),
  );
});
