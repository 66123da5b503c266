import type { History } from "./history.ts";

/**
 * Takes away whatever the failure does not need: halves, quarters, … single commands. Which failure
 * it is does not matter, only that there is one.
 */
export async function shrink(
  history: History,
  stillFails: (smaller: History) => Promise<boolean>,
  triesAtMost = 150,
): Promise<History> {
  let best = history;
  let tries = 0;
  for (let size = Math.ceil(best.commands.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let start = 0; start < best.commands.length && tries < triesAtMost;) {
      const commands = best.commands.toSpliced(start, size);
      tries++;
      if (await stillFails({ ...best, commands })) best = { ...best, commands };
      else start += size;
    }
  }
  return best;
}

/** A failure as a person reads it, and as it can be played again. */
export function describeFailure(history: History, failures: readonly string[]): string {
  const { commands, seed, ...rest } = history;
  return [
    `seed ${seed} ${JSON.stringify(rest)}`,
    ...failures.map((failure) => `  ${failure}`),
    "smallest history:",
    ...commands.map((command) => `  ${command.do} ${command.draw}`),
  ].join("\n");
}
