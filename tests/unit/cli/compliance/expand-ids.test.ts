import { describe, expect, it } from "vitest";
import { expandIds } from "../../../../cli/compliance/expand-ids.ts";

describe("expandIds", () => {
  it.each([
    ["2.1a keeps secrets out of logs", ["2.1a"]],
    ["10.2c closes", ["10.2c"]],
    ["2.2a/b needs no key", ["2.2a", "2.2b"]],
    ["5.3c/7.1a throttles", ["5.3c", "7.1a"]],
    ["6.1a–c has no card field", ["6.1a", "6.1b", "6.1c"]],
    ["6.1a-c has no card field", ["6.1a", "6.1b", "6.1c"]],
    ["3.1a, 3.1c verifies first", ["3.1a", "3.1c"]],
    ["9.1a–c/9.2a: both", ["9.1a", "9.1b", "9.1c", "9.2a"]],
    ["3.1a", ["3.1a"]],
    ["2.1a 2.2a/b loads nothing", ["2.1a", "2.2a", "2.2b"]],
    ["3.1a 300 s", ["3.1a"]],
  ])("reads the ids of %j", (name, ids) => {
    expect(expandIds(name)).toEqual(ids);
  });

  it.each(["renders a table", "3.1 refuses", "3.1abc", "3.1a– c", "v3.1a x", "3.1a(x)", ""])(
    "finds none in %j",
    (name) => {
      expect(expandIds(name)).toEqual([]);
    },
  );
});
