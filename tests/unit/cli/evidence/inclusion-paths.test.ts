import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import { inclusionPaths } from "../../../../cli/evidence/inclusion-paths.ts";
import {
  inclusionPath,
  leafHash,
} from "../../../../supabase/functions/_shared/audit/merkle-tree.ts";

describe("paths of many leaves", () => {
  it("10.2a are those of RFC 9162, leaf by leaf, for trees of every shape", () => {
    for (const count of [...Array.from({ length: 34 }, (_, n) => n + 1), 63, 64, 65, 100]) {
      const leaves = Array.from({ length: count }, (_, n) => leafHash(`leaf ${n}`));
      const pathOf = inclusionPaths(leaves);
      for (const index of leaves.keys()) {
        const expected = inclusionPath(leaves, index).map((hash) =>
          Buffer.from(hash).toString("hex")
        );
        expect(pathOf(index), `${index} of ${count}`).toEqual(expected);
      }
    }
  });

  it("10.2a are of leaves that exist", () => {
    const pathOf = inclusionPaths([leafHash("one")]);
    expect(pathOf(0)).toEqual([]);
    for (const index of [1, -1, 0.5]) expect(() => pathOf(index)).toThrow(RangeError);
  });
});
