import { describe, expect, it } from "vitest";
import {
  DELETION_EVENTS,
  HANDLED_EVENTS,
} from "../../../supabase/functions/_shared/handled-events.ts";
import { parseEvent } from "../../../supabase/functions/stripe-webhook/request.ts";
import { placeEvent } from "../../../supabase/functions/stripe-webhook/place-event.ts";
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
  it("3.2b projects a handled event", () => {
    expect(placeEvent(parseEvent(event("product.updated", PRODUCT)))).toEqual({
      action: "apply",
      projection: {
        id: "prod_1",
        active: true,
        name: "Pro",
        description: null,
        created_at: "2027-01-15T08:00:00.000Z",
      },
    });
  });

  it.each([...DELETION_EVENTS])(
    "3.2b takes %s as a deletion, whatever its snapshot says",
    (type) => {
      const object = { id: "x_1", object: HANDLED_EVENTS[type] };
      expect(placeEvent(parseEvent(event(type, object)))).toEqual({
        action: "apply",
        projection: { id: "x_1", deleted: true },
      });
    },
  );

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
      .toEqual({ action: "retry", failure: "cannot project active" });
  });

  it("3.2b reads thin events", () => {
    const thin = {
      id: "evt_2",
      object: "v2.core.event",
      type: "v1.billing.meter.error_report_triggered",
      created: "2027-01-15T08:00:00.000Z",
      livemode: false,
      related_object: { id: "mtr_1", type: "billing.meter", url: "/v1/billing/meters/mtr_1" },
    };
    const parsed = parseEvent(utf8(JSON.stringify(thin)));
    expect(parsed).toMatchObject({
      created: 1_800_000_000,
      object: { kind: "billing.meter", id: "mtr_1" },
    });
    expect(placeEvent(parsed)).toEqual({ action: "ignore" });
  });

  it.each([
    ["an object that is no event", '{"id":"cus_1","object":"customer"}'],
    ["a list", "[]"],
    ["an event without id", '{"object":"event"}'],
    ["text", '"evt_1"'],
    [
      "a type with a line feed",
      '{"id":"evt_1","object":"event","type":"a\\nb","created":1,"livemode":false,"data":{"object":{}}}',
    ],
  ])("3.1c refuses signed input that is no event: %s", (_what, text) => {
    expect(() => parseEvent(utf8(text))).toThrow("bad_request");
  });

  it("3.2b asks Stripe for no event that delays invoices or has no id", () => {
    expect(Object.keys(HANDLED_EVENTS)).not.toContain("invoice.created");
    expect(Object.keys(HANDLED_EVENTS)).not.toContain("invoice.upcoming");
  });
});
