import { expect, test } from "vitest";
import { passesLuhn, testCardByName, testCardByNumber } from "../../../dev/stripe-twin/cards.ts";
import { TwinClock } from "../../../dev/stripe-twin/engine/clock.ts";
import { expandAnswer } from "../../../dev/stripe-twin/engine/expand.ts";
import {
  mergeMetadata,
  parseForm,
  readParams,
  text,
} from "../../../dev/stripe-twin/engine/form-params.ts";
import { Faults, faultsSchema } from "../../../dev/stripe-twin/engine/faults.ts";
import { IdempotencyKeys } from "../../../dev/stripe-twin/engine/idempotency.ts";
import { Ids, seededRandom } from "../../../dev/stripe-twin/engine/ids.ts";
import { paginate } from "../../../dev/stripe-twin/engine/pagination.ts";
import { previousAttributes } from "../../../dev/stripe-twin/engine/previous-attributes.ts";
import { signDelivery } from "../../../dev/stripe-twin/engine/sign-delivery.ts";
import { eventSequences } from "../../../dev/stripe-twin/event-sequences.ts";
import { escapeHtml, html, safeHref } from "../../../dev/stripe-twin/pages/html.ts";
import { z } from "zod";

test("every row of the event table names its source at Stripe", () => {
  for (const [name, row] of Object.entries(eventSequences)) {
    expect(new URL(row.source).hostname, name).toBe("docs.stripe.com");
    expect(row.events.length, name).toBeGreaterThan(0);
  }
});

test("forms make hashes and lists, and prototypes stay out of reach", () => {
  expect(parseForm("items[0][price]=p&items[0][quantity]=2&expand[]=a&expand[]=b")).toEqual({
    items: [{ price: "p", quantity: "2" }],
    expand: ["a", "b"],
  });
  parseForm("__proto__[polluted]=1&constructor[prototype][polluted]=1");
  expect("polluted" in {}).toBe(false);
});

test("parameters are strict and name what is wrong as Stripe does", () => {
  const schema = z.strictObject({
    name: text,
    items: z.array(z.strictObject({ price: text })).optional(),
  });
  const errorOf = (input: unknown) => {
    try {
      readParams(schema, input);
    } catch (error) {
      return error;
    }
    return undefined;
  };
  expect(errorOf({})).toMatchObject({ body: { code: "parameter_missing", param: "name" } });
  expect(errorOf({ name: "" })).toMatchObject({
    body: { code: "parameter_invalid_empty", param: "name" },
  });
  expect(errorOf({ name: "a", items: [{ price: "p", x: "1" }] })).toMatchObject({
    body: { code: "parameter_unknown", param: "items[0][x]" },
  });
});

test("metadata merges, an empty value removes its key and empty text everything", () => {
  expect(mergeMetadata({ a: "1", b: "2" }, { a: "", c: "3" })).toEqual({ b: "2", c: "3" });
  expect(mergeMetadata({ a: "1" }, "")).toEqual({});
  expect(mergeMetadata({ a: "1" }, undefined)).toEqual({ a: "1" });
});

test("previous attributes hold old values down to the key, lists whole, new keys as null", () => {
  const before = { status: "a", list: [1], metadata: { x: "1" }, same: 1 };
  const after = { status: "b", list: [1, 2], metadata: { x: "1", y: "2" }, same: 1 };
  expect(previousAttributes(before, after)).toEqual({
    status: "a",
    list: [1],
    metadata: { y: null },
  });
});

test("pages are cut by cursor", () => {
  const items = ["e", "d", "c", "b", "a"].map((id) => ({ id }));
  expect(paginate(items, { limit: 2, starting_after: "d" }, "/u")).toMatchObject({
    data: [{ id: "c" }, { id: "b" }],
    has_more: true,
  });
  expect(paginate(items, { limit: 2, ending_before: "b" }, "/u")).toMatchObject({
    data: [{ id: "d" }, { id: "c" }],
    has_more: true,
  });
  expect(() => paginate(items, { limit: 101 }, "/u")).toThrow();
  expect(() => paginate(items, { starting_after: "z" }, "/u")).toThrow();
});

test("expansion goes four levels and no further, and leaves the stored object alone", () => {
  const chain = new Map(
    ["a", "b", "c", "d", "e", "f"].map((
      id,
      index,
      all,
    ) => [id, { id, next: all[index + 1] ?? null }]),
  );
  const source = { find: (id: string) => chain.get(id), include: () => undefined };
  const start = { id: "s", next: "a" };
  expect(expandAnswer(start, ["next.next.next.next"], source)).toMatchObject({
    next: { next: { next: { next: { id: "d" } } } },
  });
  expect(start.next).toBe("a");
  expect(() => expandAnswer(start, ["next.next.next.next.next"], source)).toThrow(/4 levels/);
  expect(() => expandAnswer(start, ["id2"], source)).toThrow(/cannot be expanded/);
});

test("idempotency keys are held, saved, and forgotten after a day", () => {
  const keys = new IdempotencyKeys();
  expect(keys.begin("k", "f", 0)).toBeUndefined();
  expect(() => keys.begin("k", "f", 0)).toThrow(/in-progress/);
  const answer = { status: 500, body: "{}", requestId: "req_1" };
  keys.save("k", answer);
  expect(keys.begin("k", "f", 86_399)).toEqual(answer);
  expect(() => keys.begin("k", "other", 10)).toThrow(/same parameters/);
  expect(keys.begin("k", "other", 86_400)).toBeUndefined();
  expect(() => keys.begin("x".repeat(256), "f", 0)).toThrow(/255/);
});

test("the clock moves with the wall and can be set", () => {
  let wall = 1_000_000;
  const clock = new TwinClock(() => wall);
  clock.set(5_000);
  wall += 7_000;
  expect(clock.now()).toBe(5_007);
  expect(clock.wallSeconds()).toBe(1_007);
});

test("a seed repeats ids", () => {
  const make = () => new Ids(seededRandom(7)).make("cus", 14);
  expect(make()).toBe(make());
  expect(make()).toMatch(/^cus_[A-Za-z0-9]{14}$/);
});

test("faults hit the path and method they name, as often as they say", () => {
  const faults = new Faults(() => 0);
  faults.set(
    faultsSchema.parse({ api: [{ path: "/v1/customers", method: "POST", kind: "500", times: 1 }] }),
  );
  expect(faults.forRequest("GET", "/v1/customers")).toBeUndefined();
  expect(faults.forRequest("POST", "/v1/customersx")).toBeUndefined();
  expect(faults.forRequest("POST", "/v1/customers/cus_1")).toBe("500");
  expect(faults.forRequest("POST", "/v1/customers")).toBeUndefined();
  expect(faultsSchema.safeParse({ api: [{ kind: "flood" }] }).success).toBe(false);
});

test("test cards are known by number and by Stripe's names, and nothing else is", () => {
  expect(testCardByNumber("4242 4242-4242 4242")?.face.last4).toBe("4242");
  expect(testCardByName("pm_card_visa")?.face.brand).toBe("visa");
  expect(testCardByName("tok_chargeDeclinedExpiredCard")?.behaviour.decline?.code).toBe(
    "expired_card",
  );
  expect(testCardByNumber("4111111111111111")).toBeUndefined();
  expect(testCardByNumber("constructor")).toBeUndefined();
  expect([passesLuhn("4242424242424242"), passesLuhn("4242424242424241")]).toEqual([true, false]);
});

test("a delivery's signature is Stripe's: HMAC-SHA256 of time, dot and body", async () => {
  // Worked out with openssl: printf '1.{}' | openssl dgst -sha256 -hmac whsec_a
  expect(await signDelivery("{}", ["whsec_a"], 1)).toBe(
    "t=1,v1=7aaed73a0f45f657eacd5c9b580562745d6023b1e3e6d17dce076b81940aa046",
  );
});

test("pages escape what they show and link to http only", () => {
  expect(html`<p title="${"\"<&'"}">${"<b>"}</p>`.text).toBe(
    '<p title="&quot;&lt;&amp;&#39;">&lt;b&gt;</p>',
  );
  expect(escapeHtml("a&b")).toBe("a&amp;b");
  expect(safeHref("javascript:alert(1)")).toBe("#");
  expect(safeHref("https://example.com/a")).toBe("https://example.com/a");
});
