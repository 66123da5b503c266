import { describe, expect, it } from "vitest";
import type { DeadLetter } from "../../../../cli/dead-letters/dead-letter.ts";
import { explain } from "../../../../cli/dead-letters/explain.ts";

const LETTER: DeadLetter = {
  event_id: "evt_1",
  event_type: "product.updated",
  object_kind: "product",
  object_id: "prod_1",
  status: "dead",
  attempts: 15,
  created: "2026-11-24T00:00:00+00:00",
  received_at: "2026-11-24T00:00:01+00:00",
  next_attempt_at: null,
  last_error: "23514",
  replay: "stored_projection",
};

describe("a dead letter", () => {
  it("says what Postgres refused", () => {
    expect(explain(LETTER).failed)
      .toBe("15 tries, the last one: a constraint refused the row (SQLSTATE 23514)");
  });

  it.each([["CannotProject"], ["resource_missing"], ["99999"]])("repeats %s as it is", (error) => {
    expect(explain({ ...LETTER, last_error: error }).failed).toContain(error);
  });

  it("says when the worker tries again", () => {
    expect(explain({ ...LETTER, status: "retry", next_attempt_at: "soon" }).next)
      .toBe("the worker tries again soon");
  });

  it("says that nothing happens to one that is given up", () => {
    expect(explain(LETTER).next).toContain("nothing until somebody replays it");
    expect(explain({ ...LETTER, replay: "unreplayable" }).next).toContain("until it is purged");
  });

  it("explains every way of replaying in words of its own", () => {
    const methods = [
      "stored_projection",
      "stored_body",
      "fetch_event",
      "fetch_object",
      "unreplayable",
    ] as const;
    expect(new Set(methods.map((replay) => explain({ ...LETTER, replay }).replay)).size).toBe(5);
  });
});
