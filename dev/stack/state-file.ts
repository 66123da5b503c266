import { defaultStateFile } from "./paths.ts";
import { holderOfStateFile } from "./stack-folder.ts";
import { readState, type StackState, StateFileHeldError, writeState } from "./state.ts";
import type { Log } from "./log.ts";

/** Where one stack says how to reach it. */
export interface StateFile {
  readonly path: string;
  write(state: StackState): Promise<void>;
  /** Removes the file unless another stack has written it since. */
  remove(): Promise<void>;
}

/**
 * Chooses the file. A second stack of one checkout must not take over the first one's default file: it writes its own, named by its
 * process, and says so. A file that was asked for by name is not replaced by another.
 * @param requested a path, null for none, undefined for `.local/stack.json`
 * @throws StateFileHeldError when a running stack holds the requested file
 */
export async function claimStateFile(
  requested: string | null | undefined,
  log: Log,
): Promise<StateFile | undefined> {
  if (requested === null) return undefined;
  const wanted = requested ?? defaultStateFile;
  const holder = await holderOfStateFile(wanted);
  if (holder === undefined) return stateFileAt(wanted);
  if (requested !== undefined) {
    throw new StateFileHeldError(
      `${wanted} belongs to the running stack with process id ${holder}: stop it, or name another file in PAYMENTS_STACK_STATE`,
    );
  }
  const own = wanted.replace(/\.json$/, `.${Deno.pid}.json`);
  log(
    `.local/stack.json belongs to the running stack with process id ${holder}; this one is in ${own}`,
  );
  return stateFileAt(own);
}

function stateFileAt(path: string): StateFile {
  let written: StackState | undefined;
  return {
    path,
    async write(state) {
      await writeState(path, state);
      written = state;
    },
    async remove() {
      if (written === undefined) return;
      const current = await readState(path).catch(() => undefined);
      if (current?.dbUrl === written.dbUrl) await Deno.remove(path);
    },
  };
}
