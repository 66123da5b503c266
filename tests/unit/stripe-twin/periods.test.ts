import { expect, test } from "vitest";
import { TwinClock } from "../../../dev/stripe-twin/engine/clock.ts";
import { Ids, seededRandom } from "../../../dev/stripe-twin/engine/ids.ts";
import { apiVersion, World } from "../../../dev/stripe-twin/engine/world.ts";
import { planSequence } from "../../../dev/stripe-twin/engine/emit.ts";
import { formatAmount } from "../../../dev/stripe-twin/objects/build-invoice.ts";
import { buildPrice, type Interval } from "../../../dev/stripe-twin/objects/build-price.ts";
import { buildProduct } from "../../../dev/stripe-twin/objects/build-product.ts";
import { periodEnd } from "../../../dev/stripe-twin/objects/build-subscription.ts";
import Stripe from "stripe";

const world = new World(new TwinClock(Date.now), new Ids(seededRandom(1)), () => {});
const scope = world.scope({ id: null, idempotencyKey: null });

function price(interval: Interval, intervalCount: number) {
  return buildPrice(scope, {
    product: "prod_1",
    currency: "usd",
    unitAmountDecimal: "900",
    recurring: { interval, intervalCount, trialPeriodDays: null, usageType: "licensed" },
    active: true,
    lookupKey: null,
    nickname: null,
    metadata: {},
    taxBehavior: "unspecified",
  });
}

const at = (text: string) => Date.parse(text) / 1000;

test.each<[Interval, number, string, string]>([
  ["month", 1, "2026-01-31T10:00:00Z", "2026-02-28T10:00:00Z"],
  ["month", 1, "2028-01-31T10:00:00Z", "2028-02-29T10:00:00Z"],
  ["month", 3, "2026-11-30T00:00:00Z", "2027-02-28T00:00:00Z"],
  ["year", 1, "2028-02-29T00:00:00Z", "2029-02-28T00:00:00Z"],
  ["week", 2, "2026-03-01T00:00:00Z", "2026-03-15T00:00:00Z"],
  ["day", 10, "2026-03-01T00:00:00Z", "2026-03-11T00:00:00Z"],
])("a period of %s × %i from %s ends %s", (interval, count, start, end) => {
  expect(periodEnd(price(interval, count), at(start))).toBe(at(end));
});

test("amounts are shown with the currency's own digits", () => {
  expect(formatAmount(900, "usd")).toBe("$9.00");
  expect(formatAmount(900, "jpy")).toBe("¥900");
});

test("the version is the one of the installed SDK", () => {
  expect(apiVersion).toBe(Stripe.API_VERSION);
});

test("a sequence without one of its payloads, or with one too many, is an error", () => {
  const product = buildProduct(scope, {
    name: "A",
    description: null,
    active: true,
    images: [],
    metadata: {},
    statementDescriptor: null,
    unitLabel: null,
    url: null,
    shippable: null,
    taxCode: null,
  });
  expect(planSequence("product created", { "product.created": { object: product } })).toHaveLength(
    1,
  );
  expect(() => planSequence("product created", { "product.created": [] })).toThrow(
    /lacks a payload/,
  );
  expect(() =>
    planSequence("product created", {
      "product.created": [{ object: product }, { object: product }],
    })
  )
    .toThrow(/too many payloads/);
});
