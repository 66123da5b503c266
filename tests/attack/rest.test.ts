// Ways around row-level security and column grants that the REST API's own language offers.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCheckout, stripeId, subscribe } from "../support/payments.ts";
import { adminSql, signUp } from "../support/stack.ts";
import { type ApiActor, type Cast, gather } from "../integration/database/support/actors.ts";
import { relationsOf } from "../integration/database/support/matrix-rows.ts";
import { readableColumns } from "../integration/database/support/readable-columns.ts";
import { rest, type RestAnswer } from "../integration/database/support/rest.ts";
import { BADGE } from "./support/shop.ts";

const sql = adminSql();
let cast: Cast;
let owner: ApiActor;
let other: ApiActor;
let subscription: string;

beforeAll(async () => {
  cast = await gather(sql);
  [owner, other] = [actor("its owner"), actor("another user")];
  subscription = await subscribe(cast.owner);
  await openCheckout(cast.other, BADGE);
});
afterAll(async () => {
  await cast.leave();
  await sql.end();
});

function actor(name: string): ApiActor {
  const found = cast.actors.find((one) => one.name === name);
  if (found === undefined) throw new Error(`Nobody is called ${name}`);
  return found;
}

const strangers = () => cast.actors.filter(({ name }) => name !== "its owner");

describe("embedding", () => {
  it("5.3a shows the owner what belongs together, and a stranger nothing of it", async () => {
    const path = `subscriptions?select=id,subscription_items(id,user_id)&id=eq.${subscription}`;
    const own = await rest(owner, path);
    expect(JSON.parse(own.text)).toMatchObject([{
      id: subscription,
      subscription_items: [{ user_id: cast.owner.user.id }],
    }]);
    for (const one of strangers()) {
      const answer = await rest(one, path);
      if (one.role === "authenticated") expect(JSON.parse(answer.text)).toEqual([]);
      else expect([one.name, answer.code]).toEqual([one.name, "42501"]);
    }
  });

  it.each([
    "subscription_items?select=id,subscriptions(id,customer_id)",
    "subscription_items?select=id,subscriptions(*)",
    "subscription_items?select=id,subscriptions!inner(id)&subscriptions.customer_id=like.cus*",
    "subscriptions?select=id,subscription_items(id)&subscription_items.order=customer_id",
  ])("5.3a brings no hidden column out: %s", async (path) => {
    const answer = await rest(owner, path);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.text).not.toContain("cus_");
  });

  it.each([
    "customers?select=id,users(*)",
    "customers?select=id,auth.users(email)",
    "customers?select=id,user_id(email)",
    "customers?select=id,customer_creations(*)",
    "subscriptions?select=id,audit_logs(*)",
    "customers?select=id,...users(email)",
  ])("5.3a reaches no table of another schema: %s", async (path) => {
    const answer = await rest(owner, path);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.text).not.toContain("@example.com");
  });
});

describe("hidden columns", () => {
  it("5.3a can be neither read, renamed, cast, filtered nor sorted by, in any table", async () => {
    const tried: Record<string, RestAnswer> = {};
    for (const { name, columns } of await relationsOf(sql)) {
      const table = name.replace(/^payments\./, "");
      const readable = readableColumns("authenticated")[table];
      if (readable === undefined) continue;
      const hidden = columns.map((column) => column.name).filter((one) => !readable.includes(one));
      await Promise.all(hidden.flatMap((column) =>
        [
          `select=${column}`,
          `select=id,alias:${column}`,
          `select=id,${column}::text`,
          `select=id&${column}=not.is.null`,
          `select=id&or=(id.eq.x,${column}.is.null)`,
          `select=id&not.and=(${column}.is.null)`,
          `select=id&order=${column}`,
          `select=${column}.max()`,
        ].map(async (query) => {
          tried[`${table}?${query}`] = await rest(owner, `${table}?${query}`);
        })
      ));
    }
    expect(Object.keys(tried).length).toBeGreaterThan(100);
    const through = Object.entries(tried).filter(([, { status }]) => status < 400);
    expect(through.map(([query]) => query)).toEqual([]);
  });
});

describe("counting", () => {
  it("5.3a a stranger counts no row of others", async () => {
    const [row] = await sql`select count(*)::int as n from payments.subscriptions`;
    expect(row?.["n"]).toBeGreaterThan(0);
    for (const one of [other, actor("staff: auditor")]) {
      for (const method of ["GET", "HEAD"]) {
        const answer = await rest(one, "subscriptions?select=id", {
          method,
          prefer: "count=exact",
        });
        expect([one.name, method, answer.total]).toEqual([one.name, method, "0"]);
      }
    }
  });

  it.each(["count=exact", "count=planned", "count=estimated"])(
    "5.3a a stranger cannot tell an id that exists from one that does not: %s",
    async (prefer) => {
      for (const method of ["GET", "HEAD"]) {
        const ask = (id: string) =>
          rest(other, `subscriptions?select=id&id=eq.${id}`, { method, prefer });
        expect(await ask(subscription)).toEqual(await ask(stripeId("sub")));
      }
    },
  );

  it("5.3a aggregates run over the caller's own rows, if at all", async () => {
    for (
      const select of ["amount.sum()", "count()", "id.count()", "amount.max()", "user_id,count()"]
    ) {
      const answer = await rest(actor("staff: finance"), `payments?select=${select}`);
      if (answer.status >= 400) continue;
      expect(["[]", '[{"sum":null}]', '[{"max":null}]', '[{"count":0}]'], select)
        .toContain(answer.text.replaceAll(" ", ""));
    }
  });

  it("5.3a nobody is shown a query's plan, whose estimates speak of others' rows", async () => {
    for (const accept of ["application/vnd.pgrst.plan", "application/vnd.pgrst.plan+json"]) {
      const headers = { ...other.headers, accept };
      const answer = await rest({ headers }, "subscriptions?select=id");
      expect(answer.text).not.toMatch(/Seq Scan|Index Scan|Plan Rows|cost=/);
    }
  });
});

describe("procedures", () => {
  const call = (who: ApiActor, name: string, body: unknown, query = "", prefer?: string) =>
    rest(who, `rpc/${name}${query}`, { method: "POST", body, ...(prefer ? { prefer } : {}) });

  it.each<[string, unknown]>([
    ["an argument that it does not have", { p_user_id: "VICTIM" }],
    ["another one", { user_id: "VICTIM" }],
    ["claims", { "request.jwt.claims": { sub: "VICTIM" } }],
    ["a list", ["VICTIM"]],
    ["a list of objects", [{ p_user_id: "VICTIM" }]],
    ["a text", "VICTIM"],
    ["null", null],
  ])("5.3a my_billing speaks of nobody else, given %s", async (_what, shape) => {
    const body = JSON.parse(
      JSON.stringify(shape).replaceAll("VICTIM", cast.owner.user.id),
    );
    for (const prefer of [undefined, "params=single-object", "params=multiple-objects"]) {
      const answer = await call(other, "my_billing", body, "", prefer);
      expect(answer.text).not.toContain(subscription);
      expect(answer.text).not.toContain(cast.owner.user.id);
    }
  });

  it("5.3a my_billing leaves its audit row whatever the caller would prefer", async () => {
    const user = await signUp();
    const headers = { ...other.headers, authorization: `Bearer ${user.accessToken}` };
    const logged = async () => {
      const [row] = await sql`
        select count(*)::int as n from audit.audit_logs
        where actor_id = ${user.user.id} and action = 'billing.read'`;
      return row?.["n"];
    };
    for (
      const prefer of [
        "tx=rollback",
        "return=minimal",
        "count=exact",
        "handling=lenient, tx=rollback",
      ]
    ) {
      const before = await logged();
      const answer = await rest({ headers }, "rpc/my_billing", {
        method: "POST",
        body: {},
        prefer,
      });
      expect([prefer, answer.status < 300, await logged()]).toEqual([prefer, true, before + 1]);
    }
    // by GET the transaction is read-only: no answer without its row
    const before = await logged();
    const answer = await rest({ headers }, "rpc/my_billing");
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(await logged()).toBe(before);
  });

  it.each<[string, unknown]>([
    ["a number", 1],
    ["null", null],
    ["a list", ["pro"]],
    ["an object", { pro: true }],
    ["a quote", "' or true --"],
    ["a wildcard", "%"],
    ["another text", "nobody's"],
  ])("5.3a has_entitlement grants nothing, given %s", async (_what, key) => {
    const answer = await call(other, "has_entitlement", { p_lookup_key: key });
    expect(answer.text).not.toBe("true");
  });

  it("5.3a a procedure's answer cannot be used to read on", async () => {
    for (
      const query of [
        "?select=*,subscriptions(*)",
        "?select=customer_id",
        "?user_id=eq.x",
        "?order=customer_id",
        "?columns=p_user_id",
      ]
    ) {
      const answer = await call(other, "my_billing", {}, query);
      expect(answer.text).not.toContain(subscription);
      expect(answer.text).not.toContain("cus_");
    }
  });
});

describe("errors", () => {
  it("5.3a a refused write says the same about an id that exists and one that does not", async () => {
    for (const one of [actor("anon"), other, actor("staff: admin"), actor("service_role")]) {
      const tell = (id: string) =>
        Promise.all([
          rest(one, "subscriptions", { method: "POST", body: { id, user_id: cast.owner.user.id } }),
          rest(one, `subscriptions?id=eq.${id}`, { method: "PATCH", body: { status: "active" } }),
          rest(one, `subscriptions?id=eq.${id}`, { method: "DELETE" }),
          rest(one, "subscriptions", {
            method: "POST",
            body: { id, user_id: cast.owner.user.id },
            prefer: "resolution=merge-duplicates",
          }),
        ]);
      expect(await tell(subscription), one.name).toEqual(await tell(stripeId("sub")));
    }
  });

  it("5.3a a staff procedure says the same to an outsider about everybody and everything", async () => {
    const [payment] =
      await sql`select id from payments.payments where user_id = ${cast.owner.user.id}`;
    const tell = async (userId: string, paymentId: string) => {
      const reason = { p_reason: "curious" };
      const answers = await Promise.all([
        rpc("staff_find_user_billing", { p_user_id: userId, ...reason }),
        rpc("staff_set_hold", { p_user_id: userId, ...reason }),
        rpc("staff_release_hold", { p_user_id: userId, ...reason }),
        rpc("staff_grant_role", { p_user_id: userId, p_role: "auditor", ...reason }),
        rpc("staff_revoke_role", { p_user_id: userId, p_role: "admin", ...reason }),
        rpc("staff_refund", { p_payment_id: paymentId, p_amount_minor: 1, ...reason }),
      ]);
      return answers.map(({ status, text }) => [status, JSON.parse(text)]);
    };
    const rpc = (name: string, body: unknown) =>
      rest(other, `rpc/${name}`, { method: "POST", body });
    const known = await tell(cast.owner.user.id, payment?.["id"]);
    expect(known).toEqual(await tell(crypto.randomUUID(), "pi_nobody"));
    expect(new Set(known.map(([, body]) => body.code))).toEqual(new Set(["forbidden"]));
  });

  it("5.3a 9.1a a member of staff who names nobody hears a code, not the database's own words", async () => {
    for (const p_user_id of [crypto.randomUUID(), null]) {
      for (
        const [name, body] of [
          ["staff_set_hold", { p_user_id }],
          ["staff_grant_role", { p_user_id, p_role: "auditor" }],
          ["staff_release_hold", { p_user_id }],
          ["staff_revoke_role", { p_user_id, p_role: "auditor" }],
        ] as const
      ) {
        const answer = await rest(actor("staff: admin"), `rpc/${name}`, {
          method: "POST",
          body: { ...body, p_reason: "a typo" },
        });
        expect([name, JSON.parse(answer.text)])
          .toEqual([name, {
            ok: false,
            code: expect.stringMatching(/^(?:not_found|unknown_user)$/),
          }]);
      }
    }
  });
});
