import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { checkoutBody, openCheckout, refusal } from "../../support/payments.ts";
import { adminSql, callFunction, type SignedInUser, signUp } from "../../support/stack.ts";
import { payments } from "./support.ts";

const sql = adminSql();
let user: SignedInUser;

beforeAll(async () => {
  user = await signUp();
});
beforeEach(async () => {
  await sql`delete from payments_private.staff_members`;
});
afterEach(async () => {
  await sql`delete from payments_private.settings`;
  await sql`insert into payments_private.settings default values`;
  await sql`delete from payments_private.staff_members`;
});
afterAll(() => sql.end());

const because = ["--reason", "incident 12", "--as", "Ada"];

async function trailOf(action: string, resource: string | null) {
  return [
    ...await sql`
      select actor_type, actor_id, reason from audit.audit_logs
      where action = ${action} and resource_id is not distinct from ${resource}
        and reason = 'incident 12'
      order by occurred_at desc limit 1`,
  ];
}
const ADA = [{ actor_type: "staff", actor_id: "Ada", reason: "incident 12" }];

describe("payments staff", () => {
  it("5.2a makes the first admin, and no second one", async () => {
    const id = user.user.id;
    expect((await payments(["staff", "list"])).code).toBe(1);
    expect(await payments(["staff", "bootstrap", id, ...because]))
      .toEqual({ code: 0, out: `${id} is the first admin.\n`, error: "" });
    expect(await trailOf("staff.first_admin", id)).toEqual(ADA);
    const other = await signUp();
    const again = await payments(["staff", "bootstrap", other.user.id, ...because]);
    expect(again).toMatchObject({ code: 1, out: "" });
    expect(again.error).toContain("There is an admin already");

    const { code, out } = await payments(["staff", "list", "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(out).staff).toMatchObject([{
      user_id: id,
      role: "admin",
      granted_by: "Ada",
    }]);
  });

  it("5.2a of two operators who set up at once, one makes the first admin", async () => {
    const users = await Promise.all([signUp(), signUp(), signUp()]);
    const ends = await Promise.all(
      users.map((one) => payments(["staff", "bootstrap", one.user.id, ...because])),
    );
    expect(ends.map(({ code }) => code).toSorted()).toEqual([0, 1, 1]);
  });

  it("5.2a grants and revokes a role, audited with the operator's name", async () => {
    const id = user.user.id;
    const reasoned = { p_user_id: id, p_reason: "a ticket" };
    const find = async () =>
      (await user.client.schema("payments").rpc("staff_find_user_billing", reasoned)).data.ok;
    expect(await find()).toBe(false);
    expect((await payments(["staff", "grant", id, "support", ...because])).code).toBe(0);
    expect(await trailOf("staff.role_granted", id)).toEqual(ADA);
    expect(await find()).toBe(true);
    expect((await payments(["staff", "revoke", id, "support", ...because])).code).toBe(0);
    expect(await trailOf("staff.role_revoked", id)).toEqual(ADA);
    expect(await find()).toBe(false);
  });

  it("5.2a does not take the last admin", async () => {
    const id = user.user.id;
    await payments(["staff", "bootstrap", id, ...because]);
    const refused = await payments(["staff", "revoke", id, "admin", "--json", ...because]);
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.out)).toEqual({ ok: false, code: "last_admin" });
    const other = await signUp();
    await payments(["staff", "grant", other.user.id, "admin", ...because]);
    expect((await payments(["staff", "revoke", id, "admin", ...because])).code).toBe(0);
  });

  it.each([
    [["staff", "grant", "00000000-0000-4000-8000-000000000000", "admin"], 1, "No user has this id"],
    [["staff", "grant", "00000000-0000-4000-8000-000000000000", "user"], 1, "The roles are"],
    [["staff", "grant", "jo@example.com", "admin"], 2, "A user is named by the id"],
    [["staff", "bootstrap", "00000000-0000-4000-8000-000000000000"], 1, "No user has this id"],
  ])("5.2a refuses %j with exit code %i", async (argv, code, words) => {
    const end = await payments([...argv, ...because]);
    expect(end.code).toBe(code);
    expect(end.error).toContain(words);
  });
});

describe("payments settings", () => {
  it("7.1a changes settings whole, with before and after in the trail", async () => {
    const end = await payments([
      ...["settings", "set", "user_burst=55", 'country_deny=["KP","FR"]', "country_action=hold"],
      ...because,
    ]);
    expect(end).toEqual({
      code: 0,
      out: "Changed: user_burst, country_deny, country_action.\n",
      error: "",
    });
    const shown = JSON.parse((await payments(["settings", "show", "--json"])).out);
    expect(shown).toMatchObject({
      user_burst: 55,
      country_deny: ["KP", "FR"],
      country_action: "hold",
    });
    expect((await payments(["settings", "show"])).out).toMatch(/^user_burst +55$/m);
    const [row] = await sql`
      select detail from audit.audit_logs
      where action = 'staff.settings_updated' and actor_id = 'Ada' order by occurred_at desc limit 1`;
    expect(row?.["detail"]).toEqual({
      before: { user_burst: 60, country_deny: [], country_action: "alert" },
      after: { user_burst: 55, country_deny: ["KP", "FR"], country_action: "hold" },
    });
  });

  it.each([
    [["nonsense=1"], 1, "There is no such setting"],
    [["only_row=false"], 1, "There is no such setting"],
    [["stop_all=true"], 1, "There is no such setting"],
    [["__proto__=1"], 1, "There is no such setting"],
    [["user_burst=0"], 1, "A value makes no sense"],
    [["user_burst=10", "user_interval_seconds=0"], 1, "A value makes no sense"],
    [["country_deny=KP"], 1, "A value makes no sense"],
    [["country_deny={}"], 1, "A value makes no sense"],
    [['country_deny=[["KP"]]'], 1, "A value makes no sense"],
    [["user_burst"], 2, "name=value"],
    [["user_burst=1", "user_burst=2"], 2, "named twice"],
    [["user_burst=1;drop"], 1, "A value makes no sense"],
  ])("7.1a %j ends with exit code %i", async (changes, code, words) => {
    const end = await payments(["settings", "set", ...changes, ...because]);
    expect(end.error).toContain(words);
    expect(end.code).toBe(code);
    const [row] = await sql`select user_burst from payments_private.settings`;
    expect(row?.["user_burst"]).toBe(60);
  });
});

describe("payments hold, release and kill-switch", () => {
  it("10.1a holds a user and releases them, each with the operator's name and reason", async () => {
    const id = user.user.id;
    expect((await payments(["hold", id, ...because])).code).toBe(0);
    expect(await trailOf("staff.hold_set", id)).toEqual(ADA);
    expect(await refusal(await callFunction("create-checkout", checkoutBody(), user)))
      .toEqual({ status: 403, code: "on_hold" });
    expect((await payments(["release", id, ...because])).code).toBe(0);
    expect(await trailOf("staff.hold_released", id)).toEqual(ADA);
    await openCheckout(user);
    expect((await payments(["release", id, ...because])).code).toBe(1);
  });

  it("7.2a releases an address", async () => {
    const hash = "0123456789abcdef".repeat(2);
    await sql`insert into payments_private.address_holds (address_hash, reason, expires_at)
      values (${hash}, 'card_testing', now() + interval '1 hour')`;
    expect((await payments(["release", hash, ...because])).code).toBe(0);
    expect(await trailOf("staff.address_released", hash)).toEqual(ADA);
    expect((await payments(["release", hash, ...because])).code).toBe(1);
  });

  it("10.1a throws a kill switch and takes it back", async () => {
    expect((await payments(["kill-switch", "checkout", "on", ...because])).code).toBe(0);
    expect(await refusal(await callFunction("create-checkout", checkoutBody(), user)))
      .toEqual({ status: 503, code: "switched_off" });
    expect((await payments(["kill-switch", "checkout", "off", ...because])).code).toBe(0);
    expect(await trailOf("staff.switch_set", "checkout")).toEqual(ADA);
    await openCheckout(user);
  });

  it.each([
    [["kill-switch", "everything", "on"]],
    [["kill-switch", "checkout", "maybe"]],
    [["hold", "somebody"]],
    [["release", "somebody"]],
  ])("10.1a %j is wrong usage", async (argv) => {
    expect((await payments([...argv, ...because])).code).toBe(2);
  });

  it.each([[[]], [["--reason", "  "]], [["--reason", "x"]], [["--reason", "x".repeat(501)]]])(
    "4.2c wants a reason of 3 to 500 characters: %j",
    async (reason) => {
      const end = await payments(["kill-switch", "checkout", "on", ...reason]);
      expect(end.code).toBe(2);
      const [row] = await sql`select stop_checkout from payments_private.settings`;
      expect(row?.["stop_checkout"]).toBe(false);
    },
  );
});
