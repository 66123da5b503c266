import { createHash } from "node:crypto";

/** SHA-256, 32 bytes. */
export type Hash = Uint8Array;

// Leaves and nodes are hashed with different first bytes, so that no node can be passed off as a leaf.
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** The hash of a leaf: SHA-256(0x00 ‖ data). */
export function leafHash(data: Uint8Array | string): Hash {
  return createHash("sha256").update(LEAF).update(data).digest();
}

/** The hash of a node: SHA-256(0x01 ‖ left ‖ right). */
export function nodeHash(left: Hash, right: Hash): Hash {
  return createHash("sha256").update(NODE).update(left).update(right).digest();
}

/**
 * The Merkle tree hash of a list of leaf hashes.
 *
 * @throws RangeError for an empty list: no seal covers nothing
 * @see https://www.rfc-editor.org/rfc/rfc9162.html#section-2.1.1
 */
export function merkleRoot(leaves: readonly Hash[]): Hash {
  const [first] = leaves;
  if (first === undefined) throw new RangeError("a tree has at least one leaf");
  if (leaves.length === 1) return first;
  const split = largestPowerBelow(leaves.length);
  return nodeHash(merkleRoot(leaves.slice(0, split)), merkleRoot(leaves.slice(split)));
}

/**
 * What is needed beside one leaf to compute the root, from the leaf upwards.
 *
 * @throws RangeError for an index outside of the list
 * @see https://www.rfc-editor.org/rfc/rfc9162.html#section-2.1.3.1
 */
export function inclusionPath(leaves: readonly Hash[], index: number): Hash[] {
  if (!Number.isInteger(index) || index < 0 || index >= leaves.length) {
    throw new RangeError("there is no leaf of that index");
  }
  if (leaves.length === 1) return [];
  const split = largestPowerBelow(leaves.length);
  const left = leaves.slice(0, split);
  const right = leaves.slice(split);
  return index < split
    ? [...inclusionPath(left, index), merkleRoot(right)]
    : [...inclusionPath(right, index - split), merkleRoot(left)];
}

/**
 * The root that a leaf and its path lead to; null where the path has the wrong length for the tree.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9162.html#section-2.1.3.2
 */
export function rootFromPath(
  leaf: Hash,
  index: number,
  count: number,
  path: readonly Hash[],
): Hash | null {
  if (!Number.isInteger(index) || index < 0 || index >= count) return null;
  let node = index;
  let last = count - 1;
  let hash = leaf;
  for (const sibling of path) {
    if (last === 0) return null;
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash);
      while (node % 2 === 0 && node !== 0) {
        node = Math.floor(node / 2);
        last = Math.floor(last / 2);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? hash : null;
}

/** For n ≥ 2: the largest power of two smaller than n. */
function largestPowerBelow(count: number): number {
  return 2 ** (Math.ceil(Math.log2(count)) - 1);
}
