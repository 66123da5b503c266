import { describe, expect, it } from "vitest";
import { parseRecord, readRecords, recordState } from "../../../../cli/compliance/records.ts";
import { REQUIREMENTS } from "../../../../cli/compliance/requirements.ts";
import { ROOT } from "../../house/root.ts";

const OPEN = {
  id: "scans",
  requirement: "6.2c",
  kind: "people",
  status: "open",
  what: "Quarterly scan",
  owner: "merchant",
  recorded_on: "2026-01-01",
  expires_on: "2026-04-01",
};
const DONE = { ...OPEN, status: "done", evidence: "vault, folder scans" };

describe("parseRecord", () => {
  it.each([
    ["a done record without evidence", { ...OPEN, status: "done" }],
    ["an expiry before the record", { ...OPEN, expires_on: "2025-12-31" }],
    ["an unknown field", { ...OPEN, approved: true }],
    ["a date that does not exist", { ...OPEN, expires_on: "2026-02-30" }],
    ["an unknown status", { ...OPEN, status: "waived" }],
    ["no expiry", { ...DONE, expires_on: undefined }],
  ])("refuses %s", (_case, record) => {
    expect(() => parseRecord(JSON.stringify(record))).toThrow();
  });

  it("calls a record expired from the day after its expiry, done or open", () => {
    const done = parseRecord(JSON.stringify(DONE));
    const open = parseRecord(JSON.stringify(OPEN));
    expect(recordState(done, "2026-04-01")).toBe("done");
    expect(recordState(done, "2026-04-02")).toBe("expired");
    expect(recordState(open, "2026-04-01")).toBe("open");
    expect(recordState(open, "2026-04-02")).toBe("expired");
  });
});

describe("the checked-in records", () => {
  it("covers each requirement that people or the platform keep", async () => {
    const recorded = (await readRecords(ROOT)).map(({ requirement }) => requirement);
    const needed = REQUIREMENTS.filter(({ kind }) => kind !== "code").map(({ id }) => id);
    expect(recorded).toEqual(expect.arrayContaining(needed));
  });
});
