import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ALLOWED_FIELDS,
  createLog,
  type LogFields,
  scrub,
} from "../../../supabase/functions/_shared/log.ts";
import { codesIn, tableBelow } from "../house/markdown-table.ts";
import { ROOT } from "../house/root.ts";

function lineOf(fields: LogFields, message = "message"): string {
  const lines: string[] = [];
  createLog((line) => lines.push(line), () => new Date(0))("info", message, fields);
  return lines.join("\n");
}

describe("log lines", () => {
  it("8.1b drops fields that are not on the list", () => {
    const fields = { code: "kept", email: "canary@example.com" };
    expect(JSON.parse(lineOf(fields))).toEqual({
      time: "1970-01-01T00:00:00.000Z",
      level: "info",
      message: "message",
      code: "kept",
    });
  });

  it("8.1b stays one line whatever a value holds", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
      const line = lineOf({ detail: text });
      expect(line).not.toMatch(/[\n\r]/);
      expect(() => JSON.parse(line)).not.toThrow();
    }));
  });

  it.each([
    "sk_test_0123456789",
    ["rk", "live", "0123456789"].join("_"),
    "whsec_abcdefgh0123",
    "sb_secret_abc-def",
    "eyJhbGciOi.eyJzdWIi.c2ln",
    "4242 4242 4242 4242",
    "4242424242424242",
  ])("2.1a cuts %s out of a value", (canary) => {
    expect(lineOf({ detail: `before ${canary} after` })).not.toContain(canary);
    expect(scrub(`x=${canary}`)).not.toContain(canary);
  });

  it("9.1b keeps a request id whose groups are all digits", () => {
    const id = "12345678-1234-4234-8234-123456789012";
    expect(lineOf({ request_id: id })).toContain(id);
  });

  it("8.1b leaves nothing that a terminal or an editor obeys, and loses nothing", () => {
    const hostile =
      "\u001b[31m \u009b2J \u0085 \u202e\u2066 \u2028\u2029 \u200b\ufeff \u007f \r\n\t\0";
    const line = lineOf({ detail: hostile });
    expect(line).toMatch(/^[\x20-\x7e]*$/);
    expect(JSON.parse(line).detail).toBe(hostile);
  });

  it("8.1b docs/logs.md names every field, and no other", () => {
    const text = readFileSync(join(ROOT, "docs/logs.md"), "utf8");
    const documented = tableBelow(text, "Field", "Is").flatMap(([names]) => codesIn(names));
    expect(documented.toSorted()).toEqual([...ALLOWED_FIELDS].toSorted());
  });

  it("8.1b bounds a value", () => {
    expect(lineOf({ detail: "a".repeat(100_000) }).length).toBeLessThan(1000);
  });
});
