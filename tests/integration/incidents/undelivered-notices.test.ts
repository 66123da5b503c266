import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { constraintOf } from "../../support/constraint-of.ts";
import { adminSql, rpcAs, signUp } from "../../support/stack.ts";
import { addAffected, CAUSE, FOLLOW_UP, incident, open } from "./support.ts";

const sql = adminSql();
const TOLD = ["--told-otherwise", "each of them by telephone, list in case 4711"];
let customer = "";

beforeAll(async () => {
  customer = await somebody();
});
afterEach(async () => {
  await sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`;
    for (const table of ["incident_notices", "incident_users", "incident_searches", "incidents"]) {
      await tx`delete from ${sql(`payments_private.${table}`)}`;
    }
  });
  await sql`delete from payments_private.alerts where rule = 'notice_dead'`;
  await sql`delete from payments_private.staff_members`;
});
afterAll(() => sql.end());

/** Somebody who stands in the trail: they have looked at their own billing. */
async function somebody(): Promise<string> {
  const { user, client } = await signUp();
  await client.schema("payments").rpc("my_billing");
  return user.id;
}

/** An incident that only its notices keep open, queued for these users. */
async function withNotices(...users: string[]): Promise<string> {
  const id = await open(sql);
  for (const user of users) await addAffected(sql, id, user);
  await queue(id);
  await sql`select payments_private.assess_incident('Ada', ${id}, '{"personal_data": false}', 'a drill')`;
  return id;
}

async function queue(id: string): Promise<void> {
  await sql`select payments_private.notify_affected('Ada', ${id}, 'About your account', 'hello', 'a drill')`;
}

function close(id: string, ...more: string[]) {
  return incident("close", id, ...CAUSE, ...FOLLOW_UP, ...more);
}

async function claim(): Promise<{ id: string; lease: number }[]> {
  return (await rpcAs("payments_worker", "claim_notices", { p_limit: 100, p_lease_seconds: 600 }))
    .data;
}

async function deliver(): Promise<void> {
  for (const { id, lease } of await claim()) {
    await rpcAs("payments_worker", "finish_notice", { p_id: id, p_lease: lease });
  }
}

const refused = { code: 1, answer: { ok: false, code: "notices_undelivered" } };

describe("closing while notices are undelivered", () => {
  it.each(["pending", "dead"])("10.1b 10.2c is refused while one is %s", async (state) => {
    const id = await withNotices(customer, await somebody());
    await sql`update payments_private.incident_notices set state = 'delivered', delivered_at = now()`;
    await sql`update payments_private.incident_notices set state = ${state} where user_id = ${customer}`;
    expect(await close(id)).toMatchObject(refused);
    expect((await close(id)).answer).not.toHaveProperty("closed_at");
    const [row] = await sql`select closed_at from payments_private.incidents where id = ${id}`;
    expect(row).toEqual({ closed_at: null });
  });

  it("10.1b 10.2c is refused to a statement of SQL, too", async () => {
    const id = await withNotices(customer);
    expect(
      await constraintOf(
        sql`update payments_private.incidents set closed_at = now(), closed_by = 'somebody',
        root_cause = 'a key stood in a log',
        follow_ups = '[{"what": "look again", "owner": "ops", "due": "2026-12-31"}]' where id = ${id}`,
      ),
    ).toBe("notices_undelivered");
  });

  it("10.1b 10.2c is refused while others are told and one who was found later is not", async () => {
    const id = await withNotices(customer);
    await deliver();
    await addAffected(sql, id, await somebody());
    expect(await close(id)).toMatchObject(refused);
    await queue(id);
    await deliver();
    expect(await close(id)).toMatchObject({ code: 0, answer: { ok: true } });
  });

  it("10.1b 10.2c is accepted when all are delivered, of those who still exist", async () => {
    const gone = await somebody();
    const id = await withNotices(customer);
    await addAffected(sql, id, gone);
    await sql`delete from auth.users where id = ${gone}`;
    await deliver();
    expect(await close(id)).toMatchObject({ code: 0, answer: { ok: true } });
    const [row] = await sql`select told_otherwise from payments_private.incidents where id = ${id}`;
    expect(row).toEqual({ told_otherwise: null });
  });

  it("10.1b 10.2c takes how they were told otherwise, kept with the incident and flagged in the trail", async () => {
    const id = await withNotices(customer);
    expect(await close(id, "--told-otherwise", "by phone"))
      .toMatchObject({ code: 1, answer: { ok: false, code: "told_otherwise_is_a_sentence" } });
    expect(await close(id, "--told-otherwise", "          "))
      .toMatchObject({ code: 1, answer: { ok: false } });
    expect(await close(id, ...TOLD)).toMatchObject({ code: 0, answer: { ok: true } });
    const [row] = await sql`select told_otherwise from payments_private.incidents where id = ${id}`;
    expect(row).toEqual({ told_otherwise: TOLD[1] });
    const trail = await sql`select detail from audit.audit_logs
      where action = 'incident.closed' and resource_id = ${id}`;
    expect(trail).toEqual([{ detail: { follow_ups: 1, undelivered: 1, told_otherwise: true } }]);
  });

  it("10.1b 10.2c an admin in the console meets the same", async () => {
    const id = await withNotices(customer);
    const admin = await signUp();
    await sql`insert into payments_private.staff_members (user_id, role, granted_by)
      values (${admin.user.id}, 'admin', 'test')`;
    const call = async (more: Record<string, unknown> = {}) =>
      (await admin.client.schema("payments").rpc("staff_close_incident", {
        p_incident: id,
        p_root_cause: "a key stood in a log",
        p_follow_ups: [{ what: "look again", owner: "ops", due: "2026-12-31" }],
        p_reason: "a drill",
        ...more,
      })).data;
    expect(await call()).toEqual({ ok: false, code: "notices_undelivered" });
    expect(await call({ p_told_otherwise: TOLD[1] })).toEqual({ ok: true });
  });
});
