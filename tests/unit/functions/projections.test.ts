import { describe, expect, it } from "vitest";
import {
  OBJECT_KINDS,
  type ObjectKindName,
} from "../../../supabase/functions/_shared/object-kinds.ts";
import { STRIPE_OBJECTS } from "../../support/stripe-objects.ts";

const kinds = Object.keys(OBJECT_KINDS).filter((kind): kind is ObjectKindName =>
  Object.hasOwn(OBJECT_KINDS, kind)
);

describe.each(kinds)("projection of %s", (kind) => {
  const { project } = OBJECT_KINDS[kind];
  const { object, projection } = STRIPE_OBJECTS[kind];

  it("6.1c keeps ids, amounts, statuses and times", () => {
    expect(project(object)).toEqual(projection);
  });

  it("6.1c drops everything else, personal data and secrets first", () => {
    const canary = "canary-0af1";
    const personal = {
      email: canary,
      name: kind === "product" ? STRIPE_OBJECTS.product.object["name"] : canary,
      phone: canary,
      address: { line1: canary, city: canary },
      shipping: { name: canary },
      billing_details: { email: canary },
      customer_details: { email: canary, name: canary, address: { line1: canary } },
      customer_email: canary,
      customer_name: canary,
      receipt_email: canary,
      client_secret: canary,
      hosted_invoice_url: canary,
      invoice_pdf: canary,
      url: canary,
      metadata: { user_id: canary, note: canary },
      payment_method: { card: { fingerprint: canary, number: canary } },
    };
    expect(JSON.stringify(project({ ...object, ...personal }))).not.toContain(canary);
  });

  it("6.1c takes expanded references as their ids", () => {
    const expanded = Object.fromEntries(
      Object.entries(object).map(([key, value]) =>
        typeof value === "string" && /^(cus|sub|pi|prod|in)_/.test(value) && key !== "id"
          ? [key, { id: value, object: "expanded" }]
          : [key, value]
      ),
    );
    expect(project(expanded)).toEqual(projection);
  });

  it("3.2b projects a deleted object to its tombstone", () => {
    expect(project({ id: object["id"], object: kind, deleted: true }))
      .toEqual({ id: object["id"], deleted: true });
  });

  it.each<[string, unknown]>([["null", null], ["a text", "x"], ["an empty object", {}]])(
    "3.2b refuses %s with an error that names a path and no value",
    (_what, input) => {
      expect(() => project(input)).toThrow(/^cannot project [\w.]*$/);
    },
  );
});

describe("older API versions", () => {
  it("3.2b reads a subscription's period where it was until 2025-03-31", () => {
    const { object, projection } = STRIPE_OBJECTS.subscription;
    const item = { ...STRIPE_OBJECTS.subscriptionItem };
    delete item["current_period_start"];
    delete item["current_period_end"];
    const old = {
      ...object,
      current_period_start: 1_800_000_000,
      current_period_end: 1_802_678_400,
      items: { data: [item], has_more: false },
    };
    expect(OBJECT_KINDS.subscription.project(old)).toEqual(projection);
  });

  it("3.2b reads an invoice's subscription where it was until 2025-03-31", () => {
    const { object, projection } = STRIPE_OBJECTS.invoice;
    const old = { ...object, parent: undefined, subscription: "sub_1" };
    expect(OBJECT_KINDS.invoice.project(old)).toEqual(projection);
  });

  it("3.2b takes the earliest item's period for the subscription", () => {
    const { object } = STRIPE_OBJECTS.subscription;
    const later = {
      ...STRIPE_OBJECTS.subscriptionItem,
      id: "si_2",
      current_period_end: 1_900_000_000,
    };
    const items = { data: [later, STRIPE_OBJECTS.subscriptionItem], has_more: false };
    expect(OBJECT_KINDS.subscription.project({ ...object, items }))
      .toMatchObject({ current_period_end: "2027-02-15T08:00:00.000Z" });
  });

  it("3.2b never takes a part of a subscription's items for the whole", () => {
    const { object } = STRIPE_OBJECTS.subscription;
    const items = { data: [STRIPE_OBJECTS.subscriptionItem], has_more: true };
    expect(() => OBJECT_KINDS.subscription.project({ ...object, items }))
      .toThrow("cannot project items.has_more");
  });
});
