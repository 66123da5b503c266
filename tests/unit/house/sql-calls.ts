/** The arguments of each call of a function in SQL, as they are written. */
export function callsOf(sql: string, name: string): string[][] {
  const calls: string[][] = [];
  for (let at = sql.indexOf(`${name}(`); at >= 0; at = sql.indexOf(`${name}(`, at + 1)) {
    calls.push(splitArguments(sql, at + name.length + 1));
  }
  return calls;
}

/** Reads from after the opening bracket to the closing one; quotes and inner brackets hold no comma. */
function splitArguments(sql: string, from: number): string[] {
  const parts: string[] = [];
  let depth = 0;
  let isQuoted = false;
  let part = "";
  for (const character of sql.slice(from)) {
    if (character === "'") isQuoted = !isQuoted;
    if (!isQuoted && character === ")" && depth === 0) break;
    if (!isQuoted && character === "(") depth++;
    if (!isQuoted && character === ")") depth--;
    if (!isQuoted && depth === 0 && character === ",") {
      parts.push(part.trim());
      part = "";
    } else {
      part += character;
    }
  }
  return [...parts, part.trim()];
}

/** SQL without its comments. */
export function withoutComments(sql: string): string {
  return sql.replaceAll(/--.*$/gm, "");
}
