import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { eventBody, outcomeOf, runWorker, stripeId, until } from "../../support/payments.ts";
import { adminSql, stack } from "../../support/stack.ts";
import { payments } from "./support.ts";

const sql = adminSql();
// what other tests left on the shared stack needs a person, too
beforeAll(async () => {
  await sql`update payments_private.alerts set resolved_at = now() where resolved_at is null`;
  await sql`delete from payments_private.refresh_marks`;
  await sql`delete from payments_private.event_conflicts`;
  await sql`delete from payments_private.processed_events where status in ('queued', 'retry', 'dead')`;
  await sql`delete from payments.outbox where state <> 'delivered'`;
});
afterAll(() => sql.end());

const statusAnswer = z.object({
  ok: z.boolean(),
  findings: z.array(z.string()),
  marks: z.object({ waiting: z.number() }),
  alerts: z.array(z.object({ subject: z.string() })),
});

async function status() {
  const { code, out } = await payments(["status", "--json"]);
  return { code, ...statusAnswer.parse(JSON.parse(out)) };
}

describe("payments status", () => {
  it("exits 0 on a stack whose worker has run, and 1 once something needs a person", async () => {
    await until(async () => (await status()).code === 0);
    expect((await payments(["status"])).out).toContain("Nothing needs a person.");

    const subject = stripeId("evt");
    await sql`select payments_private.raise_alert('dead_letter', ${subject}, 'critical')`;
    try {
      const { code, ok, findings } = await status();
      expect({ code, ok }).toEqual({ code: 1, ok: false });
      expect(findings).toEqual([expect.stringContaining(`dead_letter (critical) for ${subject}`)]);
      expect((await payments(["status"])).out).toContain("Needs a person:");
    } finally {
      await sql`delete from payments_private.alerts where subject = ${subject}`;
    }
  });

  it("exits 1 for a backlog that no worker takes", async () => {
    const object = stripeId("prod");
    await sql`
      insert into payments_private.refresh_marks (kind, object_id, ticket, marked_at, next_attempt_at)
      values ('product', ${object}, nextval('payments_private.ticket_numbers'),
        now() - interval '1 hour', now() + interval '1 hour')`;
    try {
      const { code, findings } = await status();
      expect(code).toBe(1);
      expect(findings.join()).toContain("the oldest fetch waits for 1 h");
    } finally {
      await sql`delete from payments_private.refresh_marks where object_id = ${object}`;
    }
  });
});

describe("payments events show", () => {
  it("shows status, object, mark and audit rows, and no payload", async () => {
    const event = stripeId("evt");
    const object = { id: stripeId("prod"), object: "product", name: "Canary name", active: true };
    const created = Math.floor(Date.now() / 1000);
    await outcomeOf(eventBody({
      id: event,
      type: "product.updated",
      object: { ...object, description: null, created },
    }));
    const { code, out } = await payments(["events", "show", event]);
    expect(code).toBe(0);
    expect(out).toContain("product.updated");
    expect(out).toContain(`product ${object.id}`);
    expect(out).toContain("event.applied");
    expect(out).not.toContain("Canary");
    await runWorker();
  });

  it("names deliveries that used the id for another event", async () => {
    const event = stripeId("evt");
    const product = { id: stripeId("prod"), object: "product" };
    await outcomeOf(eventBody({ id: event, type: "unheard.of", object: product }));
    await outcomeOf(eventBody({ id: event, type: "product.deleted", object: product }));
    try {
      expect((await payments(["events", "show", event])).out).toMatch(
        /CONFLICT .*product\.deleted/,
      );
      expect((await status()).findings.join()).toContain("reused an event id");
    } finally {
      await sql`delete from payments_private.event_conflicts where event_id = ${event}`;
    }
  });

  it("exits 1 for an event that never came", async () => {
    expect(await payments(["events", "show", "evt_neverseen"])).toMatchObject({ code: 1, out: "" });
  });
});

describe("the database of a command", () => {
  it("is the running stack's where none is named", async () => {
    const root = await mkdtemp(join(tmpdir(), "payments-state-"));
    try {
      await mkdir(join(root, ".local"));
      await writeFile(join(root, ".local/stack.json"), JSON.stringify(stack()));
      expect((await payments(["status", "--json"], {}, root)).out).toContain('"marks"');
    } finally {
      await rm(root, { recursive: true });
    }
  });

  it("4.3a is not reached where its certificate cannot be verified", async () => {
    const url = `${stack().dbUrl}?sslmode=verify-full`;
    const { code, out } = await payments(["status"], { PAYMENTS_DB_URL: url });
    expect({ code, out }).toEqual({ code: 1, out: "" });
  });

  it("5.2b needs no more than membership of the owner roles", async () => {
    await sql`create role cli_operator login noinherit password 'local test'`;
    try {
      await sql`grant payments_owner, audit_owner to cli_operator`;
      const url = new URL(stack().dbUrl);
      url.username = "cli_operator";
      url.password = "local test";
      const { code, error } = await payments(["events", "show", "evt_neverseen"], {
        PAYMENTS_DB_URL: url.href,
      });
      expect({ code, error }).toMatchObject({
        code: 1,
        error: expect.stringContaining("not here"),
      });
    } finally {
      await sql`drop role cli_operator`;
    }
  });

  it("2.1a is not repeated when it cannot be reached", async () => {
    const url = "postgresql://postgres:canary-secret@127.0.0.1:1/postgres";
    const { code, error } = await payments(["status"], { PAYMENTS_DB_URL: url });
    expect(code).toBe(1);
    expect(error).not.toContain("canary");
  });
});
