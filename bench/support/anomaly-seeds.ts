import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { projectRoot } from "../../dev/stack/paths.ts";

/** What thresholds and windows were chosen with. Never measured with. */
export const TUNING_SEEDS: readonly number[] = [1, 2, 3, 4, 5, 6, 7, 8];

/** Seeds that nobody could choose: they come from the commit's hash. */
export function seedsOf(commit: string, count: number): number[] {
  const seeds: number[] = [];
  for (let n = 0; seeds.length < count; n++) {
    const seed = createHash("sha256").update(`${commit}:${n}`).digest().readUInt32BE(0);
    if (!TUNING_SEEDS.includes(seed) && !seeds.includes(seed)) seeds.push(seed);
  }
  return seeds;
}

/** The hash of the commit that is checked out. */
export function headCommit(): string {
  return execFileSync("git", ["rev-parse", "HEAD"], { cwd: projectRoot, encoding: "utf8" }).trim();
}
