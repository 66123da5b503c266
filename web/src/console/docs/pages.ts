/** The pages one needs in a hurry, from the same repository and so of the same version. */
const texts = import.meta.glob<string>([
  "../../../../docs/alerts.md",
  "../../../../docs/incidents.md",
  "../../../../docs/limits.md",
  "../../../../docs/recovery.md",
  "../../../../docs/retention.md",
  "../../../../docs/runbooks/*.md",
], { query: "?raw", import: "default" });

const folder = "../../../../docs/";

/** Reads a page, named from the docs folder: `runbooks/fraud-wave.md`. */
export async function readDocument(name: string): Promise<string | undefined> {
  return await texts[`${folder}${name}`]?.();
}

/** Whether there is such a page here. */
export function hasDocument(name: string): boolean {
  return `${folder}${name}` in texts;
}
