import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import { paddingOf, readHeader, writeHeader } from "../../../../cli/evidence/tar-header.ts";

const header = { name: "evidence-1/rows.ndjson", size: 1234, mtime: 1_795_000_000 };

describe("headers of a tar archive", () => {
  it("10.2a are read as they were written", () => {
    expect(readHeader(writeHeader(header))).toEqual(header);
    expect(readHeader(writeHeader({ ...header, size: 0 }))).toMatchObject({ size: 0 });
  });

  it("10.2a are refused when any byte differs from what would have been written", () => {
    const good = writeHeader(header);
    for (let place = 0; place < good.length; place++) {
      const changed = Buffer.from(good);
      changed[place] = (changed[place] ?? 0) ^ 0x80;
      expect(readHeader(changed), `byte ${place}`).toBeNull();
    }
  });

  it("10.2a are not written for what the format has no room for", () => {
    expect(() => writeHeader({ ...header, name: "x".repeat(100) })).toThrow(RangeError);
    expect(() => writeHeader({ ...header, size: 8 ** 11 })).toThrow(RangeError);
  });

  it("10.2a fill the last block of a file", () => {
    expect([0, 1, 511, 512, 513].map(paddingOf)).toEqual([0, 511, 1, 0, 511]);
  });
});
