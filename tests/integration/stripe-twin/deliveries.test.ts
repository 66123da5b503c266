import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import Stripe from "stripe";
import { apiKey, startBench, toRecord, type TwinBench } from "./support/twin-bench.ts";

let bench: TwinBench;
beforeAll(async () => {
  bench = await startBench();
});
beforeEach(async () => {
  await bench.twin.idle();
  await bench.control("/_twin/reset");
  bench.answerWith(200);
  bench.received.length = 0;
});
afterAll(() => bench.close());

async function deliveries(): Promise<Record<string, unknown>[]> {
  const body = toRecord(await (await fetch(`${bench.twin.url}/_twin/deliveries`)).json());
  return Array.isArray(body["deliveries"]) ? body["deliveries"].map(toRecord) : [];
}

test("a delivery has Stripe's headers and a signature of the real time, whatever the clock says", async () => {
  await bench.control("/_twin/clock", { now: 1_600_000_000 });
  await bench.stripe.customers.create({ name: "A" });
  await bench.twin.idle();
  const [delivery] = bench.received;
  expect(delivery?.headers.get("user-agent")).toBe(
    "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
  );
  expect(delivery?.headers.get("content-type")).toBe("application/json; charset=utf-8");
  const signedAt = Number(
    /^t=(\d+),v1=[0-9a-f]{64}$/.exec(delivery?.headers.get("stripe-signature") ?? "")?.[1],
  );
  expect(Math.abs(signedAt - Date.now() / 1000)).toBeLessThan(5);
  expect(delivery?.event.created).toBeLessThan(1_600_000_010);
  expect(delivery?.event).toMatchObject({
    type: "customer.created",
    pending_webhooks: 1,
    livemode: false,
  });
});

test("what was refused comes again until it is taken, and pending_webhooks falls", async () => {
  let refusals = 2;
  bench.answerWith(() => (refusals-- > 0 ? 500 : 200));
  await bench.stripe.customers.create({ name: "A" });
  await bench.twin.idle();
  expect((await deliveries()).map((item) => [item["attempt"], item["status"]])).toEqual([[1, 500], [
    2,
    500,
  ], [3, 200]]);
  const bodies = new Set(bench.received.map((item) => item.body));
  expect(bodies.size).toBe(1);
  const [event] = (await bench.stripe.events.list({ delivery_success: true })).data;
  expect(event?.pending_webhooks).toBe(0);
});

test("drop, duplicate, reorder and delay do what they say", async () => {
  await bench.control("/_twin/faults", { delivery: { drop: 1 } });
  await bench.stripe.customers.create({ name: "dropped" });
  await bench.twin.idle();
  expect(bench.received).toHaveLength(0);
  expect((await bench.stripe.events.list({ delivery_success: false })).data).toHaveLength(1);
  await bench.control("/_twin/faults", { delivery: { duplicate: 1 } });
  await bench.stripe.customers.create({ name: "twice" });
  await bench.twin.idle();
  expect(bench.received.map((item) => item.event.id)).toHaveLength(2);
  await bench.control("/_twin/faults", { delivery: { delay_ms: 300 } });
  const before = Date.now();
  await bench.stripe.customers.create({ name: "late" });
  await bench.twin.idle();
  expect(Date.now() - before).toBeGreaterThanOrEqual(300);
  await bench.control("/_twin/faults", {});
});

test("the snapshot is frozen when the event is made", async () => {
  await bench.control("/_twin/faults", { delivery: { delay_ms: 200 } });
  const customer = await bench.stripe.customers.create({ name: "before" });
  await bench.stripe.customers.update(customer.id, { name: "after" });
  await bench.twin.idle();
  const names = bench.received.map((item) => toRecord(item.event.data.object)["name"]).sort();
  expect(names).toEqual(["after", "before"]);
});

test("endpoints made by the api get what they asked for, with their own secret and version", async () => {
  const seen: { signature: string; body: string }[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      seen.push({
        signature: request.headers.get("stripe-signature") ?? "",
        body: await request.text(),
      });
      return new Response();
    },
  );
  const endpoint = await bench.stripe.webhookEndpoints.create({
    url: `http://127.0.0.1:${server.addr.port}/`,
    enabled_events: ["product.created"],
    api_version: "2026-10-28.endive",
  });
  await bench.stripe.customers.create({ name: "A" });
  await bench.stripe.products.create({ name: "B" });
  await bench.twin.idle();
  expect(seen).toHaveLength(1);
  const event = await new Stripe(apiKey).webhooks.constructEventAsync(
    seen[0]?.body ?? "",
    seen[0]?.signature ?? "",
    endpoint.secret ?? "",
  );
  expect(event.type).toBe("product.created");
  // how many endpoints have it still to come, at the moment of this delivery: the other may be faster
  expect([1, 2]).toContain(event.pending_webhooks);
  const [listed] = (await bench.stripe.webhookEndpoints.list()).data;
  expect(listed?.secret).toBeUndefined();
  await bench.stripe.webhookEndpoints.del(endpoint.id);
  await server.shutdown();
});

test("a rolled secret signs beside its successor", async () => {
  const signatures: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    signatures.push(request.headers.get("stripe-signature") ?? "");
    return new Response();
  });
  const other = await startBench({
    endpoints: [{
      url: `http://127.0.0.1:${server.addr.port}/`,
      secret: "whsec_new",
      previousSecret: "whsec_old",
      enabledEvents: ["*"],
    }],
  });
  await other.stripe.customers.create({ name: "A" });
  await other.twin.idle();
  expect(signatures[0]).toMatch(/^t=\d+,v1=[0-9a-f]{64},v1=[0-9a-f]{64}$/);
  await other.close();
  await server.shutdown();
});

test("an event is sent again on demand, and events older than 30 days are no longer shown", async () => {
  await bench.control("/_twin/clock", { now: 1_800_000_000 });
  await bench.stripe.customers.create({ name: "A" });
  await bench.twin.idle();
  const [first] = bench.received;
  const again = await bench.control(`/_twin/events/${first?.event.id}/redeliver`);
  expect(again.status).toBe(200);
  await bench.twin.idle();
  expect(bench.received.map((item) => item.event.id)).toEqual([first?.event.id, first?.event.id]);
  await bench.control("/_twin/clock", { now: 1_800_000_000 + 31 * 86_400 });
  expect((await bench.stripe.events.list()).data).toEqual([]);
  await expect(bench.stripe.events.retrieve(first?.event.id ?? "")).rejects.toThrow(
    /No such event/,
  );
});

test("events are filtered by type and time", async () => {
  await bench.stripe.customers.create({ name: "A" });
  await bench.stripe.products.create({ name: "B" });
  const types = async (params: Stripe.EventListParams) =>
    (await bench.stripe.events.list(params)).data.map((event) => event.type);
  expect(await types({ type: "customer.*" })).toEqual(["customer.created"]);
  expect(await types({ types: ["product.created"] })).toEqual(["product.created"]);
  expect(await types({ created: { gt: Math.floor(Date.now() / 1000) + 60 } })).toEqual([]);
});
