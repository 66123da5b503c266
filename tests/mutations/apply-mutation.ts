import type { Mutation } from "./mutation.ts";

/** How often `find` occurs in `text`, overlaps not counted. */
export function countOccurrences(text: string, find: string): number {
  return text.split(find).length - 1;
}

/**
 * The file's text with the mutation applied.
 * @throws when the text to find does not occur exactly once, or nothing would change
 */
export function applyMutation(text: string, { find, replace, file }: Mutation): string {
  const count = countOccurrences(text, find);
  if (count !== 1) throw new Error(`Find the text once in ${file}, but it occurs ${count} times`);
  if (find === replace) throw new Error(`Change ${file}, but the mutation replaces like by like`);
  // A function, because "$&" and its like are special in a replacement string.
  return text.replace(find, () => replace);
}
