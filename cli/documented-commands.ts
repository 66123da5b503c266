const PREFIX = "npm run payments -- ";
// quoted texts and <placeholders> are one word each
const WORD = /"([^"]*)"|'([^']*)'|(<[^>\n]*>)|([^\s`]+)/y;
const END = /^(?:#|\||&&|;|\)|>)/;

/** One command `payments …` as a document tells its reader to run it. */
export interface DocumentedCommand {
  readonly words: readonly string[];
  /** The heading it stands under, without its signs. */
  readonly section: string;
  /** In a block of code, not in a sentence. */
  readonly inBlock: boolean;
}

/** The commands of the operator's command line that a Markdown text names, in order. */
export function documentedCommands(markdown: string): DocumentedCommand[] {
  const commands: DocumentedCommand[] = [];
  let section = "";
  let inBlock = false;
  for (const line of markdown.replaceAll(/\\\n\s*/g, " ").split("\n")) {
    if (/^(?:```|~~~)/.test(line.trim())) inBlock = !inBlock;
    else if (!inBlock && line.startsWith("#")) section = line.replace(/^#+ */, "");
    for (let at = line.indexOf(PREFIX); at >= 0; at = line.indexOf(PREFIX, at + 1)) {
      commands.push({ words: wordsOf(line, at + PREFIX.length), section, inBlock });
    }
  }
  return commands;
}

function wordsOf(line: string, from: number): string[] {
  const words: string[] = [];
  let at = from;
  for (;;) {
    while (line[at] === " ") at++;
    if (at >= line.length || line[at] === "`" || END.test(line.slice(at))) return words;
    WORD.lastIndex = at;
    const match = WORD.exec(line);
    if (match === null) return words;
    words.push(match[1] ?? match[2] ?? match[3] ?? match[4] ?? "");
    at = WORD.lastIndex;
  }
}
