import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Whether a file that is about to be written would lie in a git work tree and not be ignored there: the
 * next `git add` takes it in, and the history keeps it. Yes, too, where git does not say.
 * @throws when the file's folder is not there
 */
export async function wouldGitTake(file: string): Promise<boolean> {
  const folder = await realpath(dirname(file)); // git follows no link out of its work tree
  if (!isInWorkTree(folder)) return false;
  try {
    await run("git", ["check-ignore", "--quiet", "--", join(folder, basename(file))], {
      cwd: folder,
      // GIT_DIR and its like would have another repository answer
      env: Object.fromEntries(
        Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_")),
      ),
    });
    return false; // ignored
  } catch {
    return true;
  }
}

function isInWorkTree(folder: string): boolean {
  if (existsSync(join(folder, ".git"))) return true;
  const above = dirname(folder);
  return above !== folder && isInWorkTree(above);
}
