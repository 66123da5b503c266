/** The cells of a Markdown table's rows below a heading row that has these first cells. */
export function tableBelow(markdown: string, ...heading: readonly string[]): string[][] {
  const rows = markdown.split("\n").map(cellsOf);
  const start = rows.findIndex((cells) => heading.every((cell, index) => cells[index] === cell));
  if (start < 0) throw new Error(`Find the table ${heading.join(" | ")}`);
  const end = rows.findIndex((cells, index) => index > start && cells.length === 0);
  return rows.slice(start + 2, end < 0 ? undefined : end);
}

function cellsOf(line: string): string[] {
  if (!line.startsWith("|")) return [];
  return line.replace(/^\||\|\s*$/g, "").split("|").map((cell) => cell.trim());
}

/** What stands in back quotes in a cell. */
export function codesIn(cell: string | undefined): string[] {
  return [...(cell ?? "").matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "");
}
