import { describe, expect, it } from "vitest";
import { alertText } from "../../../supabase/functions/payments-worker/alert-text.ts";

const alert = {
  id: crypto.randomUUID(),
  lease: 1,
  attempt: 1,
  rule: "dispute",
  subject: "dp_1",
  severity: "critical" as const,
  title: "A payment is disputed",
  runbook: "docs/alerts.md#dispute",
  first_seen_at: "2026-11-24T12:00:00Z",
  last_seen_at: "2026-11-24T12:00:00Z",
  occurrences: 1,
  detail: {},
};

describe("the text of an alert", () => {
  it("8.2a says how bad, what, about what and where to read on", () => {
    expect(alertText(alert)).toBe(
      ":rotating_light: *A payment is disputed* (dispute, critical): dp_1 · docs/alerts.md#dispute",
    );
  });

  it("8.2a a subject mentions nobody, links nowhere and starts no line", () => {
    const text = alertText({
      ...alert,
      subject: "<!channel> <https://x.example|ok>\nall\u202e & fine",
    });
    expect(text).not.toMatch(/[<>\p{C}]/u);
    expect(text).toContain("&lt;!channel&gt;");
  });
});
