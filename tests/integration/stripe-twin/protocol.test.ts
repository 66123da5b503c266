import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import Stripe from "stripe";
import { apiKey, sdkFor, startBench, type TwinBench } from "./support/twin-bench.ts";

let bench: TwinBench;
beforeAll(async () => {
  bench = await startBench();
});
beforeEach(async () => {
  await bench.control("/_twin/reset");
});
afterAll(() => bench.close());

function post(path: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${bench.twin.url}${path}`, {
    method: "POST",
    headers: {
      "authorization": `Bearer ${apiKey}`,
      "content-type": "application/x-www-form-urlencoded",
      ...headers,
    },
    body,
  });
}

test("takes Bearer and Basic keys, restricted ones too, and answers 401 otherwise", async () => {
  const get = (authorization?: string) =>
    fetch(`${bench.twin.url}/v1/customers`, {
      headers: authorization === undefined ? {} : { authorization },
    });
  expect((await get(`Bearer ${apiKey}`)).status).toBe(200);
  expect((await get(`Basic ${btoa(`${apiKey}:`)}`)).status).toBe(200);
  expect((await get("Bearer rk_test_twinbench12345")).status).toBe(200);
  for (
    const wrong of [
      undefined,
      "Bearer sk_test_other1234567",
      "Bearer sk_live_secret123456",
      "Nonsense x",
    ]
  ) {
    const response = await get(wrong);
    expect(response.status).toBe(401);
    const text = await response.text();
    expect(text).toContain("invalid_request_error");
    // A wrong key must not be readable in the answer.
    expect(text).not.toContain("other1234567");
    expect(text).not.toContain("secret123456");
  }
});

test("every answer has Request-Id, Stripe-Version and the twin's Date", async () => {
  await bench.control("/_twin/clock", { now: 1_900_000_000 });
  const response = await post("/v1/customers", "", { "stripe-version": "2026-10-28.endive" });
  expect(response.headers.get("request-id")).toMatch(/^req_\w{14}$/);
  expect(response.headers.get("stripe-version")).toBe("2026-10-28.endive");
  const date = Date.parse(response.headers.get("date") ?? "") / 1000;
  expect(date).toBeGreaterThanOrEqual(1_900_000_000);
  expect(date).toBeLessThan(1_900_000_005);
  expect((await response.json()).created).toBeGreaterThanOrEqual(1_900_000_000);
});

test("an idempotency key gets the same answer for the same request", async () => {
  const first = await post("/v1/customers", "name=A", { "idempotency-key": "k1" });
  const again = await post("/v1/customers", "name=A", { "idempotency-key": "k1" });
  expect(await again.text()).toBe(await first.text());
  expect(again.headers.get("idempotent-replayed")).toBe("true");
  expect(again.headers.get("original-request")).toBe(first.headers.get("request-id"));
  expect((await bench.stripe.customers.list()).data).toHaveLength(1);
});

test("an idempotency key with other parameters is an idempotency_error", async () => {
  await post("/v1/customers", "name=A", { "idempotency-key": "k2" });
  const other = await post("/v1/customers", "name=B", { "idempotency-key": "k2" });
  expect(other.status).toBe(400);
  expect((await other.json()).error.type).toBe("idempotency_error");
});

test("a key that is in use is a conflict, and one object is made", async () => {
  // Whether two requests meet is the scheduler's doing: bursts go out until two did.
  let conflict: Response | undefined;
  for (let burst = 1; conflict === undefined && burst <= 30; burst++) {
    const key = { "idempotency-key": `in-use-${burst}` };
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => post("/v1/customers", "name=A", key)),
    );
    expect(answers.map((answer) => answer.status)).toContain(200);
    expect((await bench.stripe.customers.list({ limit: 100 })).data).toHaveLength(burst);
    conflict = answers.find((answer) => answer.status === 409);
  }
  expect((await conflict?.json())?.error.code).toBe("idempotency_key_in_use");
});

test("a key is forgotten after 24 hours", async () => {
  const first = await (await post("/v1/customers", "name=A", { "idempotency-key": "k4" })).json();
  await bench.control("/_twin/clock", { now: Math.floor(Date.now() / 1000) + 24 * 3600 + 5 });
  const later = await post("/v1/customers", "name=B", { "idempotency-key": "k4" });
  expect(later.status).toBe(200);
  expect((await later.json()).id).not.toBe(first.id);
});

test("refused parameters leave the key free, a saved 500 does not", async () => {
  await post("/v1/customers", "colour=red", { "idempotency-key": "k5" });
  expect((await post("/v1/customers", "name=A", { "idempotency-key": "k5" })).status).toBe(200);
  await bench.control("/_twin/faults", { api: [{ path: "/v1/customers", kind: "500", times: 1 }] });
  expect((await post("/v1/customers", "name=A", { "idempotency-key": "k6" })).status).toBe(500);
  const replayed = await post("/v1/customers", "name=A", { "idempotency-key": "k6" });
  expect(replayed.status).toBe(500);
  expect(replayed.headers.get("idempotent-replayed")).toBe("true");
});

test("the api faults do what they say", async () => {
  const { stripe } = bench;
  const fault = (kind: string) =>
    bench.control("/_twin/faults", {
      api: [{ path: "/v1/customers", method: "POST", kind, times: 1 }],
    });
  await fault("429");
  await expect(stripe.customers.create({ name: "A" })).rejects.toBeInstanceOf(
    Stripe.errors.StripeRateLimitError,
  );
  await fault("500");
  await expect(stripe.customers.create({ name: "A" })).rejects.toBeInstanceOf(
    Stripe.errors.StripeAPIError,
  );
  expect((await stripe.customers.list()).data).toHaveLength(0);
  await fault("garbage");
  await expect(stripe.customers.create({ name: "A" })).rejects.toThrow();
  await fault("content_type");
  const odd = await post("/v1/customers", "name=A");
  expect(odd.headers.get("content-type")).toContain("text/html");
  expect((await stripe.customers.list()).data).toHaveLength(2);
});

test("a time-out before leaves nothing, a time-out after leaves the object", async () => {
  const impatient = sdkFor(bench.twin.url, apiKey, {
    timeout: 200,
    // On a kept-alive socket, the SDK under Deno takes its own time-out for a closed connection and tries once more.
    httpClient: Stripe.createFetchHttpClient(),
  });
  await bench.control("/_twin/faults", { api: [{ method: "POST", kind: "timeout", times: 1 }] });
  await expect(impatient.customers.create({ name: "A" })).rejects.toBeInstanceOf(
    Stripe.errors.StripeConnectionError,
  );
  expect((await bench.stripe.customers.list()).data).toHaveLength(0);
  await bench.control("/_twin/faults", {
    api: [{ method: "POST", kind: "timeout_after", times: 1 }],
  });
  await expect(impatient.customers.create({ name: "A" })).rejects.toBeInstanceOf(
    Stripe.errors.StripeConnectionError,
  );
  expect((await bench.stripe.customers.list()).data).toHaveLength(1);
});

test("expansion fills ids at any depth, refuses what is no reference and what is too deep", async () => {
  const { stripe } = bench;
  const intent = await stripe.paymentIntents.create({
    amount: 2000,
    currency: "usd",
    payment_method: "pm_card_visa",
    confirm: true,
    return_url: "http://127.0.0.1:9/",
    expand: ["latest_charge.balance_transaction"],
  });
  expect(intent.latest_charge).toMatchObject({
    object: "charge",
    balance_transaction: { object: "balance_transaction" },
  });
  await expect(stripe.paymentIntents.retrieve(intent.id, { expand: ["amount"] })).rejects.toThrow(
    /cannot be expanded/,
  );
});

test("controls take nothing from a page of another site", async () => {
  const reset = (origin: string) =>
    fetch(`${bench.twin.url}/_twin/reset`, { method: "POST", headers: { origin } }).then((answer) =>
      answer.status
    );
  expect(await reset("https://evil.example")).toBe(403);
  expect(await reset("null")).toBe(403);
  expect(await reset("http://127.0.0.1:3000")).toBe(200);
});

test("refuses a name that is not loopback", async () => {
  const response = await bench.twin.fetch(
    new Request("http://evil.example/_twin/reset", { method: "POST" }),
  );
  expect(response.status).toBe(421);
});
