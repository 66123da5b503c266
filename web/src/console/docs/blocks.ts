/** A block of a Markdown text, as far as the documentation uses it. */
export type Block =
  | {
    readonly kind: "heading";
    readonly level: number;
    readonly text: string;
    readonly anchor: string;
  }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "list"; readonly isOrdered: boolean; readonly items: readonly string[] }
  | {
    readonly kind: "table";
    readonly head: readonly string[];
    readonly rows: readonly (readonly string[])[];
  }
  | { readonly kind: "paragraph"; readonly text: string };

/** Splits a Markdown text of this repository into its blocks. */
export function blocksOf(markdown: string): Block[] {
  const lines = markdown.split("\n");
  const blocks: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    const taken = takeBlock(lines, at);
    if (taken.block !== undefined) blocks.push(taken.block);
    at = taken.next;
  }
  return blocks;
}

/** The blocks below a heading, down to the next of its rank; all of them without an anchor. */
export function sectionOf(blocks: readonly Block[], anchor: string | null): readonly Block[] {
  const from = blocks.findIndex((block) => block.kind === "heading" && block.anchor === anchor);
  const heading = blocks[from];
  if (anchor === null || heading?.kind !== "heading") return blocks;
  const length = blocks.slice(from + 1).findIndex((block) =>
    block.kind === "heading" && block.level <= heading.level
  );
  return length < 0 ? blocks.slice(from) : blocks.slice(from, from + 1 + length);
}

interface Taken {
  readonly block?: Block;
  readonly next: number;
}

function takeBlock(lines: readonly string[], at: number): Taken {
  const line = lines[at] ?? "";
  if (line.trim() === "") return { next: at + 1 };
  if (line.startsWith("```")) return takeCode(lines, at);
  const heading = /^(#{1,6}) +(.+)$/.exec(line);
  if (heading !== null) {
    const text = heading[2] ?? "";
    const level = heading[1]?.length ?? 1;
    return { block: { kind: "heading", level, text, anchor: anchorOf(text) }, next: at + 1 };
  }
  if (line.startsWith("|")) return takeTable(lines, at);
  if (/^(?:-|\d+\.) /.test(line)) return takeList(lines, at);
  const next = endOf(lines, at, (one) => one.trim() !== "" && !/^(?:#|```|\||- |\d+\. )/.test(one));
  return { block: { kind: "paragraph", text: lines.slice(at, next).join(" ") }, next };
}

function takeCode(lines: readonly string[], at: number): Taken {
  const end = endOf(lines, at, (one) => !one.startsWith("```"));
  return { block: { kind: "code", text: lines.slice(at + 1, end).join("\n") }, next: end + 1 };
}

function takeTable(lines: readonly string[], at: number): Taken {
  const next = endOf(lines, at, (one) => one.startsWith("|"));
  const [head = [], , ...rows] = lines.slice(at, next).map((row) =>
    row.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim().replaceAll("\\|", "|"))
  );
  return { block: { kind: "table", head, rows }, next };
}

function takeList(lines: readonly string[], at: number): Taken {
  const next = endOf(lines, at, (one) => /^(?:-|\d+\.) |^ +\S/.test(one));
  const items: string[] = [];
  for (const line of lines.slice(at, next)) {
    const item = /^(?:-|\d+\.) +(.*)$/.exec(line)?.[1];
    if (item === undefined) items.push(`${items.pop() ?? ""} ${line.trim()}`);
    else items.push(item);
  }
  return { block: { kind: "list", isOrdered: /^\d/.test(lines[at] ?? ""), items }, next };
}

/** The first line after `at` for which it no longer holds. */
function endOf(lines: readonly string[], at: number, holds: (line: string) => boolean): number {
  let end = at + 1;
  while (end < lines.length && holds(lines[end] ?? "")) end++;
  return end;
}

function anchorOf(heading: string): string {
  return heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "").trim().replace(/\s/g, "-");
}
