import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { z } from "zod";
import { listProjectFiles } from "../list-project-files.ts";
import type { CheckStep } from "./check-step.ts";

const FENCE = /^(`{3,}|~{3,})[\s\S]*?^\1/gm;
const LINK = /!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g;
const HTML_LINK = /\b(?:src|srcset|href)="([^"]+)"/g;
const ELSEWHERE = /^(?:[a-z][a-z0-9+.-]*:|\/\/)/i;
const COMMAND = /\bnpm (?:run (?:-s |--silent )?([\w:-]+)|(start|test)\b)/g;
const packageSchema = z.object({ scripts: z.record(z.string(), z.string()) });

/** The anchor that GitHub gives a heading. */
export function anchorOf(heading: string): string {
  return heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s/g, "-");
}

/** Targets of a Markdown text's links and pictures; code blocks hold none. */
export function linksOf(markdown: string): string[] {
  const text = markdown.replace(FENCE, "").replace(/`[^`\n]*`/g, "");
  return [...text.matchAll(LINK), ...text.matchAll(HTML_LINK)].map((match) => match[1] ?? "");
}

/** Names of the npm scripts that a text tells its reader to run. */
export function scriptsNamedIn(text: string): string[] {
  return [...new Set([...text.matchAll(COMMAND)].map((match) => match[1] ?? match[2] ?? ""))];
}

function anchorsOf(markdown: string): Set<string> {
  const headings = markdown.replace(FENCE, "").matchAll(/^#{1,6} +(.+?) *#*$/gm);
  return new Set([...headings].map((match) => anchorOf(match[1] ?? "")));
}

async function readDocuments(root: string): Promise<Map<string, string>> {
  const paths = (await listProjectFiles(root)).filter((path) => path.endsWith(".md"));
  const texts = await Promise.all(paths.map((path) => readFile(join(root, path), "utf8")));
  return new Map(paths.map((path, index) => [path, texts[index] ?? ""]));
}

export const linksStep: CheckStep = {
  name: "links in documents",
  run: async (root) => {
    const documents = await readDocuments(root);
    const findings: string[] = [];
    for (const [path, markdown] of documents) {
      for (const link of linksOf(markdown).filter((target) => !ELSEWHERE.test(target))) {
        const [file = "", anchor] = link.split("#");
        const target = file === "" ? path : normalize(join(dirname(path), decodeURI(file)));
        const text = documents.get(target);
        if (!existsSync(join(root, target))) findings.push(`${path}: ${link} leads nowhere`);
        else if (anchor !== undefined && text !== undefined && !anchorsOf(text).has(anchor)) {
          findings.push(`${path}: ${link} names no heading of ${target}`);
        }
      }
    }
    return findings;
  },
};

export const commandsStep: CheckStep = {
  name: "commands in documents",
  run: async (root) => {
    const manifest = await readFile(join(root, "package.json"), "utf8");
    const { scripts } = packageSchema.parse(JSON.parse(manifest));
    return [...await readDocuments(root)].flatMap(([path, text]) =>
      scriptsNamedIn(text)
        .filter((name) => scripts[name] === undefined)
        .map((name) => `${path}: npm run ${name} is no script of package.json`)
    );
  },
};
