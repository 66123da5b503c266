import { Buffer } from "node:buffer";

/** Tar counts in blocks of this many bytes. */
export const BLOCK_BYTES = 512;

export interface TarHeader {
  readonly name: string;
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
}

const LARGEST = 8 ** 11 - 1;

/**
 * The header of a plain file: ustar, readable by its owner alone.
 *
 * @throws RangeError for what the format has no room for
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_06
 */
export function writeHeader({ name, size, mtime }: TarHeader): Buffer {
  if (Buffer.byteLength(name) > 99) throw new RangeError("the name is too long for a tar archive");
  if (size > LARGEST) throw new RangeError("the file is too large for a tar archive (8 GiB)");
  const block = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, "0")}\0`;
  block.write(name, 0);
  block.write(octal(0o600, 7), 100);
  block.write(octal(0, 7), 108); // owner and group: nobody's business
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(mtime, 11), 136);
  block.write(" ".repeat(8), 148); // the checksum counts itself as spaces
  block.write("0", 156);
  block.write("ustar\x0000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

/**
 * Reads a header; null for any that `writeHeader` would not have written: links, folders, devices,
 * other owners, extensions, a wrong checksum.
 */
export function readHeader(block: Buffer): TarHeader | null {
  const text = (from: number, to: number) =>
    block.subarray(from, to).toString("latin1").replace(/\0.*$/s, "");
  const [name, size, mtime] = [text(0, 100), text(124, 136), text(136, 148)];
  if (!/^[0-7]{11}$/.test(size) || !/^[0-7]{11}$/.test(mtime)) return null;
  if (name === "" || !/^[\x21-\x7e]{1,99}$/.test(name)) return null;
  const header = { name, size: parseInt(size, 8), mtime: parseInt(mtime, 8) };
  return writeHeader(header).equals(block) ? header : null;
}

/** How many zeros fill a file's last block. */
export function paddingOf(size: number): number {
  return (BLOCK_BYTES - size % BLOCK_BYTES) % BLOCK_BYTES;
}
