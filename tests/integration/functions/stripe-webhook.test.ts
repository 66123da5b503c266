import { afterAll, describe, expect, it } from "vitest";
import { decryptField } from "../../../supabase/functions/_shared/encrypt-field.ts";
import {
  deliver,
  eventBody,
  nowSeconds,
  outcomeOf,
  refusal,
  runWorker,
  stripeClient,
  stripeId,
  until,
} from "../../support/payments.ts";
import { utf8 } from "../../support/sign-event.ts";
import { adminSql, stack } from "../../support/stack.ts";

const sql = adminSql();
afterAll(() => sql.end());

function product(changes: Record<string, unknown> = {}) {
  return {
    id: stripeId("prod"),
    object: "product",
    active: true,
    name: "From an event",
    description: null,
    created: nowSeconds(),
    ...changes,
  };
}

async function eventRows(): Promise<number> {
  const [row] = await sql`select count(*)::int as n from payments_private.processed_events`;
  return row?.["n"];
}

describe("before the signature holds", () => {
  it.each([
    ["no signature", { signature: null }],
    ["a forged signature", { signature: `t=${nowSeconds()},v1=${"0".repeat(64)}` }],
    ["another secret", { secret: "whsec_0123456789abcdefghijklmnop" }],
    ["an old timestamp", { timestamp: nowSeconds() - 301 }],
    ["a future timestamp", { timestamp: nowSeconds() + 310 }],
    ["an overlong header", { signature: `t=1,v1=${"0".repeat(5000)}` }],
  ])("3.1c refuses %s and leaves no trace in the database", async (_what, options) => {
    const [before] = await sql`
      select sum(n_tup_ins + n_tup_upd + n_tup_del)::bigint as writes from pg_stat_user_tables
      where schemaname in ('payments', 'payments_private', 'audit')`;
    const id = stripeId("evt");
    const body = eventBody({ id, type: "product.updated", object: product() });
    expect(await refusal(await deliver(body, options)))
      .toEqual({ status: 400, code: "invalid_signature" });
    expect(await sql`select 1 from payments_private.processed_events where event_id = ${id}`)
      .toHaveLength(0);
    expect(await sql`select 1 from audit.audit_logs where actor_id = ${id}`).toHaveLength(0);
    expect(before).toBeDefined();
  });

  it("3.1c does not parse: broken JSON with a bad signature is a bad signature", async () => {
    expect(await refusal(await deliver(utf8("{"), { signature: "t=1,v1=00" })))
      .toEqual({ status: 400, code: "invalid_signature" });
  });

  it("3.1c refuses a body of more than 1 MiB however it is sent", async () => {
    expect(await refusal(await deliver(utf8(" ".repeat(1024 * 1024 + 1)))))
      .toEqual({ status: 413, code: "payload_too_large" });
    const chunk = utf8(" ".repeat(64 * 1024));
    let sent = 0;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent++ < 17) controller.enqueue(chunk);
        else controller.close();
      },
    });
    const response = await fetch(`${stack().functionsUrl}/stripe-webhook`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: stream,
    });
    expect(await refusal(response)).toEqual({ status: 413, code: "payload_too_large" });
  });

  it("405 and 415 are told as problems", async () => {
    const url = `${stack().functionsUrl}/stripe-webhook`;
    expect(await refusal(await fetch(url))).toEqual({ status: 405, code: "method_not_allowed" });
    expect(await refusal(await fetch(url, { method: "POST", body: "{}" })))
      .toEqual({ status: 415, code: "unsupported_media_type" });
  });

  it("3.1c refuses a signed body that is no event", async () => {
    expect(await refusal(await deliver(utf8("{}")))).toEqual({ status: 400, code: "bad_request" });
    expect(await refusal(await deliver(utf8("{")))).toEqual({ status: 400, code: "bad_request" });
  });
});

describe("dedupe", () => {
  it("3.2a a hundred concurrent deliveries of one event: a hundred 200s, one effect", async () => {
    const object = product();
    const id = stripeId("evt");
    const body = eventBody({ id, type: "product.created", object });
    const responses = await Promise.all(Array.from({ length: 100 }, () => deliver(body)));
    expect(responses.map(({ status }) => status)).toEqual(Array(100).fill(200));
    const outcomes = await Promise.all(
      responses.map(async (response) => (await response.json()).outcome),
    );
    expect(outcomes.filter((outcome) => outcome === "applied")).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === "duplicate")).toHaveLength(99);

    expect(await sql`select 1 from payments_private.processed_events where event_id = ${id}`)
      .toHaveLength(1);
    expect(await sql`select 1 from audit.audit_logs where actor_id = ${id}`).toHaveLength(1);
    expect(await sql`select name from payments.products where id = ${object.id}`)
      .toEqual([{ name: "From an event" }]);
  });

  it("3.2b keeps the body's SHA-256 and the fingerprint of the secret that verified it", async () => {
    const id = stripeId("evt");
    const body = eventBody({ id, type: "product.created", object: product() });
    await outcomeOf(body);
    const digest = await crypto.subtle.digest("SHA-256", body);
    const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0"))
      .join("");
    const [row] = await sql`
      select body_sha256, secret_fingerprint, status, attempts, livemode
      from payments_private.processed_events where event_id = ${id}`;
    expect(row).toEqual({
      body_sha256: hex,
      secret_fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
      status: "applied",
      attempts: 1,
      livemode: false,
    });
  });

  it("3.2b takes the same event with another body as a duplicate: pending_webhooks changes", async () => {
    const id = stripeId("evt");
    const object = product();
    const body = eventBody({ id, type: "product.created", object });
    expect(await outcomeOf(body)).toBe("applied");
    const again = utf8(
      new TextDecoder().decode(body).replace('"pending_webhooks":1', '"pending_webhooks":0'),
    );
    expect(await outcomeOf(again)).toBe("duplicate");
  });

  it.each([
    ["type", { type: "product.deleted" }],
    ["object", { object: product() }],
    ["creation time", { created: nowSeconds() - 60 }],
    ["creation time in another month", { created: nowSeconds() - 40 * 86_400 }],
  ])(
    "3.2b quarantines a known id with another %s, applies nothing, and says so",
    async (_what, changes) => {
      const id = stripeId("evt");
      const object = product();
      const original = { id, type: "product.created", object, created: nowSeconds() };
      expect(await outcomeOf(eventBody(original))).toBe("applied");
      const before = await sql`select * from payments.products order by id`;
      const [count] = [await eventRows()];

      const altered = { ...original, object: { ...object, name: "Forged" }, ...changes };
      expect(await outcomeOf(eventBody(altered))).toBe("quarantined");
      expect(await sql`select * from payments.products order by id`).toEqual(before);
      expect(await eventRows()).toBe(count);
      expect(await sql`select 1 from payments_private.event_conflicts where event_id = ${id}`)
        .toHaveLength(1);
      expect(
        await sql`select severity from payments_private.alerts
        where rule = 'event_id_reused' and subject = ${id}`,
      ).toEqual([{ severity: "critical" }]);
      expect(
        await sql`select 1 from audit.audit_logs where actor_id = ${id} and action = 'event.quarantined'`,
      ).toHaveLength(1);
    },
  );

  it("3.2b quarantines concurrent events that share an id but not a creation time", async () => {
    const id = stripeId("evt");
    const bodies = Array.from(
      { length: 10 },
      (_, index) =>
        eventBody({
          id,
          type: "product.created",
          object: product(),
          created: nowSeconds() - index,
        }),
    );
    const outcomes = await Promise.all(bodies.map(outcomeOf));
    expect(outcomes.filter((outcome) => outcome === "applied")).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === "quarantined")).toHaveLength(9);
  });

  it("3.2b quarantines an event whose object is not what its type says", async () => {
    const id = stripeId("evt");
    expect(await outcomeOf(eventBody({ id, type: "invoice.paid", object: product() }))).toBe(
      "quarantined",
    );
    expect(await sql`select status from payments_private.processed_events where event_id = ${id}`)
      .toEqual([{ status: "quarantined" }]);
  });
});

describe("environment", () => {
  it("2.3b refuses a live event in development with 400, audits it, changes nothing", async () => {
    const id = stripeId("evt");
    const object = product();
    const body = eventBody({ id, type: "product.created", object, livemode: true });
    expect(await refusal(await deliver(body))).toEqual({ status: 400, code: "wrong_livemode" });
    expect(await sql`select 1 from payments.products where id = ${object.id}`).toHaveLength(0);
    expect(await sql`select 1 from payments_private.processed_events where event_id = ${id}`)
      .toHaveLength(0);
    expect(await sql`select reason from audit.audit_logs where actor_id = ${id}`)
      .toEqual([{ reason: "livemode_mismatch" }]);
  });
});

describe("order", () => {
  it("decision 3: within ten seconds the object is marked, and the refresh asks Stripe", async () => {
    const stripe = stripeClient();
    const made = await stripe.products.create({ name: "At Stripe" });
    await until(async () =>
      (await sql`select 1 from payments.products where id = ${made.id}`).length > 0
    );
    const id = stripeId("evt");
    const lie = { ...product({ id: made.id, name: "A snapshot of the same second" }) };
    expect(
      await outcomeOf(
        eventBody({ id, type: "product.updated", object: lie, created: made.created }),
      ),
    )
      .toBe("queued");
    await until(async () => {
      const [row] =
        await sql`select status from payments_private.processed_events where event_id = ${id}`;
      return row?.["status"] === "applied";
    });
    expect(await sql`select name from payments.products where id = ${made.id}`)
      .toEqual([{ name: "At Stripe" }]);
    expect(await sql`select 1 from payments_private.refresh_marks where object_id = ${made.id}`)
      .toHaveLength(0);
  });

  it("decision 3: an event older than an hour only marks; one older than 30 days is ignored", async () => {
    const made = await stripeClient().products.create({ name: "Known" });
    for (const [age, outcome] of [[2 * 3600, "queued"], [31 * 86_400, "ignored"]] as const) {
      const object = product({ id: made.id, name: "Old news" });
      const body = eventBody({ type: "product.updated", object, created: nowSeconds() - age });
      expect(await outcomeOf(body)).toBe(outcome);
      const [mark] =
        await sql`select 1 from payments_private.refresh_marks where object_id = ${made.id}`;
      const [row] = await sql`select name from payments.products where id = ${made.id}`;
      expect(row?.["name"]).not.toBe("Old news");
      await until(async () =>
        (await sql`select 1 from payments_private.refresh_marks where object_id = ${made.id}`)
          .length === 0
      );
      expect(mark ?? "gone already").toBeDefined();
    }
    expect(await sql`select name from payments.products where id = ${made.id}`)
      .toEqual([{ name: "Known" }]);
  });

  it("decision 3: no event resurrects a deleted object", async () => {
    const object = product();
    expect(
      await outcomeOf(eventBody({ type: "product.created", object, created: nowSeconds() - 100 })),
    )
      .toBe("applied");
    expect(
      await outcomeOf(eventBody({ type: "product.deleted", object, created: nowSeconds() - 50 })),
    )
      .toBe("applied");
    expect(await outcomeOf(eventBody({ type: "product.updated", object, created: nowSeconds() })))
      .toBe("queued");
    expect(
      await sql`select active, deleted_at is not null as deleted from payments.products where id = ${object.id}`,
    )
      .toEqual([{ active: false, deleted: true }]);
  });
});

describe("what cannot be projected", () => {
  it("decision 4: is acknowledged, kept encrypted, and settled by the refresh", async () => {
    const made = await stripeClient().products.create({ name: "Fetched instead" });
    const id = stripeId("evt");
    const object = { ...product({ id: made.id }), active: "not a boolean", secret: "canary-77" };
    const body = eventBody({ id, type: "product.updated", object, created: nowSeconds() + 60 });
    expect(await outcomeOf(body)).toBe("queued");
    const [row] = await sql`
      select status, encrypted_body, projection, last_error
      from payments_private.processed_events where event_id = ${id}`;
    if (row?.["status"] === "retry") { // the worker may have been faster
      expect(row["encrypted_body"]).toMatch(/^v1\./);
      expect(JSON.stringify(row)).not.toContain("canary-77");
      const foreign = { id: "x", base64: btoa("0".repeat(32)) };
      await expect(decryptField([foreign], {
        table: "processed_events",
        column: "encrypted_body",
        row: id,
      }, row["encrypted_body"])).rejects.toThrow();
    }
    await until(async () => {
      const [event] = await sql`
        select status, encrypted_body from payments_private.processed_events where event_id = ${id}`;
      return event?.["status"] === "applied" && event["encrypted_body"] === null;
    });
    expect(await sql`select name from payments.products where id = ${made.id}`)
      .toEqual([{ name: "Fetched instead" }]);
  });

  it("decision 10: an unknown status is stored as it is", async () => {
    const customer = stripeId("cus");
    const object = {
      id: stripeId("sub"),
      object: "subscription",
      customer,
      status: "a_status_of_the_future",
      cancel_at_period_end: false,
      created: nowSeconds(),
      items: { data: [], has_more: false },
    };
    expect(await outcomeOf(eventBody({ type: "customer.subscription.updated", object }))).toBe(
      "applied",
    );
    expect(await sql`select status from payments.subscriptions where id = ${object.id}`)
      .toEqual([{ status: "a_status_of_the_future" }]);
  });

  it("8.3a: types that are not handled are recorded as ignored, with their audit row", async () => {
    const id = stripeId("evt");
    const body = eventBody({
      id,
      type: "tax_rate.created",
      object: { id: "txr_1", object: "tax_rate" },
    });
    expect(await outcomeOf(body)).toBe("ignored");
    expect(await sql`select action from audit.audit_logs where actor_id = ${id}`)
      .toEqual([{ action: "event.ignored" }]);
  });
});

describe("the worker", () => {
  it("5.2b: works only with its own key, in apikey", async () => {
    const url = `${stack().functionsUrl}/payments-worker`;
    const call = (headers: Record<string, string>) =>
      fetch(url, {
        method: "POST",
        body: "{}",
        headers: { "content-type": "application/json", ...headers },
      });
    for (
      const headers of [
        {},
        { apikey: stack().publishableKey },
        { apikey: stack().secretKey },
        { authorization: `Bearer ${stack().workerKey}` },
      ]
    ) {
      expect(await refusal(await call(headers))).toEqual({ status: 401, code: "unauthorized" });
    }
    const { tasks } = await runWorker();
    expect(tasks.refresh).toMatchObject({ done: expect.any(Number), failed: expect.any(Number) });
  });

  it("decision 3: a 404 makes a tombstone only under the account that is mirrored", async () => {
    const gone = product();
    expect(await outcomeOf(eventBody({ type: "product.created", object: gone }))).toBe("applied");
    await sql`select payments_private.mark_objects(
      ${sql.json([{ kind: "product", id: gone.id }])})`;
    const tombstoned = () =>
      until(async () => {
        const [row] = await sql`select deleted_at from payments.products where id = ${gone.id}`;
        return row?.["deleted_at"];
      });
    await tombstoned();

    const kept = product();
    expect(await outcomeOf(eventBody({ type: "product.created", object: kept }))).toBe("applied");
    const [account] = await sql`select account_id from payments_private.stripe_account`;
    await sql`update payments_private.stripe_account set account_id = 'acct_another'`;
    try {
      await sql`select payments_private.mark_objects(
        ${sql.json([{ kind: "product", id: kept.id }])})`;
      await until(async () => {
        const [mark] = await sql`
          select last_error from payments_private.refresh_marks where object_id = ${kept.id}`;
        return mark?.["last_error"] === "wrong_account";
      });
      const [row] = await sql`select deleted_at from payments.products where id = ${kept.id}`;
      expect(row?.["deleted_at"]).toBeNull();
    } finally {
      await sql`update payments_private.stripe_account set account_id = ${account?.["account_id"]}`;
      await sql`delete from payments_private.refresh_marks where object_id = ${kept.id}`;
    }
  });
});
