import { mkdtemp, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";

/** An archive that is being made beside the place where it will be. */
export interface Draft {
  /** For its parts; readable by its owner alone. */
  readonly folder: string;
  readonly archive: string;
  /** Gives it its name. */
  publish(): Promise<void>;
  /** Removes what is left of it, after success as well as after a failure. */
  discard(): Promise<void>;
}

/**
 * Takes the name at once, with an empty file, so that nothing is overwritten at the end.
 *
 * @throws Error when something has that name
 */
export async function openDraft(path: string): Promise<Draft> {
  await (await open(path, "wx", 0o600)).close();
  let isPublished = false;
  const folder = await mkdtemp(`${path}.part-`).catch(async (error: unknown) => {
    await rm(path, { force: true });
    throw error;
  });
  const archive = join(folder, "archive.tar");
  return {
    folder,
    archive,
    async publish() {
      await rename(archive, path);
      isPublished = true;
    },
    async discard() {
      await rm(folder, { recursive: true, force: true });
      if (!isPublished) await rm(path, { force: true });
    },
  };
}
