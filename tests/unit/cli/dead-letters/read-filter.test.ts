import { describe, expect, it } from "vitest";
import { UsageError } from "../../../../cli/command-io.ts";
import { readEventId, readFilter } from "../../../../cli/dead-letters/read-filter.ts";

const NOW = new Date("2026-11-24T12:00:00Z");

describe("the filter of dead letters", () => {
  it("has the keys of the SQL function", () => {
    expect(readFilter({ type: "invoice.paid", object: "in_1", status: "dead" }, NOW))
      .toEqual({ event_type: "invoice.paid", object_id: "in_1", status: "dead" });
  });

  it.each([
    ["30m", "2026-11-24T11:30:00.000Z"],
    ["12h", "2026-11-24T00:00:00.000Z"],
    ["7d", "2026-11-17T12:00:00.000Z"],
    ["2026-11-20", "2026-11-20T00:00:00.000Z"],
    ["2026-11-20T08:00:00+01:00", "2026-11-20T07:00:00.000Z"],
  ])("takes %s as a moment", (since, at) => {
    expect(readFilter({ since }, NOW)).toEqual({ received_since: at });
  });

  it.each([
    [{ since: "yesterday" }],
    [{ since: "7w" }],
    [{ since: "1" }],
    [{ status: "applied" }],
  ])("refuses %j", (options) => {
    expect(() => readFilter(options, NOW)).toThrow(UsageError);
  });

  it.each(["evt", "evt_", "evt_1'; drop", "sub_1"])("takes no event id %s", (text) => {
    expect(() => readEventId(text)).toThrow(UsageError);
  });
});
