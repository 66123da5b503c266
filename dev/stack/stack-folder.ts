import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { isReachableByOthers, postgresAccount } from "./postgres-binaries.ts";

const prefix = "payments-stack-";
const ownerFile = "owner.json";

const owner = z.object({
  pid: z.number().int(),
  startedAt: z.string().nullable(),
  /** Process ids mean nothing to a container that shares only the folder. */
  pidNamespace: z.string().nullable(),
  stateFile: z.string().nullable(),
  children: z.array(z.object({ pid: z.number().int(), startedAt: z.string().nullable() })),
});

type Owner = z.infer<typeof owner>;

/** A stack's temporary folder, with a note in it that says whose it is. */
export interface StackFolder {
  readonly path: string;
  noteStateFile(path: string): Promise<void>;
  noteChildren(pids: readonly number[]): Promise<void>;
  remove(): Promise<void>;
}

/** Makes a new folder that the account of Postgres may enter too. */
export async function createStackFolder(): Promise<StackFolder> {
  const path = await Deno.makeTempDir({ dir: await parentFolder(), prefix });
  const note: Owner = {
    pid: Deno.pid,
    startedAt: await startOf(Deno.pid),
    pidNamespace: await pidNamespace(),
    stateFile: null,
    children: [],
  };
  let saved = Promise.resolve();
  // One after the other, and whole or not at all: another stack may be reading.
  const save = () => saved = saved.catch(() => {}).then(() => writeNote(path, note));
  await save();
  return {
    path,
    async noteStateFile(stateFile) {
      note.stateFile = stateFile;
      await save();
    },
    async noteChildren(pids) {
      note.children = await Promise.all(
        pids.map(async (pid) => ({ pid, startedAt: await startOf(pid) })),
      );
      await save();
    },
    async remove() {
      await saved.catch(() => {});
      await Deno.remove(path, { recursive: true });
    },
  };
}

/** The pid of the running stack that wrote this state file, if there is one. */
export async function holderOfStateFile(stateFile: string): Promise<number | undefined> {
  for await (const { note } of notedFolders()) {
    if (note.stateFile === stateFile && await isAlive(note)) return note.pid;
  }
  return undefined;
}

/**
 * Ends and removes what stacks left that died together with their watchdogs. A process is ended only when it started at the very
 * moment its note says: its number may have gone to a stranger since.
 */
export async function removeStaleStacks(log: (line: string) => void): Promise<void> {
  for await (const { path, note } of notedFolders()) {
    if (await isAlive(note)) continue;
    for (const child of note.children) {
      if (child.startedAt !== null && await isAlive(child)) endStale(child.pid);
    }
    await Deno.remove(path, { recursive: true }).catch(() => {});
    if (note.stateFile !== null) await Deno.remove(note.stateFile).catch(() => {});
    log(`removed what the stack with process id ${note.pid} left behind`);
  }
}

async function writeNote(path: string, note: Owner): Promise<void> {
  const draft = join(path, `${ownerFile}.draft`);
  await Deno.writeTextFile(draft, JSON.stringify(note), { mode: 0o600 });
  await Deno.rename(draft, join(path, ownerFile));
}

async function* notedFolders(): AsyncGenerator<{ path: string; note: Owner }> {
  const parent = await parentFolder();
  const namespace = await pidNamespace();
  for await (const { name, isDirectory } of Deno.readDir(parent)) {
    if (!isDirectory || !name.startsWith(prefix)) continue;
    const path = join(parent, name);
    const text = await Deno.readTextFile(join(path, ownerFile)).catch(() => undefined);
    if (text === undefined) continue;
    const note = owner.safeParse(JSON.parse(text));
    if (note.success && note.data.pidNamespace === namespace) yield { path, note: note.data };
  }
}

async function parentFolder(): Promise<string> {
  const folder = tmpdir();
  if (await postgresAccount() === undefined || await isReachableByOthers(folder)) return folder;
  return "/tmp";
}

async function isAlive(process: { pid: number; startedAt: string | null }): Promise<boolean> {
  const startedAt = await startOf(process.pid);
  if (startedAt !== null) return process.startedAt === null || process.startedAt === startedAt;
  // Not Linux, or gone. "Signal 0" is not to be had; SIGCONT does nothing to a running process.
  if (Deno.build.os === "linux") return false;
  try {
    Deno.kill(process.pid, "SIGCONT");
    return true;
  } catch {
    return false;
  }
}

/** When a process started, in the kernel's clock ticks since boot; null where /proc does not say. */
async function startOf(pid: number): Promise<string | null> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => null);
  // The second field is the program's name in brackets and may hold anything.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields?.[19] ?? null;
}

function pidNamespace(): Promise<string | null> {
  return Deno.readLink("/proc/self/ns/pid").catch(() => null);
}

function endStale(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch {
    // It ended in between.
  }
}
