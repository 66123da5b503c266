// The trail of the stack that all tests share: what requests write into it, and what seals it.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AUDIT_EVENTS } from "../../../supabase/functions/_shared/audit/event-catalogue.ts";
import {
  faultOfSignature,
  keyRingSchema,
} from "../../../supabase/functions/_shared/audit/key-ring.ts";
import { readStatement } from "../../../supabase/functions/_shared/audit/statements.ts";
import { checkoutBody, openCheckout, until } from "../../support/payments.ts";
import { runTasks, syncBilling } from "../../support/pipeline.ts";
import { functionEnv, runFunction } from "../../support/run-function.ts";
import { adminSql, callFunction, signUp, stack } from "../../support/stack.ts";

const sql = adminSql();
let userId = "";

beforeAll(async () => {
  const user = await signUp();
  userId = user.user.id;
  await openCheckout(user);
  await callFunction("customer-portal", { return_url: `${stack().webUrl}/account` }, user);
  await syncBilling(user);
  await callFunction(
    "create-checkout",
    checkoutBody({ items: [{ price: "x", quantity: 1 }] }),
    user,
  );
  await user.client.schema("payments").rpc("my_billing");
});
afterAll(() => sql.end());

describe("what requests leave", () => {
  it("5.2c who, what, when, request id and key fingerprint for each operation", async () => {
    const rows = await sql`
      select action, actor_type, request_id, key_fingerprint, occurred_at from audit.audit_logs
      where actor_id = ${userId} and action <> 'billing.read' order by occurred_at`;
    expect(rows.map(({ action }) => action)).toEqual([
      "checkout.authorized",
      "checkout.opened",
      "portal.authorized",
      "portal.opened",
      "sync.authorized",
      "sync.recorded",
      "checkout.refused",
    ]);
    for (const row of rows) {
      expect(row["actor_type"]).toBe("user");
      expect(String(row["request_id"]), row["action"]).toMatch(/^[0-9a-f-]{36}$/);
      expect(String(row["key_fingerprint"]), row["action"]).toMatch(/^[0-9a-f]{16}$/);
      expect(Date.now() - Number(row["occurred_at"])).toBeLessThan(60_000);
    }
  });

  it("8.1a no row, whoever wrote it, that the catalogue does not know", async () => {
    const rows = await sql`
      select action, outcome, array_agg(distinct k.key) filter (where k.key is not null) as keys
      from audit.audit_logs as l
      left join lateral jsonb_object_keys(l.detail) as k (key) on true
      where l.occurred_at > now() - interval '1 hour' group by action, outcome`;
    expect(rows.length).toBeGreaterThan(8);
    const unknown = rows.filter(({ action, outcome, keys }) => {
      const event = AUDIT_EVENTS.find((one) => one.action === action);
      return event === undefined || !event.outcomes.includes(outcome) ||
        (keys ?? []).some((name: string) => !event.detail.includes(name));
    });
    expect(unknown).toEqual([]);
  });
});

describe("the worker", () => {
  it("8.3b seals them within its next runs, and takes nothing that is sealed again", async () => {
    await until(async () => {
      await runTasks(["seal"]);
      const left = await sql`
        select from audit.audit_logs as l where l.actor_id = ${userId}
          and not exists (select from audit.seal_entries as e where e.log_id = l.id)`;
      return left.length === 0;
    });
    const twice = await sql`select log_id from audit.seal_entries group by 1 having count(*) > 1`;
    expect(twice).toEqual([]);
  });

  it("8.3c verifies on demand and signs what it found with the listed key", async () => {
    const before = await sql`select from audit.verification_reports`;
    await until(async () => {
      await runTasks(["verify"]);
      return (await sql`select from audit.verification_reports`).length > before.length;
    });
    // other tests leave events without rows on the shared stack
    await sql`update payments_private.alerts set resolved_at = now() where rule = 'audit_tampered'`;
    const [report] = await sql`
      select statement, signature from audit.verification_reports order by id desc limit 1`;
    const statement = readStatement("report", report?.["statement"]);
    expect(statement?.number).toBeGreaterThan(0);
    expect(faultOfSignature(keyRingSchema.parse(JSON.parse(stack().auditPublicKeys)), {
      text: report?.["statement"],
      keyId: statement?.key ?? "",
      at: statement?.finished_at ?? "",
      signature: report?.["signature"],
    })).toBeNull();
  });

  it("decision 7: takes the newest head out of the database", async () => {
    const heads: string[] = [];
    const sink = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      async (request) => {
        heads.push(await request.text());
        return new Response(null, { status: 204 });
      },
    );
    const host = `127.0.0.1:${sink.addr.port}`;
    const worker = await runFunction(
      "payments-worker",
      functionEnv({ PAYMENTS_ANCHOR_URL: `http://${host}/heads` }),
      [host, new URL(stack().supabaseUrl).host, new URL(stack().stripeUrl).host],
    );
    try {
      await sql`select audit.append('system', null, 'purge.finished', 'success')`;
      await until(async () => {
        await runTasks(["seal"], worker.url);
        return heads.length > 0;
      });
      const [newest] = await sql`
        select s.statement, a.target from audit.anchors as a join audit.seals as s on s.number = a.seal_number
        order by a.seal_number desc limit 1`;
      expect(JSON.parse(heads.at(-1) ?? "").statement).toBe(newest?.["statement"]);
      expect(newest?.["target"]).toBe(`http://${host}/heads`);
    } finally {
      await worker.stop();
      await sink.shutdown();
    }
  });
});
