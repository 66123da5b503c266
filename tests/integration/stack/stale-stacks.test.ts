import { join } from "node:path";
import { tmpdir } from "node:os";
import { expect, test, vi } from "vitest";
import {
  createStackFolder,
  holderOfStateFile,
  removeStaleStacks,
} from "../../../dev/stack/stack-folder.ts";

// A stack whose supervisor and watchdog were both killed leaves its folder, its processes and its state file. The next start clears up.

test("a dead stack's processes, folder and state file are removed at the next start", async () => {
  const child = sleeper();
  const { folder, stateFile } = await deadStack([{
    pid: child.pid,
    startedAt: await startOf(child.pid),
  }]);
  const said: string[] = [];
  await removeStaleStacks((line) => said.push(line));
  expect((await child.status).signal).toBe("SIGKILL");
  await vi.waitFor(() => expect(Deno.stat(folder)).rejects.toThrow());
  await expect(Deno.stat(stateFile)).rejects.toThrow();
  expect(said.some((line) => line.includes("left behind"))).toBe(true);
});

test("a process that only has a dead one's number is left alone", async () => {
  const stranger = sleeper();
  await deadStack([{ pid: stranger.pid, startedAt: "1" }]);
  await removeStaleStacks(() => {});
  expect(await startOf(stranger.pid)).not.toBeNull();
  stranger.kill("SIGKILL");
  await stranger.status;
});

test("a running stack's folder and state file are left alone", async () => {
  const folder = await createStackFolder();
  const stateFile = `${folder.path}.json`;
  await folder.noteStateFile(stateFile);
  await removeStaleStacks(() => {});
  expect((await Deno.stat(folder.path)).isDirectory).toBe(true);
  expect(await holderOfStateFile(stateFile)).toBe(Deno.pid);
  await folder.remove();
  expect(await holderOfStateFile(stateFile)).toBeUndefined();
});

function sleeper(): Deno.ChildProcess {
  return new Deno.Command("sleep", { args: ["60"], stdin: "null" }).spawn();
}

/** What a stack leaves when nobody cleans up: its supervisor's number now belongs to a process that started at another time. */
async function deadStack(children: { pid: number; startedAt: string | null }[]) {
  const folder = await Deno.makeTempDir({ dir: tmpdir(), prefix: "payments-stack-" });
  const stateFile = `${folder}.json`;
  await Deno.writeTextFile(stateFile, "{}");
  const pidNamespace = await Deno.readLink("/proc/self/ns/pid");
  const note = { pid: Deno.pid, startedAt: "0", pidNamespace, stateFile, children };
  await Deno.writeTextFile(join(folder, "owner.json"), JSON.stringify(note));
  return { folder, stateFile };
}

async function startOf(pid: number): Promise<string | null> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => null);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
}
