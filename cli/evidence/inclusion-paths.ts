import { Buffer } from "node:buffer";
import { type Hash, nodeHash } from "../../supabase/functions/_shared/audit/merkle-tree.ts";

/**
 * Paths of many leaves of one tree. Every level is computed once: an export proves each row of a seal,
 * and a thousand times the work for each would be felt.
 *
 * A level pairs neighbours and hands an odd last one up as it is, which is the tree of RFC 9162.
 *
 * @returns what is beside a leaf on the way to the root, hex
 */
export function inclusionPaths(leaves: readonly Hash[]): (index: number) => string[] {
  const levels: Hash[][] = [[...leaves]];
  for (let level = levels[0] ?? []; level.length > 1;) {
    level = pairUp(level);
    levels.push(level);
  }
  return (index) => {
    if (!Number.isInteger(index) || index < 0 || index >= leaves.length) {
      throw new RangeError("there is no leaf of that index");
    }
    return levels.flatMap((level, height) => {
      const place = Math.floor(index / 2 ** height);
      const sibling = level[place % 2 === 0 ? place + 1 : place - 1];
      return sibling === undefined ? [] : [Buffer.from(sibling).toString("hex")];
    });
  };
}

function pairUp(level: readonly Hash[]): Hash[] {
  const above: Hash[] = [];
  for (let place = 0; place < level.length; place += 2) {
    const [left, right] = level.slice(place, place + 2);
    if (left === undefined) continue;
    above.push(right === undefined ? left : nodeHash(left, right));
  }
  return above;
}
