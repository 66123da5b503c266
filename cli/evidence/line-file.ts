import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import type { FileRecord, Part } from "./manifest.ts";

const FLUSH_BYTES = 65_536;

/** A file that is written line by line and hashed on the way. */
export interface LineFile {
  /** @param text without its line feed */
  write(text: string): Promise<void>;
  /** Closes it and says what is in it. */
  end(): Promise<FileRecord>;
}

export async function createLineFile(path: string, name: Part): Promise<LineFile> {
  const handle = await open(path, "wx", 0o600);
  const hash = createHash("sha256");
  let waiting: Buffer[] = [];
  let [held, bytes] = [0, 0];
  const flush = async () => {
    await handle.writeFile(Buffer.concat(waiting));
    [waiting, held] = [[], 0];
  };
  return {
    async write(text) {
      const line = Buffer.from(`${text}\n`, "utf8");
      hash.update(line);
      waiting.push(line);
      held += line.length;
      bytes += line.length;
      if (held >= FLUSH_BYTES) await flush();
    },
    async end() {
      await flush();
      await handle.close();
      return { name, bytes, sha256: hash.digest("hex") };
    },
  };
}
