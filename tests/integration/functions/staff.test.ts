import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  checkoutBody,
  openCheckout,
  refusal,
  stripeClient,
  subscribe,
  twin,
  until,
} from "../../support/payments.ts";
import { adminSql, callFunction, type SignedInUser, signUp } from "../../support/stack.ts";

const ROLES = ["admin", "finance", "support", "auditor"] as const;
type Role = typeof ROLES[number];

/** docs/staff.md shows the same matrix. */
const MAY: Record<string, readonly Role[]> = {
  staff_find_user_billing: ["admin", "finance", "support", "auditor"],
  staff_set_hold: ["admin", "support"],
  staff_release_hold: ["admin", "support"],
  staff_release_address: ["admin", "support"],
  staff_refund: ["admin", "finance"],
  staff_set_kill_switch: ["admin"],
  staff_update_settings: ["admin"],
  staff_grant_role: ["admin"],
  staff_revoke_role: ["admin"],
  staff_list: ["admin", "auditor"],
  staff_set_retention: ["admin"],
  staff_place_legal_hold: ["admin", "auditor"],
  staff_request_hold_release: ["admin", "auditor"],
  staff_release_legal_hold: ["admin", "auditor"],
  staff_list_legal_holds: ["admin", "auditor"],
  staff_list_alerts: ["admin", "finance", "support", "auditor"],
  staff_acknowledge_alert: ["admin", "support"],
  staff_resolve_alert: ["admin", "support"],
  staff_set_alert_rule: ["admin"],
  staff_list_incidents: ["admin", "auditor"],
  staff_show_incident: ["admin", "auditor"],
  staff_open_incident: ["admin"],
  staff_assess_incident: ["admin"],
  staff_find_affected: ["admin"],
  staff_contain_incident: ["admin"],
  staff_notify_affected: ["admin"],
  staff_record_authority_notice: ["admin"],
  staff_close_incident: ["admin"],
  staff_show_event: ["admin", "finance", "support", "auditor"],
  staff_replay_events: ["admin"],
  staff_search_audit: ["admin", "auditor"],
  staff_prove_audit_row: ["admin", "auditor"],
  staff_find_user: ["admin", "finance", "support", "auditor"],
  staff_list_holds: ["admin", "support", "auditor"],
};

/** What names nobody asks for no reason: a console looks at it every few seconds. */
const MAY_GLANCE: Record<string, readonly Role[]> = {
  staff_me: ROLES,
  staff_read_overview: ROLES,
  staff_read_settings: ROLES,
  staff_read_retention: ROLES,
  staff_list_alert_rules: ROLES,
  staff_list_keys: ["admin", "auditor"],
  staff_list_events: ROLES,
  staff_audit_status: ["admin", "auditor"],
};

const sql = adminSql();
const staff = new Map<Role, SignedInUser>();
let customer: SignedInUser;
let payment = "";

beforeAll(async () => {
  await sql`delete from payments_private.staff_members`;
  for (const role of ROLES) {
    const member = await signUp();
    staff.set(role, member);
    await sql`insert into payments_private.staff_members (user_id, role, granted_by)
      values (${member.user.id}, ${role}, 'test')`;
  }
  customer = await signUp();
  await subscribe(customer);
  payment = await until(async () => {
    const { data } = await customer.client.schema("payments").from("payments").select("id")
      .eq("status", "succeeded");
    return data?.[0]?.id;
  });
});
afterEach(async () => {
  await sql`update payments_private.settings set stop_all = false, stop_checkout = false, user_burst = 60`;
  await sql`delete from payments_private.user_holds where user_id = ${customer.user.id}`;
});
afterAll(async () => {
  await sql`delete from payments_private.staff_members`;
  await sql.end();
});

function member(role: Role): SignedInUser {
  const found = staff.get(role);
  if (found === undefined) throw new Error(`nobody is ${role}`);
  return found;
}

/** Valid arguments, changed by a test. */
function argumentsOf(name: string, changes: Record<string, unknown> = {}): Record<string, unknown> {
  const reason = name in MAY_GLANCE ? {} : { p_reason: "a ticket asks for it" };
  const user = { p_user_id: customer.user.id };
  const base: Record<string, Record<string, unknown>> = {
    staff_find_user_billing: user,
    staff_set_hold: user,
    staff_release_hold: user,
    staff_release_address: { p_address_hash: "0".repeat(32) },
    staff_refund: { p_payment_id: payment, p_amount_minor: 1 },
    staff_set_kill_switch: { p_switch: "checkout", p_stop: false },
    staff_update_settings: { p_changes: { user_burst: 60 } },
    staff_grant_role: { ...user, p_role: "auditor" },
    staff_revoke_role: { ...user, p_role: "auditor" },
    staff_list: {},
    staff_set_retention: { p_class: "client_details", p_keep_days: 90 },
    staff_place_legal_hold: { p_scope: "nobody" }, // who may place one is told that it names nothing
    staff_request_hold_release: { p_hold: crypto.randomUUID() },
    staff_release_legal_hold: { p_hold: crypto.randomUUID() },
    staff_list_legal_holds: {},
    staff_list_alerts: {},
    staff_acknowledge_alert: { p_alert: crypto.randomUUID() },
    staff_resolve_alert: { p_alert: crypto.randomUUID() },
    staff_set_alert_rule: { p_rule: "nothing", p_changes: {} },
    staff_show_event: { p_event: "evt_nothing" },
    staff_replay_events: { p_filter: { event_id: "evt_nothing" } },
    staff_search_audit: { p_filter: { actor: "nobody" } },
    staff_prove_audit_row: { p_id: crypto.randomUUID() },
    staff_find_user: { p_object_id: "cus_nothing" },
    staff_list_holds: {},
    ...incidentArguments(),
  };
  return { ...base[name], ...reason, ...changes };
}

/** Of an incident that there is not: who may is told so. */
function incidentArguments(): Record<string, Record<string, unknown>> {
  const incident = { p_incident: crypto.randomUUID() };
  return {
    staff_list_incidents: {},
    staff_show_incident: incident,
    staff_open_incident: { p_kind: "nothing", p_severity: "low", p_title: "nothing" },
    staff_assess_incident: { ...incident, p_changes: { severity: "low" } },
    staff_find_affected: { ...incident, p_search: { from: "2026-11-01" } },
    staff_contain_incident: { ...incident, p_step: "stop-all" },
    staff_notify_affected: { ...incident, p_subject: "nothing", p_template: "nothing" },
    staff_record_authority_notice: incident,
    staff_close_incident: { ...incident, p_root_cause: "nothing", p_follow_ups: {} },
  };
}

async function call(user: SignedInUser, name: string, changes: Record<string, unknown> = {}) {
  const { data, error } = await user.client.schema("payments").rpc(
    name,
    argumentsOf(name, changes),
  );
  if (error !== null) throw new Error(`${error.code} ${error.message}`);
  return data;
}

describe.each(Object.entries({ ...MAY, ...MAY_GLANCE }))("%s", (name, roles) => {
  it("5.2a is open to exactly its roles", async () => {
    for (const role of ROLES) {
      const { code } = await call(member(role), name);
      if (roles.includes(role)) expect(code, role).not.toBe("forbidden");
      else expect(code, role).toBe("forbidden");
    }
    expect(await call(customer, name)).toEqual({ ok: false, code: "forbidden" });
  });

  it("5.2a 8.3a audits a refusal with who and which permission", async () => {
    const outsider = await signUp();
    await call(outsider, name);
    const rows = await sql`
      select outcome, reason from audit.audit_logs where actor_id = ${outsider.user.id}`;
    expect(rows).toEqual([{ outcome: "refused", reason: "forbidden" }]);
  });
});

it("7.1a who asks for what they may not, over and over, does not fill the log", async () => {
  const outsider = await signUp();
  const answers = await Promise.all(
    Array.from({ length: 30 }, () => call(outsider, "staff_me")),
  );
  expect(answers).toEqual(Array(30).fill({ ok: false, code: "forbidden" }));
  const rows = await sql`select from audit.audit_logs where actor_id = ${outsider.user.id}`;
  const [counted] = await sql`
    select sum(refusals)::int as n, count(*)::int as windows from payments_private.rate_refusals
    where bucket = 'staff' and subject like ${`${outsider.user.id} %`}`;
  expect(counted?.["n"]).toBe(30);
  // the ten minutes may have turned in between
  expect(rows.length).toBeLessThanOrEqual(5 * counted?.["windows"]);
  expect(rows.length).toBeGreaterThanOrEqual(5);
  // and is still seen to try something else
  await call(outsider, "staff_set_hold");
  const [last] = await sql`select detail ->> 'permission' as permission from audit.audit_logs
    where actor_id = ${outsider.user.id} order by occurred_at desc limit 1`;
  expect(last).toEqual({ permission: "hold.set" });
});

describe.each(Object.keys(MAY))("%s", (name) => {
  it("4.2c wants a reason", async () => {
    for (
      const reason of [
        "",
        "  ",
        "\n\t\u00a0 \n",
        "\u200b\u2060\ufeff\u200d",
        "\ufe0f\uffa0\u{e0020}",
        "a\u200b b",
        null,
      ]
    ) {
      expect(await call(member("admin"), name, { p_reason: reason }))
        .toEqual({ ok: false, code: "reason_required" });
    }
    expect(await call(member("admin"), name, { p_reason: "x".repeat(501) }))
      .toEqual({ ok: false, code: "reason_too_long" });
  });
});

describe("permissions are live", () => {
  it("5.2a a demotion works on the next call, with the same token", async () => {
    const temporary = await signUp();
    const grant = { p_user_id: temporary.user.id, p_role: "support" };
    expect(await call(member("admin"), "staff_grant_role", grant)).toEqual({ ok: true });
    expect((await call(temporary, "staff_find_user_billing")).ok).toBe(true);
    expect(await call(member("admin"), "staff_revoke_role", grant)).toEqual({ ok: true });
    expect(await call(temporary, "staff_find_user_billing")).toEqual({
      ok: false,
      code: "forbidden",
    });
  });

  it("5.1b a member whose session is gone may do nothing", async () => {
    const temporary = await signUp();
    await sql`insert into payments_private.staff_members (user_id, role, granted_by)
      values (${temporary.user.id}, 'admin', 'test')`;
    await sql`delete from auth.sessions where user_id = ${temporary.user.id}`;
    expect(await call(temporary, "staff_list")).toEqual({ ok: false, code: "session_ended" });
    await sql`delete from payments_private.staff_members where user_id = ${temporary.user.id}`;
  });

  it("5.2a the last admin stays, also when two remove each other at once", async () => {
    const admin = member("admin");
    const revoke = (of: SignedInUser) => ({ p_user_id: of.user.id, p_role: "admin" });
    expect(await call(admin, "staff_revoke_role", revoke(admin)))
      .toEqual({ ok: false, code: "last_admin" });
    const second = await signUp();
    await call(admin, "staff_grant_role", { p_user_id: second.user.id, p_role: "admin" });
    const answers = await Promise.all([
      call(admin, "staff_revoke_role", revoke(second)),
      call(second, "staff_revoke_role", revoke(admin)),
    ]);
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
    const left = await sql`select user_id from payments_private.staff_members where role = 'admin'`;
    expect(left).toHaveLength(1);
    await sql`insert into payments_private.staff_members (user_id, role, granted_by)
      values (${admin.user.id}, 'admin', 'test') on conflict do nothing`;
  });

  it("5.2a the first admin is made once, by the operator", async () => {
    const [row] = await sql`
      select payments_private.bootstrap_admin(${customer.user.id}, 'operator', 'set-up') as made`;
    expect(row?.["made"]).toEqual({ ok: false, code: "admin_exists" });
  });
});

describe("what staff do", () => {
  it("4.2c a look at a user's billing is audited with its reason", async () => {
    const answer = await call(member("support"), "staff_find_user_billing", {
      p_reason: "ticket 4711",
    });
    expect(answer).toMatchObject({
      ok: true,
      on_hold: false,
      billing: { subscriptions: [{ status: "active" }] },
    });
    const [row] = await sql`
      select resource_id, outcome from audit.audit_logs
      where actor_id = ${member("support").user.id} and reason = 'ticket 4711'`;
    expect(row).toEqual({ resource_id: customer.user.id, outcome: "success" });
  });

  it("10.1a a hold stops a user's checkouts, its release lets them through", async () => {
    expect(await call(member("support"), "staff_set_hold")).toEqual({ ok: true });
    const body = checkoutBody({ items: [{ price: "pro_monthly", quantity: 1 }] });
    expect(await refusal(await callFunction("create-checkout", body, customer)))
      .toEqual({ status: 403, code: "on_hold" });
    expect(await call(member("support"), "staff_release_hold")).toEqual({ ok: true });
    await openCheckout(customer, { items: [{ price: "pro_monthly", quantity: 1 }] });
    expect(await call(member("support"), "staff_release_hold")).toEqual({
      ok: false,
      code: "not_found",
    });
  });

  it("7.2a an address on hold is released before its time, with a reason", async () => {
    const address = { p_address_hash: "f".repeat(32) };
    await sql`insert into payments_private.address_holds (address_hash, reason, expires_at)
      values (${address.p_address_hash}, 'card_testing', now() + interval '1 hour')`;
    expect(await call(member("finance"), "staff_release_address", address))
      .toEqual({ ok: false, code: "forbidden" });
    expect(await call(member("support"), "staff_release_address", address)).toEqual({ ok: true });
    expect(await call(member("support"), "staff_release_address", address))
      .toEqual({ ok: false, code: "not_found" });
    const [row] = await sql`
      select actor_id, reason from audit.audit_logs
      where action = 'staff.address_released' and resource_id = ${address.p_address_hash}`;
    expect(row).toEqual({ actor_id: member("support").user.id, reason: "a ticket asks for it" });
  });

  it("5.2a roles go to users that exist, and the role of every user is nobody's to give", async () => {
    const grant = (changes: Record<string, unknown>) =>
      call(member("admin"), "staff_grant_role", changes);
    expect(await grant({ p_user_id: crypto.randomUUID() }))
      .toEqual({ ok: false, code: "unknown_user" });
    for (const role of ["user", "owner"]) {
      expect(await grant({ p_role: role })).toEqual({ ok: false, code: "unknown_role" });
    }
    expect(await call(member("support"), "staff_set_hold", { p_user_id: crypto.randomUUID() }))
      .toEqual({ ok: false, code: "unknown_user" });
  });

  it("10.1a an admin throws the kill switch and takes it back", async () => {
    const set = (stop: boolean) =>
      call(member("admin"), "staff_set_kill_switch", { p_switch: "checkout", p_stop: stop });
    await set(true);
    expect(await refusal(await callFunction("create-checkout", checkoutBody(), await signUp())))
      .toEqual({ status: 503, code: "switched_off" });
    await set(false);
    await openCheckout(await signUp());
    expect(await call(member("admin"), "staff_set_kill_switch", { p_switch: "everything" }))
      .toEqual({ ok: false, code: "unknown_switch" });
  });

  it("5.2a settings change whole or not at all, and the trail has before and after", async () => {
    const change = (changes: unknown) =>
      call(member("admin"), "staff_update_settings", { p_changes: changes });
    expect(await change({ user_burst: 55 })).toEqual({ ok: true });
    for (const bad of [{ nonsense: 1 }, { only_row: false }, { stop_all: true }]) {
      expect(await change(bad)).toEqual({ ok: false, code: "unknown_setting" });
    }
    for (
      const bad of [{ user_burst: 0 }, { user_burst: "x" }, { user_burst: null }, {
        user_burst: 7,
        address_burst: -1,
      }]
    ) {
      expect(await change(bad)).toEqual({ ok: false, code: "invalid_setting" });
    }
    const [row] = await sql`select user_burst from payments_private.settings`;
    expect(row?.["user_burst"]).toBe(55);
    const [trail] = await sql`
      select detail from audit.audit_logs where action = 'staff.settings_updated'
      order by occurred_at desc limit 1`;
    expect(trail?.["detail"]).toEqual({ before: { user_burst: 60 }, after: { user_burst: 55 } });
  });

  async function buyBadge() {
    const buyer = await signUp();
    const session = await openCheckout(buyer, {
      mode: "payment",
      items: [{ price: "badge_once", quantity: 1 }],
    });
    await twin(`checkout_sessions/${session.id}/pay`, { card: "4242424242424242" });
    const bought = await until(async () => {
      const { data } = await buyer.client.schema("payments").from("payments").select("id")
        .eq("status", "succeeded");
      return data?.[0]?.id;
    });
    return { buyer, bought };
  }

  it("5.2a a refund is made once at Stripe, never more than was paid, whatever Stripe does", async () => {
    const { buyer, bought } = await buyBadge();
    await twin("faults", { api: [{ path: "/v1/refunds", method: "POST", kind: "500", times: 3 }] });
    try {
      const refund = (amount: number) =>
        call(member("finance"), "staff_refund", { p_payment_id: bought, p_amount_minor: amount });
      const answers = await Promise.all(Array.from({ length: 5 }, () => refund(2000)));
      expect(answers.filter(({ ok }) => ok)).toHaveLength(2);
      expect(await refund(4900)).toEqual({ ok: false, code: "amount_too_large" });
      expect(await refund(-1)).toEqual({ ok: false, code: "amount_too_large" });
      // Stripe saves a server error under its key, and would answer with it for a day
      await until(async () => {
        // each time: an attempt that was under way sets its own next one, and one that could not say how it
        // ended holds its lease of two minutes
        await sql`update payments_private.refund_requests set next_attempt_at = now(),
            leased_until = case when leased_until > now() + interval '110 seconds' then leased_until end
          where finished_at is null`;
        const { data } = await buyer.client.schema("payments").from("refunds").select("amount")
          .eq("payment_id", bought);
        return data?.length === 2;
      }, 45_000);
      const atStripe = await stripeClient().refunds.list({ payment_intent: bought });
      expect(atStripe.data.map(({ amount }) => amount)).toEqual([2000, 2000]);
      expect(await refund(901)).toEqual({ ok: false, code: "amount_too_large" });
    } finally {
      await twin("faults", {});
    }
  });

  it("7.1b a refund that is asked for again under its key is asked for once", async () => {
    const { bought } = await buyBadge();
    const key = crypto.randomUUID();
    const refund = (changes: Record<string, unknown> = {}, role: Role = "finance") =>
      call(member(role), "staff_refund", {
        p_payment_id: bought,
        p_amount_minor: 100,
        p_request: key,
        ...changes,
      });
    const answers = await Promise.all(Array.from({ length: 5 }, () => refund()));
    expect(answers).toEqual(Array(5).fill({ ok: true, request: key }));
    const conflict = { ok: false, code: "idempotency_conflict" };
    expect(await refund({ p_amount_minor: 200 })).toEqual(conflict);
    expect(await refund({ p_payment_id: payment })).toEqual(conflict);
    expect(await refund({}, "admin")).toEqual(conflict);
    const rows = await sql`
      select amount_minor::int from payments_private.refund_requests where payment_id = ${bought}`;
    expect(rows).toEqual([{ amount_minor: 100 }]);
    const asked = await sql`select from audit.audit_logs
      where action = 'staff.refund_requested' and resource_id = ${bought}`;
    expect(asked).toHaveLength(1);
  });
});
