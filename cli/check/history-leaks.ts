import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { CheckStep } from "./check-step.ts";
import { findKeys } from "./find-leaks.ts";
import { runCommand } from "./run-command.ts";

const COMMIT = "commit ";

/**
 * Looks for keys in every line that any commit of any branch ever added, and in every message: a key
 * that was deleted in a later commit is as public as one that was not.
 */
export async function findKeysInHistory(root: string): Promise<string[]> {
  const { stdout } = await runCommand(root, "git", ["rev-list", "--all", "--count"]);
  if (stdout.trim() === "0") return [];
  const git = spawn(
    "git",
    ["log", "--all", "--patch", "--no-color", "--no-ext-diff", "--text", "--unified=0"],
    { cwd: root, stdio: ["ignore", "pipe", "inherit"] },
  );
  const ended = new Promise<number>((resolve, reject) => {
    git.on("error", reject);
    git.on("close", (code) => resolve(code ?? 1));
  });
  const findings: string[] = [];
  let commit = "";
  for await (const line of createInterface({ input: git.stdout })) {
    if (line.startsWith(COMMIT)) commit = line.slice(COMMIT.length, COMMIT.length + 12);
    if (line.startsWith("-")) continue;
    for (const { kind, excerpt } of findKeys(line)) {
      findings.push(`commit ${commit}: ${kind}: ${excerpt}`);
    }
  }
  const code = await ended;
  if (code !== 0) throw new Error(`Read the history, but git log ended with ${code}`);
  return findings;
}

export const historyLeaksStep: CheckStep = {
  name: "no secrets in the git history",
  run: findKeysInHistory,
};
