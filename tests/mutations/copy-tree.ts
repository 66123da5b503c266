import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { listProjectFiles } from "../../cli/list-project-files.ts";

/** A throw-away copy of the work tree. */
export interface TreeCopy {
  readonly root: string;
  remove(): Promise<void>;
}

const run = promisify(execFile);

/**
 * Copies every project file, tracked or new, into a temporary folder. `node_modules` is a link to the
 * original: packages are only read, and a mutation never touches them. The copy is a
 * repository of its own, without history, because some tests ask git which files there are.
 */
export async function copyTree(root: string): Promise<TreeCopy> {
  const target = await mkdtemp(join(tmpdir(), "payments-mutation-"));
  for (const path of await listProjectFiles(root)) {
    await mkdir(dirname(join(target, path)), { recursive: true });
    await copyFile(join(root, path), join(target, path));
  }
  await symlink(join(root, "node_modules"), join(target, "node_modules"));
  await run("git", ["init", "--quiet"], { cwd: target });
  // ".gitignore" means the folder, and a link is none
  await writeFile(join(target, ".git/info/exclude"), "/node_modules\n");
  return { root: target, remove: () => rm(target, { recursive: true, force: true }) };
}
