// Who may do what, as docs/database.md says. The tests hold the grants against this, never the other
// way round: what is not written down there is open to nobody.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { codesIn, tableBelow } from "../../../unit/house/markdown-table.ts";

/** Who reads a table's rows: everyone the active ones, its user their own, or nobody at all. */
export type Readers = "everyone" | "owner" | "nobody";

const PAGE = fileURLToPath(new URL("../../../../docs/database.md", import.meta.url));
const READERS: Record<string, Readers> = {
  "everyone, while active": "everyone",
  "its user": "owner",
  "that user": "owner",
};

const page = readFileSync(PAGE, "utf8").replace(/^```[^]*?^```/gm, "");
const named = new Set(codesIn(page));
const tables = tableBelow(page, "Table", "One row is", "Who reads it");
const procedures = tableBelow(page, "Procedure", "Who may run it").map(([names, who = ""]) => ({
  names: codesIn(names).map((name) => name.replace(/\(.*\)$/, "")),
  roles: runnersIn(who),
}));

/**
 * Who reads the rows of a table (or of a partition's table).
 *
 * @param relation with its schema
 * @throws when the page does not name the table
 */
export function readersOf(relation: string): Readers {
  const [schema = "", table = ""] = relation.split(".");
  if (schema !== "payments") {
    // nobody reaches these schemas, so a table needs no row of its own, but it must be on the page
    if (named.has(table)) return "nobody";
    throw new Error(`Write ${relation} down in docs/database.md`);
  }
  const row = tables.find(([name]) => codesIn(name)[0] === table);
  if (row === undefined) throw new Error(`Write down in docs/database.md who reads ${relation}`);
  const [, , who = ""] = row;
  const readers = who.startsWith("nobody") ? "nobody" : READERS[who];
  if (readers === undefined) throw new Error(`docs/database.md: nobody knows who "${who}" is`);
  return readers;
}

/** The procedures that a role may run, by name, sorted. */
export function proceduresOf(role: string): string[] {
  return procedures.filter(({ roles }) => roles.includes(role)).flatMap(({ names }) => names)
    .toSorted();
}

/** All procedures on the page. */
export function documentedProcedures(): string[] {
  return procedures.flatMap(({ names }) => names).toSorted();
}

function runnersIn(who: string): string[] {
  if (/^signed-in (?:users|staff)$/.test(who)) return ["authenticated"];
  const short = /^(.+) roles$/.exec(who)?.[1]; // "checkout, portal and sync roles"
  const roles = short === undefined
    ? codesIn(who)
    : short.split(/, | and /).map((name) => `payments_${name}`);
  if (roles.length === 0) throw new Error(`docs/database.md: nobody knows who "${who}" is`);
  return roles;
}
