import { afterAll, describe, expect, it } from "vitest";
import { adminSql } from "../../support/stack.ts";
import { payments } from "./support.ts";

const sql = adminSql();
afterAll(() => sql.end());
const because = ["--reason", "incident 12", "--as", "Ada"];

async function raise(): Promise<string> {
  const subject = crypto.randomUUID();
  await sql`select payments_private.raise_alert('dispute', ${subject}, 'critical')`;
  const [row] = await sql`select id from payments_private.alerts where subject = ${subject}`;
  return String(row?.["id"]);
}

describe("payments alerts", () => {
  it("8.2a lists what is open with its runbook, takes it on and closes it, audited by name", async () => {
    const id = await raise();
    const listed = await payments(["alerts", "list", "--json"]);
    expect(listed.code).toBe(1);
    expect(JSON.parse(listed.out).alerts.find((one: { id: string }) => one.id === id))
      .toMatchObject({
        title: "A payment is disputed",
        runbook: "docs/alerts.md#dispute",
        acknowledged_by: null,
      });
    expect((await payments(["alerts", "ack", id, ...because])).code).toBe(0);
    expect((await payments(["alerts", "list"])).out).toContain("in the hands of Ada");
    expect((await payments(["alerts", "ack", id, ...because])).code).toBe(1);
    expect((await payments(["alerts", "resolve", id, ...because])).code).toBe(0);
    expect((await payments(["alerts", "list"])).out).not.toContain(id);
    expect((await payments(["alerts", "list", "--all"])).out).toContain("resolved by Ada");
    const trail = await sql`
      select action, actor_id, reason from audit.audit_logs where resource_id = ${id} and actor_type = 'staff'
      order by occurred_at`;
    expect(trail).toEqual([
      { action: "staff.alert_acknowledged", actor_id: "Ada", reason: "incident 12" },
      { action: "staff.alert_resolved", actor_id: "Ada", reason: "incident 12" },
    ]);
  });

  it("8.2a says usage for what is no id, and refuses an unknown one", async () => {
    expect((await payments(["alerts", "ack", "nonsense", ...because])).code).toBe(2);
    expect((await payments(["alerts", "resolve", crypto.randomUUID(), ...because])).code).toBe(1);
  });
});
