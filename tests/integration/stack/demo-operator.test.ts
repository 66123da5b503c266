import { createClient } from "@supabase/supabase-js";
import { afterAll, expect, it } from "vitest";
import { makeDemoOperator } from "../../../dev/stack/demo-operator.ts";
import { adminSql, stack } from "../../support/stack.ts";

const sql = adminSql();
afterAll(async () => {
  await sql`delete from auth.users where email = 'operator@example.com'`;
  await sql.end();
});

it("5.2a the demo operator is the first admin, made by the operator's command; there is no second", async () => {
  await sql`delete from payments_private.staff_members`;
  const { email, password } = await makeDemoOperator(stack());
  const client = createClient(stack().supabaseUrl, stack().publishableKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  const { error } = await client.auth.signInWithPassword({ email, password });
  expect(error).toBeNull();
  const { data } = await client.schema("payments").rpc("staff_me");
  expect(data).toMatchObject({ ok: true, roles: ["admin"] });
  const [row] = await sql`select actor_id, reason from audit.audit_logs
    where action = 'staff.first_admin' order by occurred_at desc limit 1`;
  expect(row).toEqual({ actor_id: "npm start", reason: "demo operator of a local stack" });
  await expect(makeDemoOperator(stack())).rejects.toThrow();
});
