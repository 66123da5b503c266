import { join } from "node:path";
import { tmpdir } from "node:os";
import { readLines } from "../../../dev/stack/log.ts";
import { projectRoot } from "../../../dev/stack/paths.ts";
import { readState, type StackState } from "../../../dev/stack/state.ts";

/** A real `npm run stack`, as a person starts it. */
export interface StackProcess {
  readonly npm: Deno.ChildProcess;
  readonly stateFile: string;
  readonly lines: string[];
  /** Resolves at `stack ready`; rejects when it ends before. */
  readonly ready: Promise<void>;
  readonly ended: Promise<number>;
}

/** @param env on top of the test's own; PAYMENTS_STACK_STATE is a new file unless it is given */
export function runStack(folder: string, env: Record<string, string> = {}): StackProcess {
  const stateFile = env["PAYMENTS_STACK_STATE"] ?? join(folder, `${crypto.randomUUID()}.json`);
  const npm = new Deno.Command("npm", {
    args: ["run", "stack"],
    cwd: projectRoot,
    env: { ...env, PAYMENTS_STACK_STATE: stateFile, STRIPE_SECRET_KEY: "" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const lines: string[] = [];
  const ended = npm.status.then(({ code }) => code);
  const ready = new Promise<void>((resolve, reject) => {
    const onLine = (line: string) => {
      lines.push(line);
      if (line === "stack ready") resolve();
    };
    void readLines(npm.stdout, onLine);
    void readLines(npm.stderr, onLine);
    void ended.then((code) => reject(new Error(`ended with ${code}:\n${lines.join("\n")}`)));
  });
  ready.catch(() => {});
  return { npm, stateFile, lines, ready, ended };
}

export async function stateOf({ stateFile }: StackProcess): Promise<StackState> {
  const state = await readState(stateFile);
  if (state === undefined) throw new Error(`There is no ${stateFile}`);
  return state;
}

/** Everything a stack holds on this machine. */
export interface Belongings {
  /** The supervisor first. */
  pids: number[];
  ports: number[];
  folder: string;
  stateFile: string;
}

/** Looks up what a running stack holds, from the kernel and from its own notes. */
export async function belongingsOf(stack: StackProcess): Promise<Belongings> {
  const state = await stateOf(stack);
  const { path, pid } = await folderOf(stack.stateFile);
  const urls = [state.supabaseUrl, state.dbUrl, state.stripeUrl];
  return {
    pids: [pid, ...await descendants(pid)],
    ports: urls.map((url) => Number(new URL(url).port)),
    folder: path,
    stateFile: stack.stateFile,
  };
}

/** What of it is still there, in words; empty when nothing is. */
export async function leftOf(belongings: Belongings): Promise<string[]> {
  const left: string[] = [];
  for (const pid of belongings.pids) if (await isRunning(pid)) left.push(`process ${pid}`);
  for (const port of belongings.ports) if (await isTaken(port)) left.push(`port ${port}`);
  for (const path of [belongings.folder, belongings.stateFile]) {
    if (await Deno.lstat(path).then(() => true, () => false)) left.push(path);
  }
  return left;
}

async function folderOf(stateFile: string): Promise<{ path: string; pid: number }> {
  for await (const { name } of Deno.readDir(tmpdir())) {
    if (!name.startsWith("payments-stack-")) continue;
    const path = join(tmpdir(), name);
    const note = await Deno.readTextFile(join(path, "owner.json")).then(JSON.parse, () => null);
    if (note?.stateFile === stateFile) return { path, pid: note.pid };
  }
  throw new Error(`No stack has noted ${stateFile} as its state file`);
}

async function descendants(root: number): Promise<number[]> {
  const children = new Map<number, number[]>();
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number((await statOf(Number(name)))?.[1]);
    if (!Number.isNaN(parent)) children.set(parent, [...children.get(parent) ?? [], Number(name)]);
  }
  const below = (pid: number): number[] =>
    (children.get(pid) ?? []).flatMap((child) => [child, ...below(child)]);
  return below(root);
}

async function isRunning(pid: number): Promise<boolean> {
  const state = (await statOf(pid))?.[0];
  // A zombie is only waiting for its parent to look.
  return state !== undefined && state !== "Z";
}

/** Fields of /proc/<pid>/stat from the third on: state, parent, … */
async function statOf(pid: number): Promise<string[] | undefined> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => undefined);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
}

async function isTaken(port: number): Promise<boolean> {
  try {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    connection.close();
    return true;
  } catch {
    return false;
  }
}
