const FIRST_ID = /^(\d+\.\d+)([a-z])/;
const RANGE_END = /^[–-]([a-z])(?![a-z])/;
const NEXT_ID = /^(?:\/|, ?)(?:(\d+\.\d+))?([a-z])(?![a-z])/;
const NEXT_WORD = /^ (\d+\.\d+)([a-z])(?=$|[\s:/,–-])/;
const END = /^(?:$|[\s:])/;

/**
 * The requirement ids that a test's name starts with, in the order written.
 * `"6.1a–c …"` gives three, `"2.2a/b …"` two, `"5.3c/7.1a …"` and `"2.1a 2.2a …"` two, `"renders …"` none.
 */
export function expandIds(name: string): string[] {
  const first = FIRST_ID.exec(name);
  if (first === null) return [];
  let section = first[1] ?? "";
  let letter = first[2] ?? "";
  let rest = name.slice(first[0].length);
  const ids = [section + letter];

  for (;;) {
    const range = RANGE_END.exec(rest);
    const next = NEXT_WORD.exec(rest) ?? NEXT_ID.exec(rest);
    if (range !== null) {
      const last = range[1] ?? letter;
      for (let at = letter.charCodeAt(0) + 1; at <= last.charCodeAt(0); at++) {
        ids.push(section + String.fromCharCode(at));
      }
      letter = last;
      rest = rest.slice(range[0].length);
    } else if (next !== null) {
      section = next[1] ?? section;
      letter = next[2] ?? letter;
      ids.push(section + letter);
      rest = rest.slice(next[0].length);
    } else {
      return END.test(rest) ? ids : [];
    }
  }
}
