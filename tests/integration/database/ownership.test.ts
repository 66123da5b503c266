import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCheckout, subscribe, until } from "../../support/payments.ts";
import { adminSql, clientAs, type SignedInUser, signUp, stack } from "../../support/stack.ts";
import { createClient } from "@supabase/supabase-js";

const OWNED = [
  "checkout_sessions",
  "customers",
  "disputes",
  "entitlements",
  "invoices",
  "payments",
  "refunds",
  "subscription_items",
  "subscriptions",
] as const;

const sql = adminSql();
let owner: SignedInUser;
let stranger: SignedInUser;

beforeAll(async () => {
  owner = await signUp();
  stranger = await signUp();
  await subscribe(owner);
  await openCheckout(stranger);
  const [customer] = await sql`select id from payments.customers where user_id = ${owner.user.id}`;
  const of = { user_id: owner.user.id };
  // types whose events are not handled yet: rows made by hand, so that every table has something to guard
  await sql`insert into payments.refunds ${
    sql({ ...of, id: "re_owner", amount: 1, currency: "usd", created_at: new Date() })
  }`;
  await sql`insert into payments.disputes ${
    sql({
      ...of,
      id: "dp_owner",
      charge_id: "ch_1",
      amount: 1,
      currency: "usd",
      status: "needs_response",
      reason: "fraudulent",
      created_at: new Date(),
    })
  }`;
  await sql`insert into payments.entitlements ${
    sql({
      ...of,
      id: "ent_owner",
      customer_id: customer?.["id"],
      feature_id: "feat_1",
      lookup_key: "pro",
    })
  }`;
  await until(async () => {
    const counts = await Promise.all(
      OWNED.map((table) =>
        sql`select count(*)::int as n from payments.${sql(table)} where user_id = ${owner.user.id}`
      ),
    );
    return counts.every(([row]) => row?.["n"] > 0);
  });
});
afterAll(() => sql.end());

function anonymous() {
  return createClient(stack().supabaseUrl, stack().publishableKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
}

/** A column of the table that its reader may name. */
async function read(client: SignedInUser["client"], table: string) {
  return await client.schema("payments").from(table).select("id, user_id");
}

describe.each(OWNED)("payments.%s", (table) => {
  it("5.3a its owner reads their own rows and nobody else's", async () => {
    const { data } = await read(owner.client, table);
    expect(data?.length).toBeGreaterThan(0);
    expect(new Set(data?.map(({ user_id }) => user_id))).toEqual(new Set([owner.user.id]));
  });

  it("5.3a another user reads none of them, asked plainly or by filter", async () => {
    const { data } = await read(stranger.client, table);
    expect(data?.filter(({ user_id }) => user_id === owner.user.id)).toEqual([]);
    const filtered = await stranger.client.schema("payments").from(table).select("id")
      .eq("user_id", owner.user.id);
    expect(filtered.data).toEqual([]);
    const counted = await stranger.client.schema("payments").from(table)
      .select("id", { count: "exact", head: true }).eq("user_id", owner.user.id);
    expect(counted.count).toBe(0);
  });

  it("5.3a anonymous callers, service_role and the functions' roles read nothing", async () => {
    const clients = [
      anonymous(),
      clientAs("default"),
      clientAs("payments_checkout"),
      clientAs("payments_webhook"),
      clientAs("payments_worker"),
    ];
    for (const client of clients) {
      const { data, error } = await read(client, table);
      expect(error?.code).toBe("42501");
      expect(data).toBeNull();
    }
  });

  it("5.3a nobody writes: not the owner, not a stranger, not service_role", async () => {
    const before = await sql`select * from payments.${sql(table)} order by id`;
    for (const client of [owner.client, stranger.client, anonymous(), clientAs("default")]) {
      const rows = client.schema("payments").from(table);
      const attempts = [
        await rows.insert({ id: "x_1", user_id: owner.user.id }),
        await rows.update({ user_id: stranger.user.id }).eq("user_id", owner.user.id),
        await rows.delete().eq("user_id", owner.user.id),
        await rows.upsert({ id: "x_1", user_id: owner.user.id }),
      ];
      for (const { error } of attempts) expect(error?.code).toBe("42501");
    }
    expect(await sql`select * from payments.${sql(table)} order by id`).toEqual(before);
  });

  it("5.3a columns without a grant cannot be read, filtered or sorted by", async () => {
    if (!["subscriptions", "payments", "checkout_sessions"].includes(table)) return;
    const rows = () => owner.client.schema("payments").from(table);
    for (
      const { error } of [
        await rows().select("customer_id"),
        await rows().select("*"),
        await rows().select("id").eq("customer_id", "cus_1"),
        await rows().select("id").order("customer_id"),
      ]
    ) expect(error?.code).toBe("42501");
  });
});

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

  it.each([
    "ingest_event",
    "authorize_checkout",
    "record_checkout",
    "claim_refreshes",
    "finish_refresh",
    "authorize_portal",
  ])("5.2b a user, an anonymous caller and service_role cannot run %s", async (name) => {
    const parameter = name === "claim_refreshes"
      ? { p_limit: 1, p_lease_seconds: 1 }
      : name === "ingest_event"
      ? { p_event: {} }
      : name === "record_checkout"
      ? { p_result: {} }
      : name === "finish_refresh"
      ? {
        p_kind: "product",
        p_object_id: "p",
        p_ticket: 1,
        p_as_of: 1,
        p_projection: {},
        p_account_id: "acct_1",
        p_request_id: "r",
        p_found: false,
      }
      : { p_request: {} };
    for (
      const client of [owner.client, anonymous(), clientAs("default"), clientAs("payments_sync")]
    ) {
      const { error } = await client.schema("payments").rpc(name, parameter);
      expect(error?.code).toBe("42501");
    }
  });

  it("5.2b a function's key runs no other function's RPC", async () => {
    const { error } = await clientAs("payments_webhook").schema("payments")
      .rpc("claim_refreshes", { p_limit: 1, p_lease_seconds: 1 });
    expect(error?.code).toBe("42501");
  });
});

describe("the private schemas", () => {
  it.each(["payments_private", "audit", "auth"])(
    "4.2b schema %s is not exposed",
    async (schema) => {
      for (
        const client of [
          anonymous(),
          owner.client,
          clientAs("default"),
          clientAs("payments_worker"),
        ]
      ) {
        const { data, error } = await client.schema(schema).from("audit_logs").select("*");
        expect(data).toBeNull();
        expect(error).not.toBeNull();
      }
    },
  );
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
