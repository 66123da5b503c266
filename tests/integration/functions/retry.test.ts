import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  deliver,
  eventBody,
  nowSeconds,
  outcomeOf,
  stripeClient,
  stripeId,
} from "../../support/payments.ts";
import {
  firstReconciliationIsOver,
  refreshed,
  runTasks,
  setFaults,
  untilRefreshed,
  withoutDeliveries,
} from "../../support/pipeline.ts";
import { adminSql, rpcAs, stackProcess } from "../../support/stack.ts";

const sql = adminSql();
const stripe = stripeClient();
beforeAll(() => firstReconciliationIsOver(sql));
afterEach(() => setFaults());
afterAll(() => sql.end());

const MAX_TRIES = 15;

/** A product that only Stripe knows, and an event about it that nobody can read. */
async function unreadableEvent() {
  const { id: product } = await withoutDeliveries(() => stripe.products.create({ name: "Hidden" }));
  const id = stripeId("evt");
  const object = { id: product, object: "product", active: "yes", name: 7 };
  return { id, product, body: eventBody({ id, type: "product.updated", object }) };
}

async function eventRow(id: string) {
  const [row] = await sql`
    select status, attempts, last_error, encrypted_body is not null as has_body
    from payments_private.processed_events where event_id = ${id}`;
  return row;
}

async function productName(id: string): Promise<string | undefined> {
  const [row] = await sql`select name from payments.products where id = ${id}`;
  return row?.["name"];
}

async function openAlerts(subjects: string[]) {
  const rows = await sql`
    select rule from payments_private.alerts
    where subject in ${sql(subjects)} and resolved_at is null order by rule`;
  return rows.map(({ rule }) => rule);
}

/** Ends every wait, so that a test need not. */
async function makeDue(eventId: string, objectId: string): Promise<void> {
  await sql`update payments_private.processed_events set next_attempt_at = now()
    where event_id = ${eventId} and status = 'retry'`;
  await sql`update payments_private.refresh_marks set next_attempt_at = now()
    where object_id = ${objectId}`;
}

describe("an event that cannot be projected", () => {
  it("decision 4: ends applied after the refresh of its object, and its body is gone", async () => {
    const { id, product, body } = await unreadableEvent();
    const answer = await deliver(body);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ received: true, outcome: "queued" });
    await refreshed(sql, [product]);
    expect(await eventRow(id)).toMatchObject({
      status: "applied",
      has_body: false,
      last_error: null,
    });
    expect(await productName(product)).toBe("Hidden");
    const audit = await sql`
      select action, outcome from audit.audit_logs where actor_id = ${id} or resource_id = ${product}
      order by occurred_at`;
    expect(audit[0]).toEqual({ action: "event.retry", outcome: "failure" });
    expect(audit.at(-1)).toEqual({ action: "object.refreshed", outcome: "success" });
  });

  it("decision 4: a delivery of it again, once it is settled, is a duplicate", async () => {
    const { product, body } = await unreadableEvent();
    await outcomeOf(body);
    await refreshed(sql, [product]);
    expect(await outcomeOf(body)).toBe("duplicate");
  });
});

describe("a poison object", () => {
  it("decision 4: goes dead after fifteen tries, alerts, and heals when Stripe heals", async () => {
    const { id, product, body } = await unreadableEvent();
    const good = await withoutDeliveries(() => stripe.products.create({ name: "Good" }));
    await setFaults({ api: [{ path: `/v1/products/${product}`, kind: "garbage" }] });
    expect(await outcomeOf(body)).toBe("queued");

    const statuses: string[] = [];
    for (let round = 0; round < 3 * MAX_TRIES; round++) {
      await makeDue(id, product);
      await runTasks(["retry", "refresh"]);
      const row = await eventRow(id);
      statuses.push(row?.["status"]);
      const [mark] = await sql`
        select attempts from payments_private.refresh_marks where object_id = ${product}`;
      if (row?.["status"] === "dead" && mark?.["attempts"] >= MAX_TRIES) break;
    }
    expect(statuses[0]).toBe("retry");
    expect(await eventRow(id)).toMatchObject({ status: "dead", has_body: true });
    // the stack's own worker may still be at the fifteenth
    await expect.poll(() => openAlerts([id, `product ${product}`]), { timeout: 20_000 })
      .toContain("refresh_stuck");

    // a poison object holds nothing up
    await outcomeOf(
      eventBody({ type: "product.updated", object: { id: good.id, object: "product" } }),
    );
    await refreshed(sql, [good.id]);
    expect(await productName(good.id)).toBe("Good");
    expect(await productName(product)).toBeUndefined();

    await setFaults();
    await makeDue(id, product);
    await untilRefreshed(async () => (await eventRow(id))?.["status"] === "applied");
    expect(await productName(product)).toBe("Hidden");
    expect(await eventRow(id)).toMatchObject({ has_body: false, last_error: null });
    expect(await openAlerts([id, `product ${product}`])).toEqual([]);
  });
});

describe("a dead letter", () => {
  it("decision 4: an event nobody can read goes dead after fifteen tries, alerts, and is settled by its object's refresh", async () => {
    const { id, product, body } = await unreadableEvent();
    await setFaults({ api: [{ path: `/v1/products/${product}`, kind: "garbage" }] });
    await outcomeOf(body);
    for (let round = 0; round < MAX_TRIES; round++) {
      // its object is not looked at meanwhile
      await sql`update payments_private.refresh_marks set next_attempt_at = now() + interval '1 hour'
        where object_id = ${product}`;
      await sql`update payments_private.processed_events set next_attempt_at = now()
        where event_id = ${id} and status = 'retry'`;
      await runTasks(["retry"]);
    }
    expect(await eventRow(id)).toMatchObject({
      status: "dead",
      attempts: MAX_TRIES,
      last_error: "CannotProject",
      has_body: true,
    });
    expect(await openAlerts([id, `product ${product}`])).toEqual(["dead_letter"]);

    // resent, it is tried anew and not given up for its old tries
    expect(await outcomeOf(body)).toBe("queued");
    await runTasks(["retry"]);
    const resent = await eventRow(id);
    expect(resent?.["attempts"]).toBeLessThan(MAX_TRIES);
    expect(resent).toMatchObject({ status: "retry", last_error: "CannotProject" });

    await setFaults();
    await makeDue(id, product);
    await untilRefreshed(async () => (await eventRow(id))?.["status"] === "applied");
    expect(await openAlerts([id, `product ${product}`])).toEqual([]);
  });
});

describe("an event in retry whose object is not in the way", () => {
  /** Takes the mark away and the event out of the schedule's sight, then leases it in one transaction. */
  async function leaseTwice(id: string) {
    return await sql.begin(async (tx) => {
      await tx`update payments_private.processed_events
        set next_attempt_at = '-infinity', leased_until = null where event_id = ${id}`;
      const claim = async () => {
        const [row] = await tx`
          select claimed ->> 'lease' as lease, (claimed ->> 'attempt')::int as attempt
          from jsonb_array_elements(payments.claim_retries(1, 600)) as claimed
          where claimed ->> 'event_id' = ${id}`;
        return { lease: Number(row?.["lease"]), attempt: row?.["attempt"] };
      };
      const first = await claim();
      // the first worker sleeps past its lease
      await tx`update payments_private.processed_events
        set next_attempt_at = '-infinity', leased_until = now() - interval '1 second' where event_id = ${id}`;
      return { first, second: await claim() };
    });
  }

  it("decision 4: finish_retry is fenced: a worker that wakes past its lease changes nothing", async () => {
    const id = stripeId("evt");
    const created = nowSeconds();
    const product = stripeId("prod");
    await sql`insert into payments_private.processed_events (
        event_id, created, event_type, object_kind, object_id, livemode, status, body_sha256,
        secret_fingerprint, request_id, projection, next_attempt_at)
      values (${id}, to_timestamp(${created}), 'product.updated', 'product', ${product}, false, 'retry',
        ${"0".repeat(64)}, 'test', 'test', ${
      sql.json({
        id: product,
        active: true,
        name: "Stored",
        description: null,
        created_at: new Date().toISOString(),
      })
    }, now() + interval '1 hour')`;
    const { first, second } = await leaseTwice(id);
    expect(second.attempt).toBe(first.attempt + 1);

    const finish = (lease: number, error?: string) =>
      rpcAs("payments_worker", "finish_retry", {
        p_event_id: id,
        p_created: created,
        p_lease: lease,
        p_projection: null,
        p_request_id: "test",
        ...(error === undefined ? {} : { p_error: error }),
      });
    const late = await finish(first.lease, "too_late");
    expect(late).toMatchObject({ error: null, data: "fenced" });
    expect(await eventRow(id)).toMatchObject({ status: "retry", last_error: null });
    expect(await productName(product)).toBeUndefined();

    expect(await finish(second.lease)).toMatchObject({ error: null, data: "applied" });
    expect(await productName(product)).toBe("Stored");
    expect(await finish(second.lease)).toMatchObject({ data: "fenced" });
  });

  it("decision 4: a worker killed after its claim loses nothing: the lease runs out", async () => {
    const { id, product, body } = await unreadableEvent();
    await setFaults({ api: [{ path: `/v1/products/${product}`, kind: "timeout" }] });
    expect(await outcomeOf(body)).toBe("queued");
    await untilLeased(product);
    await stackProcess.killFunction("payments-worker");
    await setFaults();
    await sql`update payments_private.refresh_marks set leased_until = now() where object_id = ${product}`;
    await untilBack();
    await untilRefreshed(async () => (await eventRow(id))?.["status"] === "applied");
    expect(await productName(product)).toBe("Hidden");
  });
});

async function untilLeased(objectId: string): Promise<void> {
  for (let turn = 0; turn < 200; turn++) {
    const leased = await sql`select from payments_private.refresh_marks
      where object_id = ${objectId} and leased_until > now()`;
    if (leased.length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error("nobody claimed the mark");
}

/** The stack starts a function that was killed again by itself. */
async function untilBack(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) {
    const answer = await runTasks(["retry"]).catch(() => null);
    if (answer !== null) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the worker did not come back");
}
