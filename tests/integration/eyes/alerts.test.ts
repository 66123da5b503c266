import type postgres from "postgres";
import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { eventBody, outcomeOf, stripeId, until } from "../../support/payments.ts";
import { runTasks } from "../../support/pipeline.ts";
import { adminSql, rpcAs, stack } from "../../support/stack.ts";
import { type AlertSink, startAlertSink } from "./support.ts";

const sql = adminSql();
let sink: AlertSink;

beforeAll(async () => {
  sink = await startAlertSink();
});
beforeEach(async () => {
  // what other tests raised is not told here
  await sql`update payments_private.alert_deliveries set next_attempt_at = now() + interval '1 day'`;
  await sql`update payments_private.alerts set resolved_at = now()
    where resolved_at is null and rule in ('signature_failures', 'backlog_age', 'key_age', 'seal_failed')`;
  sink.received.splice(0);
});
afterEach(() => {
  sink.answer = () => new Response(null, { status: 204 });
});
afterAll(async () => {
  await sink?.stop();
  await sql.end();
});

function notify() {
  return runTasks(["detect", "notify"], `${sink.worker.url}/payments-worker`);
}

/** The messages about a rule and subject, as their receiver reads them. */
function told(rule: string, subject: string) {
  return sink.received.map(({ body }) => JSON.parse(body))
    .filter(({ data }) => data.rule === rule && data.subject === subject);
}

async function raise(subject: string): Promise<string> {
  await sql`select payments_private.raise_alert('dead_letter', ${subject}, 'critical', '{"attempt": 15}')`;
  const [row] = await sql`
    select id from payments_private.alerts where subject = ${subject} and resolved_at is null`;
  return String(row?.["id"]);
}

async function delivery(id: string) {
  const [row] = await sql`
    select state, attempts, last_error from payments_private.alert_deliveries where alert_id = ${id}`;
  return row;
}

async function makeDue(id: string): Promise<void> {
  await sql`update payments_private.alert_deliveries set next_attempt_at = now() where alert_id = ${id}`;
}

interface Cause {
  rule: string;
  /** Causes it, twice; resolves to the alert's subject. */
  act: () => Promise<string>;
  undo?: () => Promise<unknown>;
}

const CAUSES: readonly Cause[] = [
  {
    rule: "signature_failures",
    act: async () => {
      await sql`delete from payments_private.operation_minutes`;
      const forge = () =>
        fetch(`${stack().functionsUrl}/stripe-webhook`, {
          method: "POST",
          headers: { "content-type": "application/json", "stripe-signature": "t=1,v1=00" },
          body: "{}",
        }).then((response) => response.body?.cancel());
      await Promise.all(Array.from({ length: 25 }, forge));
      // flushed once a second; the detection is the worker's
      await until(async () => {
        await runTasks(["detect"]);
        const [row] = await sql`
          select sum(requests)::int as n from payments_private.operation_minutes where code = 'invalid_signature'`;
        return Number(row?.["n"] ?? 0) >= 25;
      });
      return "stripe-webhook";
    },
    undo: () => sql`delete from payments_private.operation_minutes`,
  },
  {
    rule: "dead_letter",
    act: async () => {
      const id = stripeId("evt");
      const created = Math.floor(Date.now() / 1000);
      await sql`
        insert into payments_private.processed_events (event_id, created, event_type, object_kind, object_id,
          livemode, status, attempts, received_at, body_sha256, secret_fingerprint, request_id, lease, leased_until)
        values (${id}, to_timestamp(${created}), 'product.updated', 'product', ${
        stripeId("prod")
      }, false, 'retry', 15, now(),
          ${"0".repeat(64)}, 'fingerprint', 'request', 7, now() + interval '1 minute')`;
      const { error } = await rpcAs("payments_worker", "finish_retry", {
        p_event_id: id,
        p_created: created,
        p_lease: 7,
        p_projection: null,
        p_request_id: crypto.randomUUID(),
        p_error: "unreadable",
      });
      expect(error).toBeNull();
      return id;
    },
    undo: () =>
      sql`delete from payments_private.processed_events where secret_fingerprint = 'fingerprint'`,
  },
  {
    rule: "seal_failed",
    act: async () => {
      // once: the stack's own sealer closes it again
      await rpcAs("payments_worker", "fail_seal", { p_lease: -1, p_error: "key" });
      return "audit";
    },
  },
  {
    rule: "early_fraud_warning",
    act: () =>
      deliverTwice("radar.early_fraud_warning.created", {
        id: stripeId("issfr"),
        object: "radar.early_fraud_warning",
        charge: "ch_1",
        payment_intent: "pi_unknown",
        actionable: true,
        fraud_type: "misc",
        created: Math.floor(Date.now() / 1000),
      }),
  },
  {
    rule: "dispute",
    act: () =>
      deliverTwice("charge.dispute.created", {
        id: stripeId("dp"),
        object: "dispute",
        charge: "ch_1",
        payment_intent: "pi_unknown",
        amount: 100,
        currency: "usd",
        status: "needs_response",
        reason: "fraudulent",
        created: Math.floor(Date.now() / 1000),
      }),
  },
  {
    rule: "backlog_age",
    act: async () => {
      await sql`
        insert into payments_private.refresh_marks (kind, object_id, marked_at, next_attempt_at, ticket)
        values ('product', 'prod_waits', now() - interval '10 minutes', now() + interval '1 day', 1)`;
      await runTasks(["detect"]);
      return "pipeline";
    },
    undo: () => sql`delete from payments_private.refresh_marks where object_id = 'prod_waits'`,
  },
  {
    rule: "key_age",
    act: async () => {
      await runTasks(["purge"]); // notes the ring
      await sql`update payments_private.encryption_keys set first_seen_at = now() - interval '91 days' where is_current`;
      await runTasks(["detect"]);
      const [key] = await sql`select key_id from payments_private.encryption_keys where is_current`;
      return String(key?.["key_id"]);
    },
    undo: () => sql`update payments_private.encryption_keys set first_seen_at = now()`,
  },
];

async function deliverTwice<T extends { id: string; object: string }>(type: string, object: T) {
  const body = eventBody({ type, object });
  expect(await outcomeOf(body)).toBe("applied");
  expect(await outcomeOf(body)).toBe("duplicate");
  return object.id;
}

/** Carries what was read out of a transaction that leaves nothing behind. */
class Rolled extends Error {
  constructor(readonly rows: unknown[]) {
    super("rolled back");
  }
}

async function inRolledBack(
  read: (tx: postgres.TransactionSql) => Promise<unknown[]>,
): Promise<unknown[]> {
  try {
    await sql.begin(async (tx) => {
      throw new Rolled(await read(tx));
    });
  } catch (error) {
    if (error instanceof Rolled) return error.rows;
    throw error;
  }
  throw new Error("It was not rolled back");
}

describe("each alert", () => {
  it.each(CAUSES)("8.2a $rule is told within 60 s of its cause, exactly once", async (cause) => {
    const startedAt = Date.now();
    const [now] = await sql`select now() as at`;
    try {
      const subject = await cause.act();
      await notify();
      await notify();
      expect(told(cause.rule, subject)).toHaveLength(1);
      expect(Date.now() - startedAt).toBeLessThan(60_000);
      const opened = await sql`
        select count(*)::int as n from payments_private.alerts
        where rule = ${cause.rule} and subject = ${subject} and last_seen_at >= ${now?.["at"]}`;
      expect(opened).toEqual([{ n: 1 }]);
    } finally {
      await cause.undo?.();
    }
  });

  it("8.2a none is raised on a quiet day", async () => {
    const raised = await inRolledBack(async (tx) => {
      // before any row, as the worker takes it: else the two wait for each other
      await tx`select pg_advisory_xact_lock(hashtext('payments_private.roll_up_operations'))`;
      await tx`delete from payments_private.alerts`;
      await tx`delete from payments_private.refresh_marks`;
      await tx`update payments_private.processed_events set status = 'applied' where status in ('queued', 'retry')`;
      await tx`update payments.outbox set attempts = 0 where state = 'pending'`;
      await tx`update payments_private.encryption_keys set first_seen_at = now() - interval '89 days'`;
      await tx`delete from payments_private.operation_counts`;
      await tx`delete from payments_private.rate_refusals`;
      await tx`delete from payments_private.operation_minutes`;
      // a busy day to this minute, with a bad signature every other minute
      await tx`
        insert into payments_private.operation_minutes (minute, function_name, code, requests, total_ms, buckets)
        select date_trunc('minute', now()) - n * interval '1 minute', 'stripe-webhook', c.code, c.requests, 100, array_fill(0::bigint, array[12])
        from generate_series(0, 1439) as n, (values ('ok', 600), ('invalid_signature', 1)) as c (code, requests)
        where c.code = 'ok' or n % 2 = 0`;
      await tx`select payments.detect()`;
      return [...await tx`select rule, subject from payments_private.alerts`];
    });
    expect(raised).toEqual([]);
  });

  it("8.2a closes itself when its cause is gone, and is told anew when it comes back", async () => {
    const backlog = CAUSES.find(({ rule }) => rule === "backlog_age");
    for (const times of [1, 2]) {
      await backlog?.act();
      await notify();
      expect(told("backlog_age", "pipeline")).toHaveLength(times);
      await backlog?.undo?.();
      await vi.waitFor(async () => {
        await runTasks(["refresh", "retry", "detect"]);
        expect(
          await sql`select rule from payments_private.alerts
          where rule = 'backlog_age' and resolved_at is null`,
        ).toEqual([]);
      }, { timeout: 20_000, interval: 100 });
    }
  });

  it("8.2a a rule that is switched off raises nothing; one without a row raises all the same", async () => {
    const rules = await inRolledBack(async (tx) => {
      await tx`update payments_private.alert_rules set enabled = false where rule = 'dispute'`;
      await tx`select payments_private.raise_alert('dispute', 'switched off', 'critical')`;
      await tx`delete from payments_private.alert_rules where rule = 'dead_letter'`;
      await tx`select payments_private.raise_alert('dead_letter', 'switched off', 'critical')`;
      return [...await tx`select rule from payments_private.alerts where subject = 'switched off'`];
    });
    expect(rules).toEqual([{ rule: "dead_letter" }]);
  });
});

describe("a delivery", () => {
  it("8.2a is signed per Standard Webhooks, and says what, how bad and where to read on", async () => {
    const id = await raise("evt_signed");
    await notify();
    const [message] = sink.received;
    if (message === undefined) throw new Error("nothing was told");
    expect(() => new Webhook(sink.secret).verify(message.body, message.headers)).not.toThrow();
    expect(JSON.parse(message.body)).toMatchObject({
      type: "alert.opened",
      text: expect.stringContaining("evt_signed"),
      data: {
        id,
        rule: "dead_letter",
        severity: "critical",
        runbook: "docs/alerts.md#dead_letter",
        occurrences: 1,
        detail: { attempt: 15 },
      },
    });
    expect(message.headers["webhook-id"]).toBe(id);
  });

  it("8.2a is retried under the same id until it is taken, and then no more", async () => {
    const id = await raise("evt_retried");
    sink.answer = () => new Response(null, { status: 500 });
    await notify();
    expect(await delivery(id)).toEqual({ state: "pending", attempts: 1, last_error: "status_500" });
    sink.answer = () => new Response(null, { status: 204 });
    await makeDue(id);
    await notify();
    await makeDue(id);
    await notify();
    expect(await delivery(id)).toMatchObject({ state: "delivered", attempts: 2 });
    expect(sink.received.map(({ headers }) => headers["webhook-id"])).toEqual([id, id]);
  });

  it("8.2a goes dead after fifteen tries, which is an alert of its own, and once", async () => {
    const id = await raise("evt_dead");
    await sql`update payments_private.alerts set resolved_at = now() where rule = 'alert_delivery_dead'`;
    await sql`update payments_private.alert_deliveries set attempts = 14 where alert_id = ${id}`;
    sink.answer = () => new Response(null, { status: 400 });
    await notify();
    expect(await delivery(id)).toMatchObject({ state: "dead", attempts: 15 });
    const raised = await sql`select occurrences from payments_private.alerts
      where rule = 'alert_delivery_dead' and resolved_at is null`;
    expect(raised).toEqual([{ occurrences: 1 }]);
    expect(
      await sql`select outcome from audit.audit_logs where action = 'alert.dead' and resource_id = ${id}`,
    )
      .toEqual([{ outcome: "failure" }]);
  });

  it("8.2a is leased: two workers at once tell it once, and one past its lease changes nothing", async () => {
    const id = await raise("evt_leased");
    await Promise.all([notify(), notify()]);
    expect(sink.received).toHaveLength(1);
    const { data } = await rpcAs("payments_worker", "finish_alert", {
      p_id: id,
      p_lease: 1,
      p_error: "late",
    });
    expect(data).toBe("fenced");
    expect(await delivery(id)).toMatchObject({ state: "delivered" });
  });

  it("8.2a what happens again while it is open is counted and not told again", async () => {
    const id = await raise("evt_again");
    await notify();
    expect(await raise("evt_again").catch(() => "not counted")).toBe(id);
    await notify();
    expect(sink.received).toHaveLength(1);
    expect(await sql`select occurrences from payments_private.alerts where id = ${id}`)
      .toEqual([{ occurrences: 2 }]);
  });
});
