import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Hash,
  inclusionPath,
  leafHash,
  merkleRoot,
  rootFromPath,
} from "../../../../supabase/functions/_shared/audit/merkle-tree.ts";

// The test vectors of Certificate Transparency (RFC 6962, whose trees RFC 9162 keeps):
// https://github.com/google/certificate-transparency/blob/master/cpp/merkletree/merkle_tree_test.cc
const INPUTS = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
];
const ROOTS = [
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];
const PATHS: [index: number, count: number, path: string[]][] = [
  [0, 1, []],
  [0, 8, [
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
  ]],
  [5, 8, [
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  ]],
  [2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]],
  [1, 5, [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
  ]],
];

const hex = (hash: Hash | null) => hash === null ? null : Buffer.from(hash).toString("hex");
const vectorLeaves = INPUTS.map((input) => leafHash(Buffer.from(input, "hex")));
const leavesOf = (count: number, seed = 0) =>
  Array.from({ length: count }, (_, index) => leafHash(`${seed} ${index}`));

describe("the Merkle tree of RFC 9162", () => {
  it.each(ROOTS.map((root, index): [number, string] => [index + 1, root]))(
    "8.3b has the published root of %i leaves",
    (count, root) => {
      expect(hex(merkleRoot(vectorLeaves.slice(0, count)))).toBe(root);
    },
  );

  it.each(PATHS)("8.3b has the published path of leaf %i of %i", (index, count, path) => {
    const leaves = vectorLeaves.slice(0, count);
    expect(inclusionPath(leaves, index).map(hex)).toEqual(path);
    expect(hex(rootFromPath(leaves[index] ?? new Uint8Array(), index, count, path.map(bytes))))
      .toBe(ROOTS[count - 1]);
  });

  it("8.3b every leaf of every tree leads to the root, and to no other place", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.nat(), (count, pick) => {
        const leaves = leavesOf(count);
        const index = pick % count;
        const leaf = leaves[index] ?? new Uint8Array();
        const path = inclusionPath(leaves, index);
        const root = hex(merkleRoot(leaves));
        expect(hex(rootFromPath(leaf, index, count, path))).toBe(root);
        const other = (index + 1) % count;
        if (count > 1) expect(hex(rootFromPath(leaf, other, count, path))).not.toBe(root);
        expect(hex(rootFromPath(leafHash("another"), index, count, path))).not.toBe(root);
      }),
      { numRuns: 60 },
    );
  });

  it("8.3b a path that is cut, stretched or changed leads nowhere", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 200 }), fc.nat(), (count, pick) => {
        const leaves = leavesOf(count);
        const index = pick % count;
        const leaf = leaves[index] ?? new Uint8Array();
        const path = inclusionPath(leaves, index);
        const root = hex(merkleRoot(leaves));
        const leads = (changed: Hash[]) => hex(rootFromPath(leaf, index, count, changed)) === root;
        expect(leads(path.slice(1))).toBe(false);
        expect(leads(path.slice(0, -1))).toBe(false);
        expect(leads([...path, leafHash("more")])).toBe(false);
        const at = pick % path.length;
        expect(leads(path.map((hash, step) => step === at ? leafHash("changed") : hash)))
          .toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  it("8.3b no list of leaves shares its root with another one", () => {
    const roots = new Set(
      Array.from({ length: 130 }, (_, count) => hex(merkleRoot(leavesOf(count + 1)))),
    );
    expect(roots.size).toBe(130);
    expect(hex(merkleRoot(leavesOf(3).toReversed()))).not.toBe(hex(merkleRoot(leavesOf(3))));
    // a node is no leaf: what two leaves hash to cannot stand in their place
    expect(hex(merkleRoot(leavesOf(2)))).not.toBe(
      hex(leafHash(Buffer.concat(leavesOf(2)))),
    );
  });

  it("8.3b there is no tree of nothing and no leaf outside of it", () => {
    expect(() => merkleRoot([])).toThrow(RangeError);
    expect(() => inclusionPath(leavesOf(3), 3)).toThrow(RangeError);
    expect(() => inclusionPath(leavesOf(3), -1)).toThrow(RangeError);
    expect(rootFromPath(leafHash(""), 1, 1, [])).toBeNull();
  });
});

function bytes(text: string): Hash {
  return Buffer.from(text, "hex");
}
