import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { codesIn } from "./markdown-table.ts";
import { ROOT } from "./root.ts";

/** Kill switches and what is no limit have their words elsewhere. */
const ELSEWHERE = /^(?:stop_\w+|verify_snapshots|object_scan_interval_hours|only_row)$/;

/** Settings and their defaults, as the migrations add them. */
async function settingsInMigrations(): Promise<Record<string, string>> {
  const folder = join(ROOT, "supabase/migrations");
  const files = (await readdir(folder)).toSorted();
  const sql = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  const added = sql.join("\n").matchAll(/^alter table payments_private\.settings\n[^;]*;/gm);
  const settings: Record<string, string> = {};
  for (const [statement] of added) {
    for (
      const [, name = "", value = "none"] of statement.matchAll(
        /add column (\w+) \S+(?: not null)?(?: default ('[^']*'|[^,;\s]+))?/g,
      )
    ) settings[name] = value.replaceAll("'", "");
  }
  return settings;
}

async function settingsInDocument(): Promise<Record<string, string>> {
  const lines = (await readFile(join(ROOT, "docs/limits.md"), "utf8")).split("\n");
  const settings: Record<string, string> = {};
  for (const line of lines.filter((text) => text.startsWith("| `"))) {
    const [, names = "", defaults = ""] = line.split("|");
    const values = defaults.split(",").map((value) => value.trim().replaceAll("`", ""));
    for (const [index, name] of codesIn(names).entries()) settings[name] = values[index] ?? "";
  }
  return settings;
}

describe("docs/limits.md", () => {
  it("7.1a 7.2a lists every number of the settings with its default", async () => {
    const limits = Object.entries(await settingsInMigrations())
      .filter(([name]) => !ELSEWHERE.test(name));
    expect(limits.length).toBeGreaterThan(20);
    expect(await settingsInDocument()).toEqual(Object.fromEntries(limits));
  });
});
