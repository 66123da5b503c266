// Deliveries, all properly signed, that try to get lost, to block each other or to stay unfinished.
import { afterAll, describe, expect, it } from "vitest";
import {
  deliver,
  eventBody,
  nowSeconds,
  openCheckout,
  outcomeOf,
  stripeClient,
  stripeId,
} from "../support/payments.ts";
import { utf8 } from "../support/sign-event.ts";
import { adminSql, rpcAs, signUp } from "../support/stack.ts";
import { someoneWaitsFor, waiters, whileOpen } from "./support/database.ts";

const sql = adminSql(6);
afterAll(() => sql.end());

function product(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: stripeId("prod"),
    object: "product",
    active: true,
    name: "Tea",
    description: null,
    created: nowSeconds(),
    ...changes,
  };
}

/** The body of an event, with whatever a test wants in the place of its fields. */
function rawEvent(id: string, changes: Record<string, unknown>): Uint8Array<ArrayBuffer> {
  return utf8(JSON.stringify({
    id,
    object: "event",
    api_version: "2026-10-28.endive",
    created: nowSeconds(),
    livemode: false,
    type: "product.created",
    data: { object: product() },
    ...changes,
  }));
}

async function recorded(eventId: string): Promise<string | undefined> {
  const [row] = await sql`
    select status from payments_private.processed_events where event_id = ${eventId}`;
  return row?.["status"];
}

/** Unix seconds in a month that has no partition. */
const DISTANT_MONTH = Date.UTC(2050, 4, 15) / 1000;

describe("events that are hard to store", () => {
  const of = (type: string, object: Record<string, unknown>) => ({ type, data: { object } });
  it.each([
    ["U+0000 in a name", of("product.created", product({ name: "a\u0000b" })), "applied"],
    ["a lone surrogate in a name", of("product.created", product({ name: "a\ud800b" })), "applied"],
    ["U+0000 in an id", of("made.up", { object: "thing", id: "a\u0000" }), "ignored"],
    ["a lone surrogate in an id", of("made.up", { object: "thing", id: "a\udfff" }), "ignored"],
    ["a time beyond all dates", of("product.created", product({ created: 2 ** 53 - 1 })), "retry"],
    ["a time before all dates", of("product.created", product({ created: -1e14 })), "retry"],
    [
      "an object kind of 100 characters",
      of("made.up", { object: "a".repeat(100), id: "x" }),
      "ignored",
    ],
    ["no object id", of("invoice.upcoming", { object: "invoice", id: null }), "ignored"],
    ["a number for an object id", of("made.up", { object: "thing", id: 5 }), "ignored"],
    ["a type in upper case", of("Made.Up", { object: "thing", id: "x" }), "ignored"],
    [
      "the name of a property for a type",
      of("constructor", { object: "thing", id: "x" }),
      "ignored",
    ],
    ["a type with U+0000", of("made\u0000up", { object: "thing", id: "x" }), "ignored"],
    [
      "a description of 50,000 characters",
      of("product.created", product({ description: "x".repeat(50_000) })),
      undefined,
    ],
    [
      "an object id with spaces",
      of("product.created", product({ id: "prod with spaces" })),
      undefined,
    ],
    ["an endless api_version", { api_version: "x".repeat(500_000) }, "applied"],
    ["the last second of all dates", { created: 253_402_300_799 }, undefined],
    ["the first second of all dates", { created: 0 }, "ignored"],
  ])("I1 %s: 200 and a durable row", async (_what, changes, status) => {
    const id = stripeId("evt");
    const response = await deliver(rawEvent(id, changes));
    expect([response.status, await response.text()]).toEqual([200, expect.any(String)]);
    const found = await recorded(id);
    expect(found).toEqual(status ?? expect.stringMatching(/^[a-z]+$/));
    await sql`delete from payments_private.processed_events where event_id = ${id}`;
  });

  it("I1 an event id of 204 characters: 200 and a durable row, once", async () => {
    const id = `evt_${stripeId("x").padEnd(200, "a")}`;
    const body = rawEvent(id, {});
    expect(await outcomeOf(body)).toBe("applied");
    expect(await outcomeOf(body)).toBe("duplicate");
    expect(await recorded(id)).toBe("applied");
  });
});

describe("months", () => {
  it("I1 events of a month without a partition are taken in at once, also beside an idle reader", async () => {
    const created = DISTANT_MONTH;
    const deliverTen = () =>
      Promise.all(
        Array.from({ length: 10 }, () =>
          deliver(eventBody({ type: "product.created", object: product(), created }))),
      );
    await whileOpen(sql, "select count(*) from payments_private.processed_events", async () => {
      // whoever waited for the reader would wait for ever
      const answers = [...await deliverTen(), ...await deliverTen()];
      expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    });
  });

  it("I1 the purge makes missing months without holding up deliveries beside an idle reader", async () => {
    const [month] = await sql`
      select to_char(now() + interval '2 months', 'YYYYMM') as name`;
    await sql.unsafe(`drop table if exists payments_private.processed_events_${month?.["name"]}`);
    await whileOpen(sql, "select count(*) from payments_private.processed_events", async () => {
      const purged = rpcAs("payments_worker", "purge", { p_forced: true });
      const answers = await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          await new Promise((resolve) => setTimeout(resolve, 20 * index));
          return await deliver(eventBody({ type: "product.created", object: product() }));
        }),
      );
      expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
      expect((await purged).error).toBeNull();
    });
    const after = await rpcAs("payments_worker", "purge", { p_forced: true });
    expect(after.error).toBeNull();
    const made = await sql`
      select to_regclass(${`payments_private.processed_events_${month?.["name"]}`}) as found`;
    expect(made[0]?.["found"]).not.toBeNull();
  });
});

describe("marks", () => {
  it("decision 3: a mark renewed since the claim is due at once when that claim's fetch fails", async () => {
    const id = stripeId("prod");
    // one transaction: the stack's own worker must not claim it in between
    const due = await sql.begin(async (tx) => {
      await tx`select payments_private.mark_objects(${tx.json([{ kind: "product", id }])})`;
      await tx`
        update payments_private.refresh_marks set leased_until = now() + interval '2 minutes'
        where object_id = ${id}`;
      const [claim] = await tx`select nextval('payments_private.ticket_numbers')::text as ticket`;
      await tx`select payments_private.mark_objects(${tx.json([{ kind: "product", id }])})`;
      await tx`select payments.fail_refresh('product', ${id}, ${claim?.["ticket"]}::bigint, 'x')`;
      const rows = await tx`
        select next_attempt_at <= now() and leased_until is null as due
        from payments_private.refresh_marks where object_id = ${id}`;
      await tx`delete from payments_private.refresh_marks where object_id = ${id}`;
      return rows;
    });
    expect(due).toEqual([{ due: true }]);
  });

  it("decision 3: a claim that is older than a renewed mark cannot clear it", async () => {
    const id = stripeId("prod");
    const left = await sql.begin(async (tx) => {
      const [claim] = await tx`select nextval('payments_private.ticket_numbers')::text as ticket`;
      await tx`select payments_private.mark_objects(${tx.json([{ kind: "product", id }])})`;
      await tx`
        select payments_private.apply_fetched('product', ${id}, ${claim?.["ticket"]}::bigint, now(),
          ${tx.json({ id, deleted: true })})`;
      const rows = await tx`
        select leased_until is null as free from payments_private.refresh_marks where object_id = ${id}`;
      await tx`delete from payments_private.refresh_marks where object_id = ${id}`;
      return rows;
    });
    expect(left).toEqual([{ free: true }]);
  });
});

describe("locks", () => {
  it("I1 recording a checkout and taking in its event wait in one order, never for each other", async () => {
    const user = await signUp();
    const session = await openCheckout(user, {
      mode: "payment",
      items: [{ price: "badge_once", quantity: 1 }],
    });
    const atStripe = await stripeClient().checkout.sessions.retrieve(session.id);
    const [row] = await sql`
      select r.id, c.id as customer from payments_private.checkout_reservations as r
      join payments.customers as c on c.user_id = r.user_id where r.user_id = ${user.user.id}`;
    const event = eventBody({
      type: "checkout.session.expired",
      object: { ...JSON.parse(JSON.stringify(atStripe)), status: "expired" },
      created: nowSeconds() + 30,
    });
    // record_checkout stops at the customer, holding all it takes before it
    const [recordedAnswer, outcome] = await whileOpen(
      sql,
      `lock table payments.customers in access exclusive mode`,
      async (end) => {
        const record = rpcAs("payments_checkout", "record_checkout", {
          p_result: {
            reservation_id: row?.["id"],
            customer_id: row?.["customer"],
            session: {
              id: session.id,
              customer_id: row?.["customer"],
              mode: "payment",
              status: "open",
              payment_status: "unpaid",
              expires_at: new Date().toISOString(),
              created_at: new Date().toISOString(),
            },
            url: "https://stripe.example/x",
            request_id: "r",
            key_fingerprint: "k",
          },
        });
        await someoneWaitsFor(sql, "payments.customers");
        const ingested = outcomeOf(event);
        await waiters(sql, 2);
        await end();
        return await Promise.all([record, ingested]);
      },
    );
    expect(recordedAnswer.error).toBeNull();
    expect(outcome).toBe("applied");
    const [after] = await sql`
      select state from payments_private.checkout_reservations where id = ${row?.["id"]}`;
    expect(after?.["state"]).toBe("expired");
  });
});
