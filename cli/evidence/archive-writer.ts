import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { BLOCK_BYTES, paddingOf, writeHeader } from "./tar-header.ts";

/** A file to be put into an archive: its bytes, or where they lie. */
export type ArchiveInput =
  & { readonly name: string }
  & ({ readonly bytes: Buffer } | { readonly path: string; readonly size: number });

/**
 * Writes a plain tar archive that `tar xf` unpacks, and forces it to the disk.
 *
 * @param onBytes is told of each piece that is written, its length in bytes
 * @returns the archive's SHA-256, hex
 */
export async function writeArchive(
  path: string,
  inputs: readonly ArchiveInput[],
  at: Date,
  onBytes: (bytes: number) => void = () => {},
): Promise<string> {
  const handle = await open(path, "wx", 0o600);
  const hash = createHash("sha256");
  const put = async (bytes: Uint8Array) => {
    hash.update(bytes);
    onBytes(bytes.length);
    await handle.writeFile(bytes);
  };
  try {
    for (const input of inputs) {
      const size = "bytes" in input ? input.bytes.length : input.size;
      const mtime = Math.floor(at.getTime() / 1000);
      await put(writeHeader({ name: input.name, size, mtime }));
      if ("bytes" in input) await put(input.bytes);
      else for await (const chunk of createReadStream(input.path)) await put(chunk);
      await put(Buffer.alloc(paddingOf(size)));
    }
    await put(Buffer.alloc(2 * BLOCK_BYTES));
    await handle.sync();
  } finally {
    await handle.close();
  }
  return hash.digest("hex");
}
