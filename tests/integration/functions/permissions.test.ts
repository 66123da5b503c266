import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { checkoutBody, openCheckout, refusal } from "../../support/payments.ts";
import { adminSql, callFunction, type SignedInUser, signUp, stack } from "../../support/stack.ts";

const sql = adminSql();
let user: SignedInUser;
beforeAll(async () => {
  user = await signUp();
  await openCheckout(user);
});
afterEach(async () => {
  await sql`delete from payments_private.role_permissions where role = 'user' or permission = 'portal.open'`;
  await sql`insert into payments_private.role_permissions (role, permission)
    values ('user', 'checkout.create'), ('user', 'portal.open'), ('user', 'billing.sync')`;
  await sql`delete from payments_private.staff_members where user_id = ${user.user.id}`;
});
afterAll(() => sql.end());

const BODIES: Record<string, () => unknown> = {
  "create-checkout": () => checkoutBody(),
  "customer-portal": () => ({ return_url: `${stack().webUrl}/account` }),
  "sync-billing": () => ({}),
};
const call = (fn: string) => callFunction(fn, BODIES[fn]?.(), user);

describe("what a user may do", () => {
  it.each([
    ["create-checkout", "checkout.create"],
    ["customer-portal", "portal.open"],
    ["sync-billing", "billing.sync"],
  ])("5.3b %s wants the permission %s, looked up on every call", async (fn, permission) => {
    expect((await call(fn)).status).toBe(200);
    await sql`delete from payments_private.role_permissions
      where role = 'user' and permission = ${permission}`;
    expect(await refusal(await call(fn))).toEqual({ status: 403, code: "forbidden" });
    const trail = await sql`
      select reason from audit.audit_logs where actor_id = ${user.user.id}
        and outcome = 'refused' and action = ${`${fn.match(/checkout|portal|sync/)?.[0]}.refused`}`;
    expect(trail).toEqual([{ reason: "forbidden" }]);
    for (const other of Object.keys(BODIES).filter((name) => name !== fn)) {
      expect((await call(other)).status, other).toBe(200);
    }
  });

  it("5.3b a role of their own may allow what all users may not", async () => {
    await sql`delete from payments_private.role_permissions
      where role = 'user' and permission = 'portal.open'`;
    await sql`insert into payments_private.role_permissions (role, permission) values ('support', 'portal.open')`;
    expect((await call("customer-portal")).status).toBe(403);
    await sql`insert into payments_private.staff_members (user_id, role, granted_by)
      values (${user.user.id}, 'support', 'test')`;
    expect((await call("customer-portal")).status).toBe(200);
  });

  it("5.3b an operation that nobody gave a permission is refused", async () => {
    const [row] = await sql`
      select payments_private.may_use(${user.user.id}, 'anything') as anything,
        payments_private.may_use(${user.user.id}, null) as nothing`;
    expect(row).toEqual({ anything: false, nothing: false });
  });
});
