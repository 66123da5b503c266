import { Buffer } from "node:buffer";
import { createHash, type Hash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { ArchiveFault } from "./archive-findings.ts";
import { MANIFEST, PARTS, SIGNATURE } from "./manifest.ts";
import { BLOCK_BYTES, paddingOf, readHeader } from "./tar-header.ts";

const CHUNK_BYTES = 65_536;
const MOST_ENTRIES = PARTS.length + 2;
/** A row has at most 8 KiB of detail and a path of ten hashes. */
const LONGEST_LINE = 262_144;
const NAME = /^evidence-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/([a-z]+\.[a-z]+)$/;
const KNOWN: readonly string[] = [MANIFEST, SIGNATURE, ...PARTS];

/** A file of an archive, not read yet. */
export interface ArchiveEntry {
  readonly name: string;
  readonly size: number;
  /** Where its bytes begin. */
  readonly offset: number;
}

export interface OpenArchive {
  /** The evidence's id: every name begins with it. */
  readonly id: string;
  readonly size: number;
  readonly entries: ReadonlyMap<string, ArchiveEntry>;
  /** SHA-256 of the whole archive, hex. */
  digest(onBytes?: (bytes: number) => void): Promise<string>;
  /** The bytes of an entry that is small enough to be held. */
  readAll(entry: ArchiveEntry, mostBytes: number): Promise<Buffer>;
  /** Lines without their line feed, each hashed; as much is held as one line is long. */
  readLines(entry: ArchiveEntry, hash: Hash): AsyncGenerator<string>;
}

/**
 * Opens an archive and reads its headers, nothing else. Nothing is unpacked, ever: an entry is only
 * looked at by its place in the file.
 *
 * @throws ArchiveFault for anything that `writeArchive` would not have written
 */
export async function withArchive<T>(
  path: string,
  use: (archive: OpenArchive) => Promise<T>,
): Promise<T> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    const { id, entries } = await readHeaders(handle, size);
    return await use({
      id,
      size,
      entries,
      digest: async (onBytes) => {
        const hash = createHash("sha256");
        for await (const chunk of chunksOf(handle, 0, size)) {
          hash.update(chunk);
          onBytes?.(chunk.length);
        }
        return hash.digest("hex");
      },
      readAll: async ({ name, size, offset }, mostBytes) => {
        if (size > mostBytes) throw new ArchiveFault("entry_too_large", name, `${size} bytes`);
        return await readBytes(handle, offset, size, name);
      },
      readLines: (entry, hash) => linesOf(handle, entry, hash),
    });
  } finally {
    await handle.close();
  }
}

async function readHeaders(
  handle: FileHandle,
  size: number,
): Promise<{ id: string; entries: Map<string, ArchiveEntry> }> {
  const entries = new Map<string, ArchiveEntry>();
  let [offset, id] = [0, ""];
  for (;;) {
    const block = await readBytes(handle, offset, BLOCK_BYTES, "");
    offset += BLOCK_BYTES;
    if (block.every((byte) => byte === 0)) break;
    const entry = entryOf(block, offset, size);
    const [, owner = "", name = ""] = NAME.exec(entry.name) ?? [];
    if (owner === "" || id !== "" && id !== owner) {
      throw new ArchiveFault("entry_name", JSON.stringify(entry.name));
    }
    if (entries.has(name)) throw new ArchiveFault("entry_repeated", name);
    if (!KNOWN.includes(name) || entries.size === MOST_ENTRIES) {
      throw new ArchiveFault("entry_extra", name);
    }
    id = owner;
    entries.set(name, { ...entry, name });
    const padding = await readBytes(handle, offset + entry.size, paddingOf(entry.size), name);
    if (padding.some((byte) => byte !== 0)) throw new ArchiveFault("entry_unreadable", name);
    offset += entry.size + padding.length;
  }
  const end = await readBytes(handle, offset, BLOCK_BYTES, "");
  if (end.some((byte) => byte !== 0) || offset + BLOCK_BYTES !== size) {
    throw new ArchiveFault("archive_end", undefined, `${size - offset} bytes at ${offset}`);
  }
  const missing = KNOWN.find((name) => !entries.has(name));
  if (missing !== undefined) throw new ArchiveFault("entry_missing", missing);
  if ([...entries.keys()].join() !== KNOWN.join()) {
    throw new ArchiveFault("entry_order", undefined, [...entries.keys()].join(", "));
  }
  return { id, entries };
}

function entryOf(block: Buffer, offset: number, size: number): ArchiveEntry {
  const header = readHeader(block);
  if (header === null) {
    throw new ArchiveFault("entry_unreadable", undefined, `header at ${offset - BLOCK_BYTES}`);
  }
  if (offset + header.size > size) {
    throw new ArchiveFault("archive_truncated", JSON.stringify(header.name));
  }
  return { name: header.name, size: header.size, offset };
}

async function readBytes(
  handle: FileHandle,
  offset: number,
  length: number,
  name: string,
): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await handle.read(buffer, read, length - read, offset + read);
    if (bytesRead === 0) {
      throw new ArchiveFault("archive_truncated", name === "" ? undefined : name);
    }
    read += bytesRead;
  }
  return buffer;
}

async function* chunksOf(
  handle: FileHandle,
  offset: number,
  size: number,
): AsyncGenerator<Buffer> {
  for (let done = 0; done < size;) {
    const length = Math.min(CHUNK_BYTES, size - done);
    yield await readBytes(handle, offset + done, length, "");
    done += length;
  }
}

async function* linesOf(
  handle: FileHandle,
  { name, offset, size }: ArchiveEntry,
  hash: Hash,
): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunksOf(handle, offset, size)) {
    hash.update(chunk);
    let bytes = Buffer.concat([rest, chunk]);
    for (let feed = bytes.indexOf(10); feed !== -1; feed = bytes.indexOf(10)) {
      yield decode(decoder, bytes.subarray(0, feed), name);
      bytes = bytes.subarray(feed + 1);
    }
    if (bytes.length > LONGEST_LINE) throw new ArchiveFault("entry_too_large", name, "a line");
    rest = bytes;
  }
  if (rest.length > 0) throw new ArchiveFault("line_unreadable", name, "the last line has no end");
}

function decode(decoder: TextDecoder, bytes: Buffer, name: string): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new ArchiveFault("line_unreadable", name, "no UTF-8");
  }
}
