import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";
import process from "node:process";

/** How a command ended and what it said. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  /** Standard output and standard error in the order they came. */
  readonly output: string;
}

/**
 * Runs a command of the project from its root, without a shell.
 * @param command a program, looked up in `node_modules/.bin` first
 * @param input given to its standard input, which is closed without it
 */
export function runCommand(
  root: string,
  command: string,
  argv: readonly string[],
  input?: string,
): Promise<CommandResult> {
  const path = [join(root, "node_modules/.bin"), process.env["PATH"] ?? ""].join(delimiter);
  return new Promise((resolve, reject) => {
    const child = spawn(command, argv, {
      cwd: root,
      env: { ...process.env, PATH: path, NO_COLOR: "1" },
    });
    let stdout = "";
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => void (output += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, stdout, output }));
    child.stdin.on("error", () => {
      // A command that never reads its input may close it early; its exit code tells what matters.
    });
    child.stdin.end(input ?? "");
  });
}

/** The output of a command that failed, as findings; nothing when it succeeded. */
export function failureLines({ code, output }: CommandResult): string[] {
  if (code === 0) return [];
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  return lines.length === 0 ? [`exit code ${code} without a word`] : lines;
}
