import { describe, expect, it } from "vitest";
import {
  HANDLED_EVENTS,
  handledEvent,
} from "../../../supabase/functions/_shared/handled-events.ts";
import { OBJECT_KINDS } from "../../../supabase/functions/_shared/object-kinds.ts";
import { parseEvent } from "../../../supabase/functions/_shared/stripe-event.ts";
import { placeEvent } from "../../../supabase/functions/_shared/place-event.ts";
import { STRIPE_OBJECTS } from "../../support/stripe-objects.ts";
import { utf8 } from "../../support/sign-event.ts";

function event(type: string, object: Record<string, unknown>, extra = {}) {
  return utf8(JSON.stringify({
    id: "evt_1",
    object: "event",
    type,
    created: 1_800_000_000,
    livemode: false,
    api_version: "2026-10-28.endive",
    data: { object },
    ...extra,
  }));
}

const PRODUCT = {
  id: "prod_1",
  object: "product",
  active: true,
  name: "Pro",
  description: null,
  created: 1_800_000_000,
};

describe("events", () => {
  it.each(Object.keys(HANDLED_EVENTS))("3.2b knows what to do with %s", (type) => {
    const handled = handledEvent(type);
    if (handled === undefined) throw new Error("the table has no such type");
    const { object, projection } = STRIPE_OBJECTS[handled.kind];
    const shown = {
      ...object,
      object: handled.shows ?? handled.kind,
      ...(handled.idAt === undefined ? {} : { [handled.idAt]: object["id"] }),
    };
    const target = { kind: handled.kind, id: object["id"] };
    expect(Object.keys(OBJECT_KINDS)).toContain(handled.kind);
    expect(placeEvent(parseEvent(event(type, shown)))).toEqual(
      {
        snapshot: { action: "apply", target, projection },
        deletion: { action: "apply", target, projection: { id: object["id"], deleted: true } },
        mark: { action: "mark", target },
      }[handled.use],
    );
  });

  it("3.2b quarantines an event whose object is not what its type says", () => {
    expect(placeEvent(parseEvent(event("invoice.paid", PRODUCT)))).toEqual({
      action: "quarantine",
    });
    const withoutId = { ...PRODUCT, id: undefined };
    expect(placeEvent(parseEvent(event("product.updated", withoutId))))
      .toEqual({ action: "quarantine" });
  });

  it("3.2b ignores unknown types, events without object id, and connected accounts", () => {
    expect(placeEvent(parseEvent(event("made.up", { object: "thing" })))).toEqual({
      action: "ignore",
    });
    expect(placeEvent(parseEvent(event("constructor", PRODUCT)))).toEqual({ action: "ignore" });
    expect(placeEvent(parseEvent(event("product.updated", PRODUCT, { account: "acct_1" }))))
      .toEqual({ action: "ignore" });
  });

  it("3.2b keeps an event it cannot project for a retry", () => {
    expect(placeEvent(parseEvent(event("product.updated", { ...PRODUCT, active: "yes" }))))
      .toEqual({
        action: "retry",
        target: { kind: "product", id: "prod_1" },
        failure: "cannot project active",
      });
  });

  it("3.2b keeps an event whatever its snapshot does to the projection", () => {
    const object = { ...PRODUCT, created: 1e15 };
    expect(placeEvent(parseEvent(event("product.updated", object)))).toMatchObject({
      action: "retry",
    });
  });

  const thin = {
    id: "evt_2",
    object: "v2.core.event",
    type: "v1.billing.meter.error_report_triggered",
    created: "2027-01-15T08:00:00.000Z",
    livemode: false,
    related_object: { id: "mtr_1", type: "billing.meter", url: "/v1/billing/meters/mtr_1" },
  };

  it("3.2b records a thin event about something that is not mirrored", () => {
    const parsed = parseEvent(utf8(JSON.stringify(thin)));
    expect(parsed).toMatchObject({
      created: 1_800_000_000,
      object: { kind: "billing.meter", id: "mtr_1" },
    });
    expect(placeEvent(parsed)).toEqual({ action: "ignore" });
  });

  it("3.2b has the object of a thin event fetched", () => {
    const related = { ...thin, related_object: { id: "cus_1", type: "customer" } };
    expect(placeEvent(parseEvent(utf8(JSON.stringify(related)))))
      .toEqual({ action: "mark", target: { kind: "customer", id: "cus_1" } });
  });

  it.each<[string, Record<string, unknown>, { kind: string | null; id: string | null }]>([
    ["an id that is null", { object: "product", id: null }, { kind: "product", id: null }],
    ["an id that is a number", { object: "product", id: 1 }, { kind: "product", id: null }],
    ["a kind that is none", { object: 7, id: "x" }, { kind: null, id: "x" }],
    ["an endless id", { object: "product", id: "x".repeat(300) }, { kind: "product", id: null }],
    ["a kind with a line feed", { object: "a\nB", id: "x" }, { kind: "a_b", id: "x" }],
  ])("3.2b takes in a verified event with %s", (_what, object, expected) => {
    const parsed = parseEvent(event("some.Thing\n", object, { api_version: "x".repeat(500_000) }));
    expect(parsed).toMatchObject({ type: "some.thing_", apiVersion: null, object: expected });
  });

  it.each([
    ["an object that is no event", '{"id":"cus_1","object":"customer"}'],
    ["a list", "[]"],
    ["an event without id", '{"object":"event"}'],
    ["text", '"evt_1"'],
  ])("3.1c refuses signed input that is no event: %s", (_what, text) => {
    expect(() => parseEvent(utf8(text))).toThrow("bad_request");
  });

  it("3.2b asks Stripe for no event that delays invoices or has no id", () => {
    expect(Object.keys(HANDLED_EVENTS)).not.toContain("invoice.created");
    expect(Object.keys(HANDLED_EVENTS)).not.toContain("invoice.upcoming");
  });
});
