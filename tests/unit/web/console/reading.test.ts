import { describe, expect, it } from "vitest";
import { blocksOf, sectionOf } from "../../../../web/src/console/docs/blocks.ts";
import {
  formatAge,
  formatClock,
  formatShare,
  formatSpan,
} from "../../../../web/src/console/format.ts";
import { raisedAt } from "../../../../web/src/console/pages/alert-rules/raised-at.ts";
import { readChanges } from "../../../../web/src/console/pages/alert-rules/read-changes.ts";
import { readMinorAmount } from "../../../../web/src/console/pages/customers/read-minor-amount.ts";
import { filterOf } from "../../../../web/src/console/pages/events/filter-of.ts";
import { groupSettings } from "../../../../web/src/console/pages/limits/group-settings.ts";

describe("amounts that are typed", () => {
  it("are read in the currency's own digits", () => {
    expect(readMinorAmount("9.50", "usd")).toBe(950);
    expect(readMinorAmount("9.5", "usd")).toBe(950);
    expect(readMinorAmount(" 9 ", "usd")).toBe(900);
    expect(readMinorAmount("5000", "jpy")).toBe(5000);
    expect(readMinorAmount("1.234", "bhd")).toBe(1234);
  });

  it.each(["", "0", "-1", "1,50", "1.234", "1e3", "0.00", "9 50", "Infinity"])(
    "%j is no amount in dollars",
    (text) => expect(readMinorAmount(text, "usd")).toBeUndefined(),
  );
});

describe("figures in words", () => {
  it("a share that is not whole is never shown as whole", () => {
    expect(formatShare(1)).toBe("100%");
    expect(formatShare(0.99999)).toBe("99.99%");
    expect(formatShare(0.5)).toBe("50%");
    expect(formatShare(0)).toBe("0%");
  });

  it("a clock goes from hours to seconds and stops at nothing", () => {
    expect(formatClock(72 * 3600 - 1)).toBe("71 h 59 min");
    expect(formatClock(65)).toBe("01 min 05 s");
    expect(formatClock(-5)).toBe("00 min 00 s");
  });

  it("an age is in one unit", () => {
    expect([formatAge(2), formatAge(42), formatAge(300), formatAge(-300)])
      .toEqual(["just now", "42 s ago", "5 min ago", "in 5 min"]);
    expect(formatSpan(3 * 86_400)).toBe("3 d");
  });
});

describe("the filter of events", () => {
  it("names what was chosen and a time; an id is looked for at any time", () => {
    const filter = filterOf(new URLSearchParams("status=dead&type=&span=30d"));
    expect(Object.keys(filter).toSorted()).toEqual(["since", "status"]);
    expect(filterOf(new URLSearchParams("event=evt_1")).since).toBe("2000-01-01");
  });
});

describe("settings", () => {
  it("each is in one group, kill switches in none", () => {
    const settings = {
      stop_all: false,
      user_burst: 60,
      declines_per_hour: 10,
      transaction_cap_minor: {},
      verify_snapshots: "always",
    };
    const names = groupSettings(settings).flatMap((group) => group.names);
    expect(names.toSorted()).toEqual([
      "declines_per_hour",
      "transaction_cap_minor",
      "user_burst",
      "verify_snapshots",
    ]);
  });
});

describe("a page of the documentation", () => {
  const page = blocksOf(
    "# Alerts\n\nText `code`\nmore.\n\n- one\n  goes on\n- two\n\n```sh\n# no heading\n```\n\n" +
      "### dead_letter\n\nReplay it.\n\n| A | B |\n| - | - |\n| 1 | x \\| y |\n\n### next\n\nOther.\n",
  );

  it("is split into its blocks", () => {
    expect(page.map(({ kind }) => kind)).toEqual([
      "heading",
      "paragraph",
      "list",
      "code",
      "heading",
      "paragraph",
      "table",
      "heading",
      "paragraph",
    ]);
    expect(page[2]).toEqual({ kind: "list", isOrdered: false, items: ["one goes on", "two"] });
    expect(page[6]).toMatchObject({ head: ["A", "B"], rows: [["1", "x | y"]] });
  });

  it("10.1a an alert's section is shown alone; an unknown one shows the page", () => {
    expect(sectionOf(page, "dead_letter").map(({ kind }) => kind))
      .toEqual(["heading", "paragraph", "table"]);
    expect(sectionOf(page, "nothing")).toHaveLength(page.length);
    expect(sectionOf(page, null)).toHaveLength(page.length);
  });
});

describe("alert rules", () => {
  const rule = {
    rule: "signature_failures",
    severity: "critical",
    title: "Many",
    runbook: "docs/alerts.md",
    enabled: true,
    threshold: 20,
    window_seconds: 300,
  };
  const typed = (changes: Record<string, string> = {}) => {
    const form = new FormData();
    const all = { severity: "critical", enabled: "on", threshold: "20", window_seconds: "300" };
    for (const [name, value] of Object.entries({ ...all, ...changes })) form.set(name, value);
    return form;
  };

  it("8.2a of a rule only what differs is sent, as it was typed where it is no number", () => {
    expect(readChanges(typed(), rule)).toEqual({});
    expect(readChanges(typed({ threshold: "21" }), rule)).toEqual({ threshold: 21 });
    expect(readChanges(typed({ enabled: "off", severity: "info" }), rule))
      .toEqual({ enabled: false, severity: "info" });
    expect(readChanges(typed({ threshold: "", window_seconds: "soon" }), rule))
      .toEqual({ threshold: null, window_seconds: "soon" });
    const bare = { ...rule, threshold: null, window_seconds: null };
    expect(readChanges(typed(), bare)).toEqual({});
  });

  it("say from what on they speak", () => {
    const of = (name: string, threshold: number | null) =>
      raisedAt({ ...rule, rule: name, threshold, window_seconds: null });
    expect(raisedAt(rule)).toBe("20 within 5 min");
    expect(of("backlog_age", 300)).toBe("5 min old");
    expect(of("key_age", 90)).toBe("90 days old");
    expect(of("dispute", null)).toBe("when it happens");
    expect(of("card_testing", null)).toBe("as the limits say");
  });
});
