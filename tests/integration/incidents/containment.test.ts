import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkoutBody, deliver, eventBody, refusal, stripeId } from "../../support/payments.ts";
import { adminSql, callFunction, type SignedInUser, signUp } from "../../support/stack.ts";
import { payments } from "../cli/support.ts";
import { addAffected, because, incident, look, open } from "./support.ts";

const sql = adminSql();
let id = "";

beforeEach(async () => {
  id = await open(sql);
});
afterEach(async () => {
  await sql`update payments_private.settings set
    stop_all = false, stop_checkout = false, stop_portal = false, stop_webhooks = false`;
  await sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`;
    await tx`delete from payments_private.incident_users`;
    await tx`delete from payments_private.incident_actions`;
    await tx`delete from payments_private.incidents`;
  });
});
afterAll(() => sql.end());

function checkout(user: SignedInUser): Promise<Response> {
  return callFunction("create-checkout", checkoutBody(), user);
}

async function steps() {
  const rows = await sql`select detail from audit.audit_logs
    where action = 'incident.contained' and resource_id = ${id} order by occurred_at`;
  return rows.map((row) => row["detail"]);
}

async function affected(...users: SignedInUser[]): Promise<void> {
  for (const { user } of users) await addAffected(sql, id, user.id);
}

async function customer(): Promise<SignedInUser> {
  const user = await signUp();
  await user.client.schema("payments").rpc("my_billing");
  return user;
}

describe("containment", () => {
  it.each([["stop-all"], ["stop-checkout"]])(
    "10.1a %s stops checkouts in one command; a second one changes nothing; the way back works",
    async (step) => {
      const user = await signUp();
      expect(await incident("contain", id, step)).toMatchObject({
        code: 0,
        answer: { changed: true },
      });
      expect((await refusal(await checkout(user))).status).toBe(503);
      expect(await incident("contain", id, step)).toMatchObject({
        code: 0,
        answer: { changed: false },
      });
      expect(await steps()).toEqual([{ step, subject: null, users: 0, sessions: 0 }]);
      await payments(["kill-switch", step.slice(5), "off", ...because]);
      expect((await checkout(user)).status).toBe(200);
    },
  );

  it("10.1a stop-webhooks takes in nothing that a forger signs", async () => {
    await incident("contain", id, "stop-webhooks");
    const event = stripeId("evt");
    const response = await deliver(
      eventBody({ id: event, type: "customer.updated", object: { id: "cus_x" } }),
    );
    expect(response.status).toBe(503);
    expect(await sql`select from payments_private.processed_events where event_id = ${event}`)
      .toEqual([]);
  });

  it("10.1a hold-user and hold-users stop exactly those users, each once", async () => {
    const [one, other, outsider] = [await customer(), await customer(), await signUp()];
    expect(await incident("contain", id, "hold-user", one.user.id))
      .toMatchObject({ answer: { users: 1, changed: true } });
    await affected(one, other);
    expect(await incident("contain", id, "hold-users"))
      .toMatchObject({ answer: { users: 1, changed: true } });
    expect(await incident("contain", id, "hold-users")).toMatchObject({
      answer: { changed: false },
    });
    expect([(await checkout(one)).status, (await checkout(other)).status]).toEqual([403, 403]);
    expect((await checkout(outsider)).status).toBe(200);
    const holds = await sql`select placed_by, reason from payments_private.user_holds
      where user_id in ${sql([one.user.id, other.user.id])}`;
    expect(holds).toHaveLength(2);
    expect(holds[0]).toEqual({ placed_by: "Ada", reason: "it is a drill" });
  });

  it("10.1a revoke-sessions signs out at once whom it names, or everybody who is affected", async () => {
    const [one, other, outsider] = [await customer(), await customer(), await signUp()];
    expect(await incident("contain", id, "revoke-sessions", one.user.id))
      .toMatchObject({ code: 0, answer: { sessions: 1 } });
    expect(await refusal(await checkout(one))).toMatchObject({ status: 401 });
    expect((await one.client.auth.refreshSession()).error).not.toBeNull();
    expect((await checkout(other)).status).toBe(200);
    await affected(one, other);
    expect(await incident("contain", id, "revoke-sessions")).toMatchObject({
      answer: { sessions: 1 },
    });
    expect(await refusal(await checkout(other))).toMatchObject({ status: 401 });
    expect((await checkout(outsider)).status).toBe(200);
    expect(await incident("contain", id, "revoke-sessions")).toMatchObject({
      answer: { changed: false },
    });
  });

  it("10.1a rotate-key prints the steps, and records the key as rotated when it is", async () => {
    const words = ["incident", "contain", id, "rotate-key", "stripe-secret-key", ...because];
    const { code, out } = await payments(words);
    expect(code).toBe(0);
    expect(out).toMatch(/^1\. Stripe dashboard/);
    expect(out).toContain("--done");
    expect((await payments([...words, "--done"])).out).toBe(
      "Recorded: stripe-secret-key was rotated.\n",
    );
    expect((await payments([...words, "--done"])).out).toContain("done already");
    expect((await steps()).map(({ step }) => step)).toEqual(["rotate-key", "key-rotated"]);
  });

  it("10.1a shows each step with its time in the timeline, with who and why", async () => {
    await incident("contain", id, "stop-portal");
    const { answer } = await look("timeline", id);
    expect(answer["entries"]).toContainEqual(expect.objectContaining({
      what: "incident.contained",
      who: "Ada",
      reason: "it is a drill",
      detail: expect.objectContaining({ step: "stop-portal" }),
    }));
    const { answer: shown } = await look("show", id);
    expect(shown["first_contained_at"]).not.toBeNull();
  });

  it.each([
    [["hold-user", "00000000-0000-4000-8000-000000000000"], "unknown_user"],
    [["revoke-sessions", "00000000-0000-4000-8000-000000000000"], "unknown_user"],
    [["hold-users"], "nobody_affected"],
    [["revoke-sessions"], "nobody_affected"],
  ])("10.1a %j is refused with its code and leaves no step", async (words, code) => {
    expect(await incident("contain", id, ...words)).toMatchObject({
      code: 1,
      answer: { ok: false, code },
    });
    expect(await steps()).toEqual([]);
  });

  it("10.1a of two commands at once one changes something", async () => {
    const ends = await Promise.all(
      Array.from({ length: 4 }, () => incident("contain", id, "stop-checkout")),
    );
    expect(ends.map(({ answer }) => answer["changed"]).toSorted()).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });
});

describe("the doors into auth", () => {
  it("10.1a 5.2b no role of the API may end sessions, and payments_owner reads none", async () => {
    const rows = await sql`select rolname from pg_roles
      where has_function_privilege(oid, 'payments_private.end_sessions(uuid[])', 'execute')
        and not rolsuper and rolname <> 'postgres' order by 1`;
    expect(rows).toEqual([{ rolname: "payments_owner" }]);
    const tables =
      await sql`select has_table_privilege('payments_owner', 'auth.sessions', 'select,delete') as any`;
    expect(tables).toEqual([{ any: false }]);
  });
});
