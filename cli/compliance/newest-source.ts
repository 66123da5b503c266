import { stat } from "node:fs/promises";
import { join } from "node:path";
import { listProjectFiles } from "../list-project-files.ts";

// What the tests read: a change to any of these makes the last result say nothing about today.
const SOURCE =
  /^(?:supabase|dev|cli|web|tests)\/|^(?:package(?:-lock)?|deno)\.json$|^vitest\.config/;

/** A file and the moment it last changed, in milliseconds since the epoch. */
export interface ChangedFile {
  readonly path: string;
  readonly changedAt: number;
}

/** The source file below `root` that changed last; `null` when there is none. */
export async function newestSource(root: string): Promise<ChangedFile | null> {
  const paths = (await listProjectFiles(root)).filter((path) => SOURCE.test(path));
  const files = await Promise.all(paths.map(async (path) => ({
    path,
    changedAt: (await stat(join(root, path))).mtimeMs,
  })));
  return files.reduce<ChangedFile | null>(
    (newest, file) => newest === null || file.changedAt > newest.changedAt ? file : newest,
    null,
  );
}
