import { describe, expect, it } from "vitest";
import { examine, type Examined } from "../../../../cli/doctor/judge.ts";
import { readAnswer } from "../../../../cli/doctor/probe-plaintext.ts";
import { utf8 } from "../../../support/sign-event.ts";

const DAY = 86_400;
const TABLES = ["payments.customers", "payments.subscriptions"];

/** A production project with nothing wrong. */
const RIGHT: Examined = {
  environment: "production",
  facts: {
    secrets: [{ fingerprint: "aaaa", first: 10 * DAY, last: 60, livemode: true }],
    scans: { cards: 3600 },
    runs: { purge: 3600, reconcile: 600 },
    server_ssl: true,
    extensions: ["pg_cron", "pg_net", "pgaudit"],
    tables_without_rls: [],
    default_may_run: [],
    open_schemas: [],
    user_tables: TABLES,
    logged_tables: TABLES,
    api_logs_reads: true,
    scheduler: { job_active: true, last_success: 5 },
  },
  keys: {
    keys: [{ key_id: "k1", is_current: true, in_ring: true, age: DAY }],
    values: [{
      table_name: "client_details",
      column_name: "encrypted_details",
      key_id: "k1",
      count: 3,
    }],
  },
  plaintext: "refused",
  connectionIsVerified: true,
  endpoints: [{ what: "we_1", url: "https://project.example/functions/v1/stripe-webhook" }],
  otherSecrets: [{ fingerprint: "bbbb", first: DAY, last: 60, livemode: false }],
};

function verdicts(examined: Examined, verdict = "finding"): string[] {
  return examine(examined).filter((check) => check.verdict === verdict).map(({ what }) => what);
}

function withFacts(facts: Partial<Examined["facts"]>): Examined {
  return { ...RIGHT, facts: { ...RIGHT.facts, ...facts } };
}

const WRONG: [string, string, Examined][] = [
  ["4.3a", "database enforces TLS", { ...RIGHT, plaintext: "accepted" }],
  ["4.3a", "this connection is verified", { ...RIGHT, connectionIsVerified: false }],
  ["4.3a", "endpoints use https", {
    ...RIGHT,
    endpoints: [{ what: "we_1", url: "http://a.example" }],
  }],
  ["4.2c", "direct reads are logged", withFacts({ extensions: ["pg_cron", "pg_net"] })],
  ["4.2c", "direct reads are logged", withFacts({ api_logs_reads: false })],
  ["4.2c", "direct reads are logged", withFacts({ logged_tables: ["payments.customers"] })],
  ["4.2b", "row-level security everywhere", withFacts({ tables_without_rls: ["payments.x"] })],
  ["4.2b", "private schemas are private", withFacts({ open_schemas: ["audit"] })],
  ["5.2b", "no fall-back to the key `default`", withFacts({ default_may_run: ["ingest_event"] })],
  [
    "2.1d",
    "webhook secrets are young",
    withFacts({ secrets: [{ fingerprint: "aaaa", first: 90 * DAY, last: 60, livemode: true }] }),
  ],
  [
    "2.3b",
    "events are of this environment",
    withFacts({ secrets: [{ fingerprint: "aaaa", first: DAY, last: 60, livemode: false }] }),
  ],
  ["2.3c", "secrets differ by environment", { ...RIGHT, otherSecrets: RIGHT.facts.secrets }],
  ["4.2a", "encrypted values are readable", {
    ...RIGHT,
    keys: {
      ...RIGHT.keys,
      values: [
        {
          table_name: "client_details",
          column_name: "encrypted_details",
          key_id: "lost",
          count: 1,
        },
      ],
    },
  }],
  ["3.2c", "the worker is called", withFacts({ runs: { purge: 60, reconcile: 3 * 3600 } })],
  ["3.2c", "pg_cron calls it", withFacts({ scheduler: { job_active: true, last_success: 301 } })],
  ["8.1c", "the purge runs", withFacts({ runs: { purge: 3 * DAY, reconcile: 60 } })],
  ["4.1a", "the scan for card numbers runs", withFacts({ scans: { cards: null } })],
];

describe("payments doctor", () => {
  it("finds nothing in a production project that is right", () => {
    expect(examine(RIGHT).filter(({ verdict }) => verdict !== "ok")).toEqual([]);
  });

  it.each(WRONG)("%s finds when it is not so: %s", (requirement, what, examined) => {
    expect(verdicts(examined)).toContain(what);
    expect(examine(examined).find((check) => check.what === what)?.requirement).toBe(requirement);
  });

  it("4.3a asks less of development, and says what production would need", () => {
    const development: Examined = {
      ...withFacts({ extensions: [], api_logs_reads: false, secrets: [] }),
      environment: "development",
      plaintext: "accepted",
      connectionIsVerified: false,
    };
    expect(verdicts(development)).toEqual([]);
    expect(verdicts(development, "note")).toEqual(
      expect.arrayContaining(["database enforces TLS", "direct reads are logged"]),
    );
  });

  it("says what it could not see, rather than that it is right", () => {
    const blind: Examined = { ...RIGHT, plaintext: "unknown", endpoints: null, otherSecrets: null };
    expect(verdicts(blind, "unknown")).toEqual([
      "database enforces TLS",
      "endpoints use https",
      "secrets differ by environment",
    ]);
  });

  it("4.3a reads a server's first word to a connection without TLS", () => {
    expect(readAnswer(utf8("R\0\0\0\u0017\0\0\0\nSCRAM-SHA-256"))).toBe("accepted");
    expect(readAnswer(utf8("E\0\0\0\u0001SFATAL\0C28000\0Mno pg_hba.conf entry, no encryption\0")))
      .toBe("refused");
    expect(readAnswer(utf8("E\0\0\0\u0001SFATAL\0CXX000\0Mtenant not found\0"))).toBe("unknown");
    expect(readAnswer(utf8("HTTP/1.1 400"))).toBe("unknown");
  });
});
