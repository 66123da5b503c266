import { readdir, readFile } from "node:fs/promises";
import process from "node:process";

/** The child of this process whose command line ends with `path`. Linux only: reads /proc. */
export async function childRunning(path: string): Promise<number> {
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const [command, status] = await Promise.all([
      read(`/proc/${name}/cmdline`),
      read(`/proc/${name}/status`),
    ]);
    const isOurs = new RegExp(`^PPid:\\s+${process.pid}$`, "m").test(status);
    if (isOurs && command.replaceAll("\0", " ").trimEnd().endsWith(path)) return Number(name);
  }
  throw new Error(`No child of this process runs ${path}`);
}

/** What of a process is in memory, in kB. */
export async function residentKilobytes(pid: number): Promise<number> {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(await read(`/proc/${pid}/status`))?.[1]);
}

/** A process may end while it is looked at. */
async function read(path: string): Promise<string> {
  return await readFile(path, "utf8").catch(() => "");
}
