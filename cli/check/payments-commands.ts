import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { type DocumentedCommand, documentedCommands } from "../documented-commands.ts";
import { listProjectFiles } from "../list-project-files.ts";
import { buildProgram } from "../program.ts";
import type { CheckStep } from "./check-step.ts";

/** Why the command line would not take a documented command; null where it would. */
export function faultOf(program: Command, { words, inBlock }: DocumentedCommand): string | null {
  let command = program;
  let at = 0;
  for (; at < words.length; at++) {
    const inner = command.commands.find((one) => one.name() === words[at]);
    if (inner === undefined) break;
    command = inner;
  }
  if (command.commands.length > 0 && words[at] !== "--help" && (inBlock || at < words.length)) {
    return `there is no ${words.slice(0, at + 1).join(" ")}`;
  }
  const rest = words.slice(at);
  const missing = unknownOption(command, rest) ?? missingParts(command, rest, inBlock);
  return missing === null ? null : `${words.slice(0, at).join(" ")} ${missing}`;
}

function unknownOption(command: Command, words: readonly string[]): string | null {
  const found = words.find((word) =>
    word.startsWith("-") && word !== "--help" && optionOf(command, word) === undefined
  );
  return found === undefined ? null : `has no ${found}`;
}

function optionOf(command: Command, word: string) {
  const [name = ""] = word.split("=");
  return command.options.find((option) => option.long === name || option.short === name);
}

/** In a sentence a command may be named without all that it needs. */
function missingParts(command: Command, words: readonly string[], whole: boolean): string | null {
  if (words.includes("--help")) return null;
  let positional = 0;
  for (let at = 0; at < words.length; at++) {
    const option = optionOf(command, words[at] ?? "");
    if (option === undefined) positional++;
    else if ((option.required || option.optional) && !(words[at] ?? "").includes("=")) at++;
  }
  const taken = command.registeredArguments;
  if (!taken.some((one) => one.variadic) && positional > taken.length) return "takes fewer words";
  if (!whole) return null;
  if (positional < taken.filter((one) => one.required).length) return "takes more words";
  const lacking = command.options.find((option) =>
    option.mandatory && !words.some((word) => optionOf(command, word) === option)
  );
  return lacking === undefined ? null : `needs ${lacking.long}`;
}

/** Every `npm run payments -- …` of a document means something to the command line. */
export const paymentsCommandsStep: CheckStep = {
  name: "payments commands in documents",
  run: async (root) => {
    const program = programForReading(root);
    const paths = (await listProjectFiles(root)).filter((path) => path.endsWith(".md"));
    const findings: string[] = [];
    for (const path of paths) {
      for (const command of documentedCommands(await readFile(join(root, path), "utf8"))) {
        const fault = faultOf(program, command);
        if (fault !== null) findings.push(`${path}: payments ${fault}`);
      }
    }
    return findings;
  },
};

/** The command line, to be looked at and not to be run. */
export function programForReading(root: string): Command {
  return buildProgram({
    root,
    now: () => new Date(),
    colour: false,
    env: {},
    operator: "",
    out: () => {},
    error: () => {},
  }, () => {});
}
