import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * The project's files below `root`, from its root: what git tracks, and what is new and not ignored.
 * Files that are tracked but deleted in the work tree are left out.
 * @throws when `root` is in no git repository
 */
export async function listProjectFiles(root: string): Promise<string[]> {
  const { stdout } = await run(
    "git",
    ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    { cwd: root, maxBuffer: 64 * 1024 * 1024 },
  );
  const paths = new Set(stdout.split("\0").filter((path) => path !== ""));
  return [...paths].filter((path) => existsSync(join(root, path))).sort();
}
