// What users get of their own; what nobody gets of others is in ownership-matrix.test.ts.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCheckout, subscribe } from "../../support/payments.ts";
import { adminSql, type SignedInUser, signUp } from "../../support/stack.ts";

const sql = adminSql();
let owner: SignedInUser;
let stranger: SignedInUser;

beforeAll(async () => {
  owner = await signUp();
  stranger = await signUp();
  await subscribe(owner);
  await openCheckout(stranger);
  const [customer] = await sql`select id from payments.customers where user_id = ${owner.user.id}`;
  await sql`insert into payments.entitlements ${
    sql({
      user_id: owner.user.id,
      id: "ent_owner",
      customer_id: customer?.["id"],
      feature_id: "feat_1",
      lookup_key: "pro",
    })
  }`;
});
afterAll(() => sql.end());

describe("RPCs", () => {
  it("5.3a my_billing answers with the caller's own billing and logs the access", async () => {
    const { data, error } = await owner.client.schema("payments").rpc("my_billing");
    expect(error).toBeNull();
    expect(data).toMatchObject({
      has_customer: true,
      subscriptions: [{ status: "active", items: [{ unit_amount: 900 }] }],
      entitlements: ["pro"],
    });
    const logged = await sql`
      select 1 from audit.audit_logs where actor_id = ${owner.user.id} and action = 'billing.read'`;
    expect(logged).toHaveLength(1);
    const other = await stranger.client.schema("payments").rpc("my_billing");
    expect(other.data).toMatchObject({ subscriptions: [], payments: [], entitlements: [] });
  });

  it("5.3a has_entitlement speaks for the caller alone", async () => {
    const ask = (user: SignedInUser) =>
      user.client.schema("payments").rpc("has_entitlement", { p_lookup_key: "pro" });
    expect((await ask(owner)).data).toBe(true);
    expect((await ask(stranger)).data).toBe(false);
  });
});

describe("a user who is deleted", () => {
  it("leaves books without a person, which nobody reads through the API", async () => {
    const user = await signUp();
    const subscription = await subscribe(user);
    await sql`delete from auth.users where id = ${user.user.id}`;
    const [row] =
      await sql`select user_id, status from payments.subscriptions where id = ${subscription}`;
    expect(row).toEqual({ user_id: null, status: "active" });
    const reservations = await sql`
      select 1 from payments_private.checkout_reservations where user_id = ${user.user.id}`;
    expect(reservations).toHaveLength(0);
    const { data } = await stranger.client.schema("payments").from("subscriptions").select("id")
      .eq("id", subscription);
    expect(data).toEqual([]);
  });
});

describe("the audit log", () => {
  it("8.3b refuses update, delete and truncate even to its owner", async () => {
    for (
      const statement of [
        "update audit.audit_logs set outcome = 'success'",
        "delete from audit.audit_logs",
        "truncate audit.audit_logs",
      ]
    ) {
      await expect(sql.begin(async (tx) => {
        await tx`set local role audit_owner`;
        await tx.unsafe(statement);
      })).rejects.toMatchObject({ code: "PA001" });
    }
  });
});
